import type { IncomingMessage, ServerResponse } from 'node:http';
import { setTimeout as sleep } from 'node:timers/promises';

export type ReadBody =
  | {
      readonly kind: 'whole';
      readonly bytes: Buffer /** Call when the bytes are not needed any more. */;
      release(): void;
    }
  | { readonly kind: 'too-large' }
  /** All senders together hold as much as is allowed. */
  | { readonly kind: 'busy' }
  /** The sender went away. */
  | { readonly kind: 'aborted' };

export type BodyReader = (request: IncomingMessage) => Promise<ReadBody>;

/** Reads bodies whole, never more than `limit` bytes of one and `held` bytes of all that are being read or handled. */
export function createBodyReader(limit: number, held: number): BodyReader {
  let holding = 0;
  return async (request) => {
    if (declaredLength(request) > limit) return { kind: 'too-large' };
    const { promise, resolve } = Promise.withResolvers<ReadBody>();
    const chunks: Buffer[] = [];
    let length = 0;
    const release = () => {
      holding -= length;
      length = 0;
    };
    const refuse = (kind: 'too-large' | 'busy' | 'aborted') => {
      request.off('data', take);
      request.off('end', finish);
      chunks.length = 0;
      release();
      resolve({ kind });
    };
    function take(chunk: Buffer): void {
      length += chunk.length;
      holding += chunk.length;
      if (length > limit) refuse('too-large');
      else if (holding > held) refuse('busy');
      else chunks.push(chunk);
    }
    function finish(): void {
      const [first, ...more] = chunks;
      const bytes = first !== undefined && more.length === 0 ? first : Buffer.concat(chunks, length);
      resolve({ kind: 'whole', bytes, release });
    }
    // Events and no async iterator: on the hottest path of the server the iterator costs more than the rest of this room.
    request.on('data', take).once('end', finish);
    request.once('close', () => request.complete || refuse('aborted'));
    request.once('error', () => refuse('aborted'));
    return await promise;
  };
}

/** What a sender announces; NaN (nothing announced, as with chunks) compares as not larger than anything. */
export function declaredLength(request: IncomingMessage): number {
  return Number(request.headers['content-length'] ?? Number.NaN);
}

const lingerMs = 5000;
const lingerBytes = 64 * 1024 * 1024;

/**
 * Answers before the body has ended, and ends the connection so that the answer arrives: closing a socket with unread bytes in it
 * resets it, and the reset may overtake the answer (RFC 9112, 9.6). So the rest is read and thrown away, for a while.
 */
export async function answerEarly(
  request: IncomingMessage,
  response: ServerResponse,
  status: number,
  body: object,
): Promise<void> {
  const text = JSON.stringify(body);
  response.writeHead(status, {
    'content-type': 'application/json; charset=utf-8',
    'content-length': Buffer.byteLength(text),
    connection: 'close',
    ...(status === 503 ? { 'retry-after': '10' } : {}),
  });
  // The answer is complete for the client; `end` would close the socket at once.
  response.write(text);
  const over = new AbortController();
  await Promise.race([discard(request), sleep(lingerMs, undefined, { signal: over.signal }).catch(() => undefined)]);
  over.abort();
  response.end();
}

async function discard(request: IncomingMessage): Promise<void> {
  let left = lingerBytes;
  const { promise, resolve } = Promise.withResolvers<void>();
  for (const event of ['end', 'close', 'error']) request.once(event, () => resolve());
  request.on('data', (chunk: Buffer) => {
    left -= chunk.length;
    if (left < 0) resolve();
  });
  if (request.readableEnded || request.destroyed) resolve();
  request.resume();
  await promise;
}
