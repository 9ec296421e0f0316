import type { Dispatcher } from 'undici';
import { type Failure, failureOf } from './failure.ts';
import { readText } from './read-text.ts';
import type { HttpDispatcher } from './settings.ts';

/** One request as it goes over the wire. */
export interface Exchange {
  readonly method: Dispatcher.HttpMethod;
  readonly url: URL;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string | undefined;
  readonly timeoutMs: number;
  readonly maxBodyBytes: number;
  readonly signal: AbortSignal | undefined;
}

/** A whole answer, of any status. */
export interface RawAnswer {
  readonly kind: 'answer';
  readonly status: number;
  /** Lower-case names; repeated ones joined by a comma. */
  readonly headers: Readonly<Record<string, string>>;
  readonly text: string;
}

export type Outcome = RawAnswer | Failure;

/** Sends once. What goes wrong on the way is a value, so that the retry policy can judge it; redirects are answers. */
export async function attempt(dispatcher: HttpDispatcher, exchange: Exchange): Promise<Outcome> {
  const { request } = await import('undici');
  const limit = AbortSignal.timeout(exchange.timeoutMs);
  const signal = exchange.signal === undefined ? limit : AbortSignal.any([exchange.signal, limit]);
  try {
    const answer = await request(exchange.url, {
      // Whoever hands one in took it from undici (`HttpDispatcher`).
      dispatcher: dispatcher as Dispatcher,
      method: exchange.method,
      headers: exchange.headers,
      body: exchange.body ?? null,
      signal,
      // The limit above covers all of it; undici's own timers would only add a second way to say the same.
      headersTimeout: 0,
      bodyTimeout: 0,
    });
    const headers = flatHeaders(answer.headers);
    const text = await readText(answer.body, headers['content-encoding'], exchange.maxBodyBytes);
    if (text === undefined) return { kind: 'too-large', detail: `more than ${exchange.maxBodyBytes} bytes` };
    return { kind: 'answer', status: answer.statusCode, headers, text };
  } catch (error) {
    if (exchange.signal?.aborted) return { kind: 'aborted', detail: 'aborted' };
    if (limit.aborted) return { kind: 'timed-out', detail: `no whole answer within ${exchange.timeoutMs} ms` };
    return failureOf(error);
  }
}

function flatHeaders(headers: Record<string, string | string[] | undefined>): Record<string, string> {
  const flat: Record<string, string> = {};
  for (const [name, value] of Object.entries(headers)) {
    if (value !== undefined) flat[name] = Array.isArray(value) ? value.join(', ') : value;
  }
  return flat;
}
