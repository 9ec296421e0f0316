import { type ErrorCode, type ErrorDetails, SluiceError } from '../errors.ts';
import type { ApiRequest } from './client.ts';
import type { RawAnswer } from './exchange.ts';
import type { Failure } from './failure.ts';
import { rateLimitOf, retryAfterMs } from './rate-limit.ts';
import type { Settings } from './settings.ts';
import { isWebPage, oneLine, wordsOf } from './words.ts';

/** What an error message is about. */
export interface ErrorContext {
  readonly purpose: string;
  readonly url: URL;
  readonly baseUrl: string;
  readonly now: number;
}

export function contextOf(
  { baseUrl, now }: Pick<Settings, 'baseUrl' | 'now'>,
  { purpose }: Pick<ApiRequest<unknown>, 'purpose'>,
  url: URL,
): ErrorContext {
  return { purpose, url, baseUrl, now: now() };
}

/** The SluiceError of an answer that is neither a success nor accepted. */
export function answerError(answer: RawAnswer, context: ErrorContext): SluiceError {
  const { status, headers } = answer;
  const limit = rateLimitOf(answer, context.now);
  const words = wordsOf(answer);
  const said = words === undefined ? '' : ` (${words})`;
  if (limit !== undefined) {
    const problem = sentence(context, `${context.url.host} allows no more requests now${said}`);
    return new SluiceError('rate-limited', problem, pause(limit.waitMs, 'Try again in a few minutes.'));
  }
  // Where it was asked for, it has become the kept answer (revalidate.ts).
  if (status === 304) return malformed(context, `${context.url.host} answered 304, which was not asked for`);
  if (status >= 300 && status < 400) return redirectError(headers.location, context);
  const hint = hintFor(answer, context);
  // Only where a later attempt may fare better: a queue would wait for nothing with a request that is wrong.
  const code = codeOf(status);
  const waitMs = code === 'unavailable' ? retryAfterMs(headers['retry-after'], context.now) : undefined;
  const half = status < 300 ? `${status}, which is not the whole answer` : `${status}${said}`;
  return new SluiceError(code, sentence(context, `${context.url.host} answered ${half}`), pause(waitMs, hint));
}

/** `hint`: for when the forge does not say how long to wait. */
function pause(waitMs: number | undefined, hint: string): ErrorDetails {
  if (waitMs === undefined) return { hint };
  return { hint: `Try again in ${Math.ceil(waitMs / 1000)} seconds.`, retryAfterMs: waitMs };
}

/** The SluiceError of an attempt without an answer; an abort keeps the caller's own reason. */
export function failureError(failure: Failure, context: ErrorContext, signal: AbortSignal | undefined): SluiceError {
  const { host } = context.url;
  const detail = oneLine(failure.detail);
  switch (failure.kind) {
    case 'aborted':
      if (signal?.reason instanceof SluiceError) return signal.reason;
      return new SluiceError('interrupted', sentence(context, 'interrupted'));
    case 'timed-out':
      return new SluiceError('timed-out', sentence(context, `${host} gave ${detail}`), {
        hint: 'Try again later, or allow more time.',
      });
    case 'too-large':
      return malformed(context, `the answer of ${host} has ${detail}`);
    case 'untrusted':
      return new SluiceError('unavailable', sentence(context, `no secure connection to ${host} (${detail})`), {
        hint: 'If the server uses a private certificate authority, name its file in NODE_EXTRA_CA_CERTS.',
      });
    case 'unreachable':
      return new SluiceError('unavailable', sentence(context, `${host} cannot be reached (${detail})`), {
        hint: 'Check the address and the network; a proxy is taken from HTTPS_PROXY and NO_PROXY.',
      });
    case 'broken':
      return new SluiceError('unavailable', sentence(context, `the connection to ${host} broke (${detail})`), {
        hint: 'Try again later.',
      });
  }
}

/** The SluiceError of an answer that came whole but is not what the API promises. */
export function malformed(context: ErrorContext, problem: string): SluiceError {
  return new SluiceError('unavailable', sentence(context, problem), {
    hint: `Check that ${context.baseUrl} is the forge's API and that no login page or proxy stands before it.`,
  });
}

function sentence({ purpose }: ErrorContext, problem: string): string {
  return `could not ${purpose}: ${problem}`;
}

function codeOf(status: number): ErrorCode {
  if (status === 401 || status === 403) return 'denied';
  if (status === 404 || status === 410) return 'not-found';
  return status >= 500 || status < 300 ? 'unavailable' : 'usage';
}

function hintFor(answer: RawAnswer, { baseUrl }: ErrorContext): string {
  const { status, headers } = answer;
  if (isWebPage(answer) && status < 500) return `The answer is a web page: check that ${baseUrl} is the forge's API.`;
  if (status === 401) return 'Check the credential of this forge: it is missing, wrong or expired.';
  if (status === 403) return forbiddenHint(headers);
  if (status === 404 || status === 410) {
    return 'Check the spelling; forges also say this of what the credential may not see.';
  }
  return status >= 500 || status < 300 ? 'Try again later.' : 'The forge does not accept this request as it is.';
}

// GitHub names what was missing: https://docs.github.com/en/rest/using-the-rest-api/troubleshooting-the-rest-api
function forbiddenHint(headers: RawAnswer['headers']): string {
  const sso = /url=(\S+)/.exec(headers['x-github-sso'] ?? '')?.[1];
  if (sso !== undefined) return `Authorize the token for the organization's single sign-on: ${oneLine(sso)}`;
  const accepted = headers['x-accepted-github-permissions'] || headers['x-accepted-oauth-scopes'];
  if (accepted) return `The credential lacks a permission; the forge accepts: ${oneLine(accepted)}.`;
  return 'The credential of this forge lacks a permission for it.';
}

function redirectError(location: string | undefined, context: ErrorContext): SluiceError {
  const target = URL.parse(location ?? '', context.url.href);
  const where = target === null ? 'nowhere' : `${target.origin}${target.pathname}`;
  return new SluiceError(
    'unavailable',
    sentence(context, `${context.url.host} redirects to ${oneLine(where)}, where the credential is not sent`),
    { hint: `If that is the forge's API, configure its address instead of ${context.baseUrl}.` },
  );
}
