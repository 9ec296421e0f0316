import type { Readable } from 'node:stream';
import type { Exchange, Outcome } from './exchange.ts';
import { failureOf } from './failure.ts';
import { readText } from './read-text.ts';

/** The beginning of an answer. */
export interface AnswerHead {
  readonly status: number;
  readonly headers: Readonly<Record<string, string | readonly string[] | undefined>>;
  readonly body: Readable;
}

/** Sends with whatever client, reads to the end within the limits, and turns what was thrown into a value. */
export async function attempt(
  exchange: Exchange,
  send: (exchange: Exchange, signal: AbortSignal) => Promise<AnswerHead>,
): Promise<Outcome> {
  const limit = AbortSignal.timeout(exchange.timeoutMs);
  const signal = exchange.signal === undefined ? limit : AbortSignal.any([exchange.signal, limit]);
  try {
    const answer = await send(exchange, signal);
    const headers = flatHeaders(answer.headers);
    const text = await readText(answer.body, headers['content-encoding'], exchange.maxBodyBytes);
    if (text === undefined) return { kind: 'too-large', detail: `more than ${exchange.maxBodyBytes} bytes` };
    return { kind: 'answer', status: answer.status, headers, text };
  } catch (error) {
    if (exchange.signal?.aborted) return { kind: 'aborted', detail: 'aborted' };
    if (limit.aborted) return { kind: 'timed-out', detail: `no whole answer within ${exchange.timeoutMs} ms` };
    return failureOf(error);
  }
}

function flatHeaders(headers: AnswerHead['headers']): Record<string, string> {
  const flat: Record<string, string> = {};
  for (const [name, value] of Object.entries(headers)) {
    if (value !== undefined) flat[name] = typeof value === 'string' ? value : value.join(', ');
  }
  return flat;
}
