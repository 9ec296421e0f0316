import { describe, expect, test } from 'vitest';
import type { RawAnswer } from '../../../src/core/http/exchange.ts';
import { rateLimitOf, retryAfterMs } from '../../../src/core/http/rate-limit.ts';

const now = Date.parse('2026-01-02T03:04:05Z');
const seconds = now / 1000;

function answer(status: number, headers: Record<string, string>, body: unknown = {}): RawAnswer {
  return { kind: 'answer', status, headers, text: JSON.stringify(body) };
}

test.each([
  [undefined, undefined],
  ['0', 0],
  ['120', 120_000],
  [' 5 ', 5000],
  ['Fri, 02 Jan 2026 03:04:35 GMT', 30_000],
  ['Fri, 02 Jan 2026 03:00:00 GMT', 0],
  ['-5', undefined],
  ['1.5', undefined],
  ['soon', undefined],
  ['', undefined],
])('Retry-After: %j → %j ms', (header, ms) => {
  expect(retryAfterMs(header, now)).toBe(ms);
});

describe('what is a rate limit', () => {
  test.each([
    ['429 alone', answer(429, {}), { waitMs: undefined }],
    ['429 with Retry-After', answer(429, { 'retry-after': '9' }), { waitMs: 9000 }],
    [
      'GitHub’s primary limit',
      answer(403, { 'x-ratelimit-remaining': '0', 'x-ratelimit-reset': `${seconds + 60}` }),
      { waitMs: 61_000 },
    ],
    ['GitHub’s secondary limit', answer(403, { 'retry-after': '60' }), { waitMs: 60_000 }],
    [
      'GitHub’s secondary limit in words',
      answer(403, {}, { message: 'You have exceeded a secondary rate limit.' }),
      { waitMs: undefined },
    ],
    [
      'GitLab’s limit',
      answer(429, { 'ratelimit-remaining': '0', 'ratelimit-reset': `${seconds + 10}` }),
      { waitMs: 11_000 },
    ],
    [
      'a reset in seconds from now',
      answer(429, { 'ratelimit-remaining': '0', 'ratelimit-reset': '30' }),
      { waitMs: 30_000 },
    ],
    [
      'a reset that has passed',
      answer(429, { 'ratelimit-remaining': '0', 'ratelimit-reset': `${seconds - 99}` }),
      { waitMs: 1000 },
    ],
    [
      'a server whose clock is an hour ahead of ours',
      answer(403, {
        date: 'Fri, 02 Jan 2026 04:04:05 GMT',
        'x-ratelimit-remaining': '0',
        'x-ratelimit-reset': `${seconds + 3660}`,
      }),
      { waitMs: 61_000 },
    ],
    ['403 with requests left', answer(403, { 'x-ratelimit-remaining': '12', 'x-ratelimit-reset': '99' }), undefined],
    ['plain 403', answer(403, {}, { message: 'Resource not accessible by integration' }), undefined],
    [
      '200 with the last request used',
      answer(200, { 'x-ratelimit-remaining': '0', 'x-ratelimit-reset': '99' }),
      undefined,
    ],
    ['503', answer(503, { 'retry-after': '9' }), undefined],
  ])('%s', (_, given, limit) => {
    expect(rateLimitOf(given, now)).toEqual(limit);
  });
});
