import { describe, expect, test } from 'vitest';
import { addressOf } from '../../../../src/core/serve/web/address.ts';
import { sizeText, spanText, timeAgo } from '../../../../src/core/serve/web/words.ts';

describe('times', () => {
  const now = Date.UTC(2026, 10, 21, 12, 0, 0);
  test.each([
    [0, '0s ago'],
    [59_000, '59s ago'],
    [3_599_000, '59m ago'],
    [86_400_000, '1d ago'],
    [-90_000, 'in 1m'],
  ])('%i ms before is %s', (ms, expected) => {
    const { text } = timeAgo(now - ms, now);
    expect(text).toContain(`>${expected}</time>`);
    expect(text).toContain(`datetime="${new Date(now - ms).toISOString()}"`);
  });

  test.each([
    [12, '12ms'],
    [1499, '1s'],
    [200_000, '3m20s'],
    [7_500_000, '2h5m'],
    [-5, '0ms'],
  ])('%i ms are %s', (ms, expected) => {
    expect(spanText(ms)).toBe(expected);
  });
});

test.each([
  [999, '999 bytes'],
  [1000, '1.0 kB'],
  [104_857_600, '105 MB'],
  [5e12, '5000 GB'],
])('%i is %s', (bytes, expected) => {
  expect(sizeText(bytes)).toBe(expected);
});

test('addresses leave out what is not asked for, and encode the rest', () => {
  expect(addressOf('/ci')('/runs', { repo: 'gh:a/b', branch: '', state: undefined, before: 'x&y' })).toBe(
    '/ci/runs?repo=gh%3Aa%2Fb&before=x%26y',
  );
});
