import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { longestDurationMs } from '../../../src/core/model/duration.ts';
import { nextAttemptDelay, nextLookDelay } from '../../../src/core/poll/schedule.ts';

const hour = 3_600_000;

function delay(more: Partial<Parameters<typeof nextLookDelay>[0]>): number {
  return nextLookDelay({ intervalMs: 60_000, failures: 0, retryAfterMs: undefined, random: 0.5, ...more });
}

describe('nextLookDelay', () => {
  test('the interval with ten per cent of jitter', () => {
    expect(delay({ random: 0 })).toBe(54_000);
    expect(delay({})).toBe(60_000);
    expect(delay({ random: 0.999999 })).toBe(66_000);
  });

  test('twice as long after each failure, up to an hour, or the interval when that is longer', () => {
    expect([1, 2, 3].map((failures) => delay({ failures }))).toEqual([120_000, 240_000, 480_000]);
    expect(delay({ failures: 1000 })).toBe(hour);
    expect(delay({ failures: 5, intervalMs: 2 * hour })).toBe(2 * hour);
  });

  test('Retry-After is honoured, also beyond an hour', () => {
    expect(delay({ failures: 1, retryAfterMs: 300_000, random: 0 })).toBe(300_000);
    expect(delay({ failures: 1, retryAfterMs: 1000 })).toBe(120_000);
    expect(delay({ failures: 1, retryAfterMs: 5 * hour, random: 0 })).toBe(5 * hour);
  });

  test('never sooner than five seconds, than was asked, and never longer than a timer can hold', () => {
    fc.assert(
      fc.property(
        fc.nat(),
        fc.nat(100),
        fc.option(fc.nat(), { nil: undefined }),
        fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true }),
        (intervalMs, failures, retryAfterMs, random) => {
          const ms = nextLookDelay({ intervalMs, failures, retryAfterMs, random });
          expect(ms).toBeGreaterThanOrEqual(5000);
          expect(ms).toBeGreaterThanOrEqual(Math.min(retryAfterMs ?? 0, longestDurationMs));
          expect(ms).toBeLessThanOrEqual(longestDurationMs);
        },
      ),
    );
  });
});

test('nextAttemptDelay begins with five seconds', () => {
  expect([1, 2, 3].map((attempts) => nextAttemptDelay(attempts, undefined, 0.5))).toEqual([5000, 10_000, 20_000]);
  expect(nextAttemptDelay(1, 60_000, 0)).toBe(60_000);
});
