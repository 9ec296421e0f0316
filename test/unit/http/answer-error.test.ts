import { expect, test } from 'vitest';
import { answerError } from '../../../src/core/http/answer-error.ts';

const now = Date.parse('2026-01-02T03:04:05Z');
const context = {
  purpose: 'set the status',
  url: new URL('https://forge.example/api/x'),
  baseUrl: 'https://forge.example/api',
  now,
};

test.each([
  [502, '120', 'unavailable', 120_000],
  [503, 'Fri, 02 Jan 2026 03:14:05 GMT', 'unavailable', 600_000],
  [504, '0', 'unavailable', 0],
  [503, 'soon', 'unavailable', undefined],
  [503, undefined, 'unavailable', undefined],
  [429, '9', 'rate-limited', 9000],
  [429, undefined, 'rate-limited', undefined],
  [404, '9', 'not-found', undefined],
  [202, '5', 'unavailable', 5000],
  [206, undefined, 'unavailable', undefined],
])('%i with Retry-After %s is %s, to be tried again after %s ms', (status, header, code, retryAfterMs) => {
  const headers = header === undefined ? {} : { 'retry-after': header };
  const error = answerError({ kind: 'answer', status, headers, text: '' }, context);
  expect(error).toMatchObject({ code, retryAfterMs });
  if (retryAfterMs !== undefined) expect(error.hint).toBe(`Try again in ${retryAfterMs / 1000} seconds.`);
});
