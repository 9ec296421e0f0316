import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  listingPrefixes,
  type PollSelection,
  parseSelectionText,
  selectionText,
  selectRefs,
  watchesRef,
} from '../../../src/core/poll/select.ts';

function selection(more: Partial<PollSelection>): PollSelection {
  return { branches: [], exclude: [], tags: [], changes: false, ...more };
}

function selected(names: readonly string[], which: Partial<PollSelection>): string[] {
  const refs = names.map((name) => ({ name, oid: '1'.repeat(40) }));
  return selectRefs(refs, selection(which)).map(({ name }) => name);
}

describe('selectRefs', () => {
  const names = [
    'refs/heads/main',
    'refs/heads/release/1.0',
    'refs/heads/.x',
    'refs/tags/v1',
    'refs/pull/7/head',
    'HEAD',
  ];

  test('branches and tags by glob over short names; nothing else, whatever the server sends', () => {
    expect(selected(names, { branches: ['**'], changes: true })).toEqual([
      'refs/heads/main',
      'refs/heads/release/1.0',
      'refs/heads/.x',
    ]);
    expect(selected(names, { branches: ['release/*'], tags: ['v*'] })).toEqual([
      'refs/heads/release/1.0',
      'refs/tags/v1',
    ]);
    expect(selected(names, { branches: ['**'], exclude: ['release/**', '.x'] })).toEqual(['refs/heads/main']);
  });

  test('a name with the characters of a glob matches itself', () => {
    expect(selected(['refs/heads/a[b]', 'refs/heads/ab'], { branches: ['a[b]'] })).toEqual([
      'refs/heads/a[b]',
      'refs/heads/ab',
    ]);
    expect(selected(['refs/heads/a+(b)'], { branches: ['**'], exclude: ['a+(b)'] })).toEqual([]);
  });
});

describe('listingPrefixes', () => {
  test.each<[readonly Partial<PollSelection>[], readonly string[]]>([
    [[{ branches: ['**'] }], ['refs/heads/']],
    [[{ branches: ['main', 'release/*'] }], ['refs/heads/main', 'refs/heads/release/']],
    [
      [{ branches: ['main'] }, { branches: ['**'], tags: ['v1.*'] }],
      ['refs/heads/', 'refs/tags/v1.'],
    ],
    [[{ branches: ['!x', './a'] }], ['refs/heads/']],
    [[{ changes: true }], []],
  ])('%j', (selections, prefixes) => {
    expect(listingPrefixes(selections.map(selection))).toEqual(prefixes);
  });

  test('every watched ref begins with one of them', () => {
    const word = fc.constantFrom('main', 'a', 'a/b', '.d', 'rel/1', 'x+y', 'v(1)');
    const glob = fc.oneof(
      word,
      fc.constantFrom('**', '*', 'a/*', '@(a|main)', '{a,rel}/**', '!a', '[am]*', './a', 'x\\+y', 'a?b', '+(a)'),
    );
    fc.assert(
      fc.property(fc.array(glob, { maxLength: 3 }), fc.array(glob, { maxLength: 2 }), word, (branches, tags, name) => {
        const one = selection({ branches, tags });
        const prefixes = listingPrefixes([one]);
        for (const ref of [`refs/heads/${name}`, `refs/tags/${name}`]) {
          if (watchesRef(one)(ref)) expect(prefixes.some((prefix) => ref.startsWith(prefix))).toBe(true);
        }
      }),
      { numRuns: 1000 },
    );
  });
});

test('a selection survives being written down', () => {
  const one = selection({ branches: ['a"b', '**'], tags: ['v*'], changes: true });
  expect(parseSelectionText(selectionText(one))).toEqual(one);
});
