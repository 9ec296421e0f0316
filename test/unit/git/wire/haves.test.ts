import { describe, expect, test } from 'vitest';
import { chooseHaves } from '../../../../src/core/git/wire/haves.ts';

function offer(refs: Readonly<Record<string, string>>, alternates: readonly string[] = []) {
  return { refs: new Map(Object.entries(refs)), alternates };
}

describe('chooseHaves', () => {
  test('the trunk first, then what moves, branches, the rest; known ones and short names before others', () => {
    const destination = offer(
      {
        'refs/heads/a/b/c': 'deep',
        'refs/heads/feature': 'feature',
        'refs/heads/known': 'known',
        'refs/heads/main': 'main',
        'refs/heads/pr/1': 'moved',
        'refs/tags/v1': 'tag',
        'refs/tags/v2': 'known-tag',
      },
      ['borrowed'],
    );
    const updates = [{ name: 'refs/heads/pr/1', old: 'moved', new: 'next' }];
    const sourceTips = new Set(['known', 'known-tag']);
    expect(chooseHaves(destination, { updates, sourceTips, limit: 100 })).toEqual([
      'main',
      'moved',
      'known',
      'feature',
      'deep',
      'known-tag',
      'tag',
      'borrowed',
    ]);
  });

  test('each object once, and no more than the limit', () => {
    const refs = Object.fromEntries(Array.from({ length: 5000 }, (_, n) => [`refs/heads/pr/${n}`, `oid-${n % 3000}`]));
    const haves = chooseHaves(offer({ ...refs, 'refs/heads/main': 'trunk' }), { updates: [], limit: 1024 });
    expect(haves).toHaveLength(1024);
    expect(new Set(haves).size).toBe(1024);
    expect(haves[0]).toBe('trunk');
  });

  test('an empty destination has nothing to offer', () => {
    expect(chooseHaves(offer({}), { updates: [], limit: 10 })).toEqual([]);
  });
});
