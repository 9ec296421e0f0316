import { answerError, contextOf, type ErrorContext, failureError } from './answer-error.ts';
import type { ApiRequest } from './client.ts';
import type { Outcome, RawAnswer } from './exchange.ts';
import { remainingOf, resourceOf } from './rate-limit.ts';
import { isUnder, requestUrl } from './request-url.ts';
import { retryDelay } from './retry.ts';
import type { AnswerFacts, Settings } from './settings.ts';

/** A final answer, of any status, and the URL that gave it. */
export interface FinalAnswer {
  readonly answer: RawAnswer;
  readonly url: URL;
}

// More than any renamed repository needs, and few enough to end a loop at once.
const maxRedirects = 3;

/** Follows redirects that stay on the API (a renamed repository); any other redirect is left to be an error. */
export async function sendPatiently(settings: Settings, request: ApiRequest<unknown>): Promise<FinalAnswer> {
  let url = requestUrl(settings.base, request);
  for (let redirects = 0; ; redirects += 1) {
    const answer = await answerOf(settings, request, url);
    const target = redirectTarget(answer, request, url);
    if (target === undefined || redirects === maxRedirects || !isUnder(settings.base, target)) return { answer, url };
    url = target;
  }
}

export function isWanted(status: number, { accept = [] }: Pick<ApiRequest<unknown>, 'accept'>): boolean {
  return isSuccess(status) || accept.includes(status);
}

/** Not 202 (what was asked for is not there yet) and not 206 (a part of it, which nobody asked for): half a list is no list. */
export function isSuccess(status: number): boolean {
  return status >= 200 && status < 300 && status !== 202 && status !== 206;
}

function redirectTarget({ status, headers }: RawAnswer, request: ApiRequest<unknown>, from: URL): URL | undefined {
  const keepsMethod = status === 307 || status === 308;
  const plainRead = (status === 301 || status === 302) && (request.method ?? 'GET') === 'GET';
  if ((!keepsMethod && !plainRead) || headers.location === undefined) return undefined;
  return URL.parse(headers.location, from.href) ?? undefined;
}

/** Attempts until there is an answer that is final; what stays without an answer is thrown. */
async function answerOf(settings: Settings, request: ApiRequest<unknown>, url: URL): Promise<RawAnswer> {
  const { maxRetries, maxWaitMs } = settings;
  const { method = 'GET', idempotent = false } = request;
  let timeOuts = 0;
  for (let attempts = 1; ; attempts += 1) {
    const outcome = await attemptOnce(settings, request, url);
    settings.onAnswer?.(factsOf(outcome));
    if (outcome.kind === 'answer' && isWanted(outcome.status, request)) return outcome;
    if (outcome.kind === 'timed-out') timeOuts += 1;
    const clock = { now: settings.now(), random: settings.random() };
    const state = { method, idempotent, attempts, timeOuts, maxRetries, maxWaitMs, ...clock };
    const waitMs = retryDelay(outcome, state);
    const context = contextOf(settings, request, url);
    if (waitMs !== undefined) {
      await wait(settings, waitMs, outcome, context, request.signal);
    } else if (outcome.kind === 'answer') {
      return outcome;
    } else {
      throw failureError(outcome, context, request.signal);
    }
  }
}

async function wait(
  settings: Settings,
  waitMs: number,
  outcome: Outcome,
  context: ErrorContext,
  signal: AbortSignal | undefined,
): Promise<void> {
  const error = outcome.kind === 'answer' ? answerError(outcome, context) : failureError(outcome, context, signal);
  settings.onWait?.({ purpose: context.purpose, waitMs, reason: error.message });
  try {
    await settings.sleep(waitMs, signal);
  } catch (interruption) {
    if (!signal?.aborted) throw interruption;
    throw failureError({ kind: 'aborted', detail: '' }, context, signal);
  }
}

function factsOf(outcome: Outcome): AnswerFacts {
  if (outcome.kind !== 'answer') return { status: 0, remaining: undefined, resource: undefined };
  const { status, headers } = outcome;
  return { status, remaining: remainingOf(headers), resource: resourceOf(headers) };
}

async function attemptOnce(settings: Settings, request: ApiRequest<unknown>, url: URL): Promise<Outcome> {
  const { signal } = request;
  if (signal?.aborted) return { kind: 'aborted', detail: '' };
  const body = request.body === undefined ? undefined : JSON.stringify(request.body);
  const credentials = await settings.authenticate(signal === undefined ? {} : { signal });
  return settings.transport({
    method: request.method ?? 'GET',
    url,
    headers: {
      accept: 'application/json',
      'accept-encoding': 'gzip',
      'user-agent': settings.userAgent,
      ...(body === undefined ? {} : { 'content-type': 'application/json' }),
      ...settings.headers,
      ...credentials,
    },
    body,
    timeoutMs: settings.timeoutMs,
    maxBodyBytes: settings.maxBodyBytes,
    signal,
  });
}
