import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { durationMs, formatDuration, longestDurationMs, parseDuration } from '../../../src/core/model/duration.ts';

describe('durations', () => {
  test.each([
    ['90s', 90_000],
    ['15m', 900_000],
    ['2h', 7_200_000],
    ['1h30m', 5_400_000],
    ['500ms', 500],
    ['1s500ms', 1500],
    ['7d', 604_800_000],
    ['1.5h', 5_400_000],
    ['90', 90_000],
    ['0.5', 500],
    [' 5s ', 5000],
    [90, 90_000],
    [0, 0],
  ])('%j is %d ms', (written, ms) => {
    expect(durationMs(written)).toBe(ms);
  });

  test.each([
    '',
    ' ',
    's',
    '1x',
    '-1',
    '-5s',
    '1h30',
    '30m1h',
    '1e3',
    '5 s',
    '1.5h30m',
    'ten',
    '25d',
    '٣s',
    Number.NaN,
    -1,
    Number.POSITIVE_INFINITY,
  ])('%j is none', (written) => {
    expect(durationMs(written)).toBeUndefined();
    expect(() => parseDuration(written)).toThrow(expect.objectContaining({ code: 'usage' }));
  });

  test('what formatDuration prints is read back as the same time', () => {
    expect(formatDuration(5_400_000)).toBe('1h30m');
    expect(formatDuration(0)).toBe('0s');
    fc.assert(
      fc.property(fc.integer({ min: 0, max: longestDurationMs }), (ms) => durationMs(formatDuration(ms)) === ms),
    );
  });
});
