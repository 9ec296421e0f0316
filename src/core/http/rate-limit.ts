import type { RawAnswer } from './exchange.ts';
import { wordsOf } from './words.ts';

/** An answer that means "too many requests"; `waitMs` is what the forge asks for, where it says so. */
export interface RateLimit {
  readonly waitMs: number | undefined;
}

/**
 * Undefined when the answer is not about rates. GitHub says 403 for both of its limits: the primary one with
 * `x-ratelimit-remaining: 0`, the secondary one with Retry-After or only in words
 * (https://docs.github.com/en/rest/using-the-rest-api/rate-limits-for-the-rest-api).
 */
export function rateLimitOf(answer: RawAnswer, now: number): RateLimit | undefined {
  const { status, headers } = answer;
  if (status !== 429 && status !== 403) return undefined;
  const waitMs = retryAfterMs(headers['retry-after'], now) ?? untilReset(headers, now);
  if (status === 429 || waitMs !== undefined) return { waitMs };
  return /rate limit|abuse detection/i.test(wordsOf(answer) ?? '') ? { waitMs } : undefined;
}

/** Retry-After as seconds or HTTP date (RFC 9110, 10.2.3), in milliseconds from now and never negative. */
export function retryAfterMs(header: string | undefined, now: number): number | undefined {
  if (header === undefined) return undefined;
  if (/^\s*\d+\s*$/.test(header)) return Number(header) * 1000;
  // Date.parse would take a lone fraction or negative number for a year.
  const date = /[a-z]/i.test(header) ? Date.parse(header) : Number.NaN;
  return Number.isNaN(date) ? undefined : Math.max(0, date - now);
}

/** Requests that are left until the limit is reset; undefined when the forge does not say. */
export function remainingOf(headers: RawAnswer['headers']): number | undefined {
  const text = (headers['x-ratelimit-remaining'] ?? headers['ratelimit-remaining'])?.trim();
  return text !== undefined && /^\d+$/.test(text) ? Number(text) : undefined;
}

/** Which limit an answer was counted against; undefined when the forge does not say. */
export function resourceOf(headers: RawAnswer['headers']): string | undefined {
  const text = headers['x-ratelimit-resource']?.trim();
  return text !== undefined && /^[\w-]{1,64}$/.test(text) ? text : undefined;
}

// GitHub and Gitea's proxies: x-ratelimit-*; GitLab: ratelimit-*. Both give Unix seconds; the IETF draft of the second gives
// seconds from now, which no clock of this century confuses with the first.
function untilReset(headers: RawAnswer['headers'], now: number): number | undefined {
  const reset = Number(headers['x-ratelimit-reset'] ?? headers['ratelimit-reset'] ?? Number.NaN);
  if (remainingOf(headers) !== 0 || !Number.isFinite(reset)) return undefined;
  if (reset < 1e9) return Math.max(0, reset * 1000);
  // The server's own clock, where it tells it: ours may be minutes off. One second more, since resets are whole seconds.
  const serverNow = Date.parse(headers.date ?? '');
  return Math.max(0, reset * 1000 - (Number.isNaN(serverNow) ? now : serverNow)) + 1000;
}
