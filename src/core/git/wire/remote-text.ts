import { SluiceError } from '../../errors.ts';
import { redact } from '../../secret.ts';

// biome-ignore lint/suspicious/noControlCharactersInRegex: colours and cursor movements begin with ESC
const terminalSequence = /\x1b(?:\[[0-?]*[ -/]*[@-~]|[@-Z\\-_])/g;
// biome-ignore lint/suspicious/noControlCharactersInRegex: exactly these must not reach a terminal
const control = /[\x00-\x08\x0b-\x1f\x7f-\x9f]/g;
const longest = 2000;

/**
 * A remote's own words, fit for a terminal, a log and a report: without escape sequences and control characters (a hostile
 * remote could repaint the screen), without known secrets (a remote may echo the request), not endless.
 */
export function remoteText(bytes: Uint8Array | string): string {
  const raw = typeof bytes === 'string' ? bytes : Buffer.from(bytes).toString();
  const clean = redact(raw.replace(terminalSequence, '').replace(control, '')).trim();
  return clean.length > longest ? `${clean.slice(0, longest)}…` : clean;
}

/**
 * The words of an `ERR` packet (gitprotocol-pack(5): the sender has given up), or undefined for other packets.
 * git says nothing about the kind of error; the words are all there is.
 */
export function errorWords(payload: Buffer): string | undefined {
  if (payload.length < 4 || payload.toString('latin1', 0, 4) !== 'ERR ') return undefined;
  return remoteText(payload.subarray(4));
}

/** The remote itself spoke up and ended the exchange. */
export function remoteFailure(from: string, words: string): SluiceError {
  return new SluiceError('unavailable', `${from} says: ${words}`, {
    hint: 'These are the words of the remote; its log may say more.',
  });
}
