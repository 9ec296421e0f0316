import { expect, test } from 'vitest';
import type { Outcome } from '../../../src/core/http/exchange.ts';
import { type RetryState, retryDelay } from '../../../src/core/http/retry.ts';

const first: RetryState = {
  method: 'GET',
  attempts: 1,
  timeOuts: 0,
  maxRetries: 3,
  maxWaitMs: 60_000,
  now: 0,
  random: 1,
};

function answer(status: number, headers: Record<string, string> = {}): Outcome {
  return { kind: 'answer', status, headers, text: '' };
}

function failed(kind: Exclude<Outcome['kind'], 'answer'>): Outcome {
  return { kind, detail: '' };
}

// Outcome, then the delay for a read and for a write.
test.each<[string, Outcome, number | undefined, number | undefined]>([
  ['unreachable', failed('unreachable'), 500, 500],
  ['broken', failed('broken'), 500, undefined],
  ['untrusted', failed('untrusted'), undefined, undefined],
  ['too large', failed('too-large'), undefined, undefined],
  ['aborted', failed('aborted'), undefined, undefined],
  ['500', answer(500), 500, undefined],
  ['501', answer(501), undefined, undefined],
  ['502', answer(502), 500, undefined],
  ['503', answer(503), 500, undefined],
  ['503 with Retry-After', answer(503, { 'retry-after': '5' }), 5000, 5000],
  ['504', answer(504), 500, undefined],
  ['429', answer(429), 500, 500],
  ['429 with Retry-After', answer(429, { 'retry-after': '5' }), 5000, 5000],
  ['429 for longer than allowed', answer(429, { 'retry-after': '61' }), undefined, undefined],
  ['400', answer(400), undefined, undefined],
  ['401', answer(401), undefined, undefined],
  ['403', answer(403), undefined, undefined],
  ['404', answer(404), undefined, undefined],
  ['409', answer(409), undefined, undefined],
])('%s', (_, outcome, read, write) => {
  expect(retryDelay(outcome, first)).toBe(read);
  expect(retryDelay(outcome, { ...first, method: 'POST' })).toBe(write);
  expect(retryDelay(outcome, { ...first, method: 'PATCH' })).toBe(write);
  expect(retryDelay(outcome, { ...first, method: 'PUT' })).toBe(read);
  expect(retryDelay(outcome, { ...first, method: 'POST', idempotent: true })).toBe(read);
  expect(retryDelay(outcome, { ...first, attempts: 4 })).toBeUndefined();
});

test('a time-out is tried once more, and only for a read', () => {
  const timeOut = failed('timed-out');
  expect(retryDelay(timeOut, { ...first, timeOuts: 1 })).toBe(500);
  expect(retryDelay(timeOut, { ...first, attempts: 2, timeOuts: 2 })).toBeUndefined();
  expect(retryDelay(timeOut, { ...first, timeOuts: 1, method: 'POST' })).toBeUndefined();
});

test('delays double, are spread over the upper half, and never longer than allowed', () => {
  const delays = (random: number) =>
    [1, 2, 3].map((attempts) => retryDelay(answer(500), { ...first, attempts, random, maxWaitMs: 1500 }));
  expect(delays(1)).toEqual([500, 1000, 1500]);
  expect(delays(0)).toEqual([250, 500, 1000]);
});
