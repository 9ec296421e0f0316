import { setTimeout as delay } from 'node:timers/promises';
import { answerError, contextOf, type ErrorContext, malformed } from './answer-error.ts';
import type { ApiAnswer, ApiClient, ApiRequest, NextPage } from './client.ts';
import { decodeBody } from './decode.ts';
import { lazyDispatcher } from './dispatcher.ts';
import type { RawAnswer } from './exchange.ts';
import { parseBaseUrl, requestUrl } from './request-url.ts';
import { revalidating } from './revalidate.ts';
import { isSuccess, isWanted, sendPatiently } from './send-patiently.ts';
import { type ApiClientOptions, defaultSettings, type Settings } from './settings.ts';
import { undiciTransport } from './undici-transport.ts';
import { isWebPage, wordsOf } from './words.ts';

/** A client of one forge's API; opens no connection before the first request. Throws SluiceError('config') for a bad base URL. */
export function createApiClient(options: ApiClientOptions): ApiClient {
  const settings = withDefaults(options);

  async function send<T>(request: ApiRequest<T>): Promise<ApiAnswer<T>> {
    const { answer, url } = await sendPatiently(settings, request);
    return toApiAnswer(answer, request, contextOf(settings, request, url));
  }

  async function sendPages<P, T>(
    request: ApiRequest<P>,
    next: NextPage<P>,
    items: (page: P) => readonly T[],
  ): Promise<readonly T[]> {
    const all: T[] = [];
    const seen = new Set<string>();
    let page: ApiRequest<P> | undefined = request;
    while (page !== undefined) {
      const url = requestUrl(settings.base, page);
      const context = contextOf(settings, request, url);
      if (seen.has(url.href)) throw malformed(context, `the pages of ${url.host} lead in a circle`);
      if (seen.size >= settings.maxPages) throw malformed(context, `there are more than ${settings.maxPages} pages`);
      seen.add(url.href);
      const answer: ApiAnswer<P> = await send(page);
      if (answer.value !== undefined) all.push(...items(answer.value));
      page = following(page, next(answer, page));
    }
    return all;
  }

  return {
    baseUrl: settings.baseUrl,
    send,
    sendAll: (request, next) => sendPages(request, next, (page) => page),
    sendPages,
  };
}

function withDefaults(options: ApiClientOptions): Settings {
  const base = parseBaseUrl(options.baseUrl);
  const transport =
    options.transport ?? undiciTransport(options.dispatcher ?? lazyDispatcher(options.env ?? process.env));
  return {
    ...defaultSettings,
    now: Date.now,
    sleep: async (ms, signal) => delay(ms, undefined, { signal }),
    random: Math.random,
    ...options,
    transport: options.kept === undefined ? transport : revalidating(transport, options.kept),
    base,
    baseUrl: base.href.replace(/\/+$/, ''),
  };
}

function following<P>(
  request: ApiRequest<P>,
  next: Pick<ApiRequest<P>, 'path' | 'query'> | undefined,
): ApiRequest<P> | undefined {
  if (next === undefined) return undefined;
  const { query: _, ...rest } = request;
  return { ...rest, ...next };
}

function toApiAnswer<T>(answer: RawAnswer, request: ApiRequest<T>, context: ErrorContext): ApiAnswer<T> {
  const { status, headers } = answer;
  const { host } = context.url;
  if (!isWanted(status, request)) throw answerError(answer, context);
  // Also for accepted failures: a 404 page of some other server must not mean "does not exist".
  if (isWebPage(answer)) throw malformed(context, `${host} answered ${status} with a web page instead of JSON`);
  if (!isSuccess(status)) return { status, headers, value: undefined, refusal: wordsOf(answer) };
  const decoded = decodeBody(answer, request.decode);
  if ('problem' in decoded) throw malformed(context, `the answer of ${host} ${decoded.problem}`);
  return { status, headers, value: decoded.value, refusal: undefined };
}
