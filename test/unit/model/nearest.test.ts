import { describe, expect, test } from 'vitest';
import { didYouMean, nearest } from '../../../src/core/model/nearest.ts';

describe('nearest', () => {
  test.each([
    ['brances', ['branches', 'tags'], 'branches'],
    ['min-approvals', ['minApprovals', 'map'], 'minApprovals'],
    ['mirorr', ['gate', 'mirror', 'serve'], 'mirror'],
    ['Token', ['token'], 'token'],
    ['gti', ['git'], 'git'],
    ['state', ['status', 'stats', 'state'], 'state'],
  ])('%s among %j is %s', (word, candidates, expected) => {
    expect(nearest(word, candidates)).toBe(expected);
  });

  test.each([
    ['x', ['y']],
    ['banana', ['mirror', 'gate']],
    ['', ['a']],
    ['gh', ['int']],
    ['anything', []],
  ])('%s among %j is nothing', (word, candidates) => {
    expect(nearest(word, candidates)).toBeUndefined();
    expect(didYouMean(word, candidates)).toBe('');
  });
});
