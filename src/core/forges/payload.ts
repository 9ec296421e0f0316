import { SluiceError } from '../errors.ts';
import type { Account } from '../model/account.ts';
import type { ForgeEvent } from '../model/event.ts';
import { type Oid, type RefName, refNameProblem } from '../model/ref.ts';
import { fullOid } from './full-oid.ts';

/** Anything that can decode: a schema of zod. */
interface Decoder<T> {
  parse(value: unknown): T;
}

const utf8 = new TextDecoder('utf-8', { fatal: true });

/**
 * The parsed body of a delivery: JSON, or JSON in the form field `payload` (GitHub's and Gitea's other content type).
 * Throws SluiceError `usage`; the message holds nothing of the body.
 */
export function parsePayload(event: string, body: Uint8Array): unknown {
  let text: string;
  try {
    text = utf8.decode(body);
  } catch {
    throw malformed(event, 'is not valid UTF-8');
  }
  const json = text.startsWith('payload=') ? (new URLSearchParams(text).get('payload') ?? '') : text;
  try {
    return JSON.parse(json);
  } catch {
    throw malformed(event, 'is not valid JSON');
  }
}

/** The part of a payload that is used. Throws SluiceError `usage` naming the first field that is not as expected. */
export function decodePayload<T>(event: string, payload: unknown, schema: Decoder<T>): T {
  try {
    return schema.parse(payload);
  } catch (error) {
    const [issue] = (error as { issues?: readonly { path: readonly PropertyKey[]; message: string }[] }).issues ?? [];
    const where = issue?.path.map(String).join('.') || 'the whole';
    throw malformed(event, `does not have the expected form: ${where}: ${issue?.message ?? 'unexpected'}`);
  }
}

function malformed(event: string, problem: string): SluiceError {
  return new SluiceError('usage', `the body of the delivery (${JSON.stringify(event.slice(0, 100))}) ${problem}`);
}

/** A commit of a payload; undefined for the zeros that mean "none". */
export function presentOid(text: string | null | undefined): Oid | undefined {
  const oid = fullOid(text);
  return oid === undefined || /^0+$/.test(oid) ? undefined : oid;
}

/** One moved ref. A name that git could not hold is not from a forge's git, and nothing is done with it. */
export function pushEvent(
  repo: string,
  ref: RefName,
  move: { readonly before?: string | null | undefined; readonly after?: string | null | undefined },
  by: Account | undefined,
): ForgeEvent {
  const problem = refNameProblem(ref);
  if (problem !== undefined) return ignored(`the name of its ref ${problem}`);
  const before = presentOid(move.before);
  const after = presentOid(move.after);
  if (before === undefined && after === undefined) return ignored('it names no commit, neither old nor new');
  return { kind: 'push', repo, ref, before, after, by };
}

export function ignored(reason: string): ForgeEvent {
  return { kind: 'ignored', reason };
}
