import type { Dispatcher } from 'undici';
import { type AnswerHead, attempt } from './attempt.ts';
import type { Exchange, Transport } from './exchange.ts';
import type { HttpDispatcher } from './settings.ts';

/** Through undici, which knows proxies and shares one pool; imported at the first request. For processes that stay. */
export function undiciTransport(dispatcher: () => Promise<HttpDispatcher>): Transport {
  return (exchange) => attempt(exchange, (one, signal) => send(one, signal, dispatcher));
}

async function send(
  { url, method, headers, body }: Exchange,
  signal: AbortSignal,
  dispatcher: () => Promise<HttpDispatcher>,
): Promise<AnswerHead> {
  const [{ request }, opened] = await Promise.all([import('undici'), dispatcher()]);
  const answer = await request(url, {
    // Whoever hands one in took it from undici (`HttpDispatcher`).
    dispatcher: opened as Dispatcher,
    method,
    headers,
    body: body ?? null,
    signal,
    // The signal's limit covers all of it; undici's own timers would only add a second way to say the same.
    headersTimeout: 0,
    bodyTimeout: 0,
  });
  return { status: answer.statusCode, headers: answer.headers, body: answer.body };
}
