import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { TrustFacts } from '../../../src/core/trust/facts.ts';
import { judgeTrust } from '../../../src/core/trust/judge.ts';
import { parsePolicies } from '../../../src/core/trust/policy.ts';

const head = 'a1b2c3d4e5f6'.padEnd(40, '0');
const older = 'b'.repeat(40);
const writer = { login: 'Wendy', canWrite: true };
const reader = { login: 'rick', canWrite: false };
const unknown = { login: 'una', canWrite: undefined };

const nothing: TrustFacts = {
  head,
  headSince: 1000,
  internal: false,
  author: { login: 'stranger', association: 'NONE' },
  labels: [],
  reviews: [],
  comments: [],
  changedPaths: ['src/a.ts'],
};

function judge(policies: readonly string[], facts: Partial<TrustFacts>, guarded?: (path: string) => boolean) {
  return judgeTrust({ ...nothing, ...facts }, { policies: parsePolicies(policies), guarded });
}

function trusts(policy: string, facts: Partial<TrustFacts>): boolean {
  return judge([policy], facts).trusted;
}

describe('internal and author', () => {
  test('a fork is not internal, and what is not known is no fork of ours', () => {
    expect(judge(['internal'], { internal: true })).toEqual({
      trusted: true,
      why: 'its head is in the same repository',
    });
    expect(trusts('internal', { internal: false })).toBe(false);
    expect(trusts('internal', { internal: undefined })).toBe(false);
  });

  test('association exactly, login in any case', () => {
    const author = { login: 'Octocat', association: 'MEMBER' };
    expect(trusts('author:MEMBER', { author })).toBe(true);
    expect(trusts('author:OWNER', { author })).toBe(false);
    expect(trusts('author:octocat', { author })).toBe(true);
    expect(trusts('author:MEMBER', { author: { login: 'MEMBER', association: undefined } })).toBe(false);
    expect(trusts('author:octocat', { author: undefined })).toBe(false);
  });

  test('no policy trusts nobody; nor does any without a head', () => {
    expect(judge([], { internal: true }).trusted).toBe(false);
    expect(trusts('internal', { internal: true, head: undefined })).toBe(false);
  });
});

describe('label', () => {
  const label = { name: 'ok', by: writer, at: 2000, commit: undefined };

  test.each<[boolean, string, Partial<TrustFacts>]>([
    [true, 'after the head came', { labels: [label] }],
    [false, 'before', { labels: [{ ...label, at: 999 }] }],
    [false, 'in the same moment', { labels: [{ ...label, at: 1000 }] }],
    [false, 'by a reader', { labels: [{ ...label, by: reader }] }],
    [false, 'by somebody whose rights are not known', { labels: [{ ...label, by: unknown }] }],
    [false, 'by nobody knows whom', { labels: [{ ...label, by: undefined }] }],
    [false, 'nobody knows when', { labels: [{ ...label, at: undefined }] }],
    [false, 'on a head of unknown age', { labels: [label], headSince: undefined }],
    [true, 'on this commit by record', { labels: [{ ...label, at: undefined, commit: head }] }],
    [false, 'on another commit by record, whatever the time', { labels: [{ ...label, commit: older }] }],
    [false, 'another label', { labels: [{ ...label, name: 'OK' }] }],
    [false, 'labels are not known', { labels: undefined }],
  ])('%s: %s', (trusted, _what, facts) => {
    expect(trusts('label:ok', facts)).toBe(trusted);
  });
});

describe('review', () => {
  const approval = { state: 'approved', by: writer, at: 2000, commit: head } as const;

  test.each<[boolean, string, Partial<TrustFacts>]>([
    [true, 'by a writer, of this commit', { reviews: [approval] }],
    [false, 'of an older commit', { reviews: [{ ...approval, commit: older }] }],
    [false, 'of an unknown commit', { reviews: [{ ...approval, commit: undefined }] }],
    [false, 'by a reader', { reviews: [{ ...approval, by: reader }] }],
    [false, 'taken back', { reviews: [approval, { ...approval, state: 'changes-requested' }] }],
    [false, 'dismissed', { reviews: [approval, { ...approval, state: 'dismissed' }] }],
    [true, 'with a remark after it', { reviews: [approval, { ...approval, state: 'commented' }] }],
    [true, 'after a refusal of the same person', { reviews: [{ ...approval, state: 'changes-requested' }, approval] }],
    [false, 'of one own work', { reviews: [approval], author: { login: 'wendy', association: 'MEMBER' } }],
    [false, 'when the author is not known', { reviews: [approval], author: undefined }],
  ])('%s: %s', (trusted, _what, facts) => {
    expect(trusts('review:writer', facts)).toBe(trusted);
  });
});

describe('comment', () => {
  const comment = { text: '/ok-to-test', by: writer, at: 2000, commit: undefined };

  test.each<[boolean, string, Partial<typeof comment>]>([
    [true, 'after the head came', {}],
    [true, 'among other lines', { text: 'looks fine\r\n/ok-to-test  \r\nthanks' }],
    [false, 'quoted', { text: '> /ok-to-test' }],
    [false, 'indented', { text: '    /ok-to-test' }],
    [false, 'in a sentence', { text: 'please write /ok-to-test' }],
    [false, 'longer', { text: '/ok-to-testing' }],
    [false, 'with more words', { text: '/ok-to-test abcdef1 and run' }],
    [false, 'before the head came', { at: 500 }],
    [false, 'by a reader', { by: reader }],
    [true, 'with the whole commit, even if the time says nothing', { text: `/ok-to-test ${head}`, at: 500 }],
    [true, 'with the whole commit in capitals', { text: `/ok-to-test ${head.toUpperCase()}`, at: 500 }],
    [false, 'with the whole commit, by a reader', { text: `/ok-to-test ${head}`, by: reader }],
    [true, 'with a short commit, after the head came', { text: '/ok-to-test A1B2C3D4' }],
    [false, 'with a short commit, which a later head may share', { text: '/ok-to-test a1b2c3d4e5', at: 500 }],
    [false, 'with another commit', { text: '/ok-to-test b1b2c3d4' }],
    [false, 'with too short a commit', { text: '/ok-to-test a1b2c3' }],
    [false, 'with the commit, by a reader', { text: '/ok-to-test a1b2c3d4', by: reader }],
  ])('%s: %s', (trusted, _what, more) => {
    expect(trusts('comment:/ok-to-test', { comments: [{ ...comment, ...more }] })).toBe(trusted);
  });
});

describe('guarded paths', () => {
  const guarded = (path: string) => path.startsWith('ci/');
  const author = { login: 'mia', association: 'MEMBER' };
  const approval = { state: 'approved', by: writer, at: 2000, commit: head } as const;

  test('demand a review by a writer from a trusted author too', () => {
    const facts = { author, changedPaths: ['src/a.ts', 'ci/run'] };
    expect(judge(['author:MEMBER'], { ...facts, changedPaths: ['src/a.ts'] }, guarded).trusted).toBe(true);
    expect(judge(['author:MEMBER'], facts, guarded)).toEqual({
      trusted: false,
      missing: 'a person with write access must approve a1b2c3d4e5: it changes ci/run',
    });
    expect(judge(['author:MEMBER'], { ...facts, reviews: [approval] }, guarded)).toEqual({
      trusted: true,
      why: 'Wendy approved a1b2c3d4e5',
    });
  });

  test('unknown files could be guarded ones', () => {
    expect(judge(['author:MEMBER'], { author, changedPaths: undefined }, guarded).trusted).toBe(false);
    for (const path of ['ci\uFFFD/a', '"ci/\\351"']) {
      expect(judge(['author:MEMBER'], { author, changedPaths: ['a', path] }, guarded).trusted).toBe(false);
    }
  });

  test('do not bind those who can push to the repository anyway, if those are trusted', () => {
    const facts = { internal: true, changedPaths: ['ci/run'], author };
    expect(judge(['internal'], facts, guarded).trusted).toBe(true);
    expect(judge(['author:MEMBER'], facts, guarded).trusted).toBe(false);
  });
});

describe('what is missing', () => {
  test('says who must do what, for which commit', () => {
    expect(judge(['internal', 'review:writer', 'label:ok', 'comment:/ok-to-test'], {})).toEqual({
      trusted: false,
      missing: `a person with write access must comment "/ok-to-test ${head}" or approve it or put on the label "ok" (for commit a1b2c3d4e5)`,
    });
    expect(judge(['internal'], {})).toEqual({
      trusted: false,
      missing: 'it is not trusted here: a person with write access must push it to this repository',
    });
  });
});

describe('for any facts', () => {
  const oid = fc.constantFrom(head, older);
  const maybe = <T>(arbitrary: fc.Arbitrary<T>) => fc.option(arbitrary, { nil: undefined });
  const time = maybe(fc.integer({ min: 900, max: 1100 }));
  const given = { by: maybe(fc.constantFrom(writer, reader, unknown)), at: time, commit: maybe(oid) };
  const facts: fc.Arbitrary<TrustFacts> = fc.record({
    head: maybe(oid),
    headSince: time,
    internal: maybe(fc.boolean()),
    author: maybe(
      fc.record({ login: fc.constantFrom('mia', 'Wendy'), association: maybe(fc.constantFrom('MEMBER', 'NONE')) }),
    ),
    labels: maybe(fc.array(fc.record({ name: fc.constantFrom('ok', 'no'), ...given }), { maxLength: 3 })),
    reviews: maybe(
      fc.array(
        fc.record({ state: fc.constantFrom('approved', 'changes-requested', 'dismissed', 'commented'), ...given }),
        { maxLength: 3 },
      ),
    ),
    comments: maybe(
      fc.array(fc.record({ text: fc.constantFrom('/ok', `/ok ${head}`, `/ok ${older}`, 'no'), ...given }), {
        maxLength: 3,
      }),
    ),
    changedPaths: maybe(fc.subarray(['src/a', 'ci/run'])),
  });
  const every = parsePolicies(['internal', 'author:MEMBER', 'author:wendy', 'label:ok', 'review', 'comment:/ok']);
  const policies = fc.subarray([...every]);
  const guarded = maybe(fc.constant((path: string) => path.startsWith('ci/')));

  test('knowing less never makes anybody trusted', () => {
    const field = fc.constantFrom<keyof TrustFacts>(
      'head',
      'headSince',
      'internal',
      'author',
      'labels',
      'reviews',
      'comments',
      'changedPaths',
    );
    fc.assert(
      fc.property(facts, policies, guarded, field, (all, some, guard, unknownField) => {
        const rules = { policies: some, guarded: guard };
        const less = { ...all, [unknownField]: undefined };
        if (judgeTrust(less, rules).trusted) expect(judgeTrust(all, rules).trusted).toBe(true);
      }),
      { numRuns: 5000 },
    );
  });

  test('a new head voids what was given to the old one', () => {
    const byGift = parsePolicies(['label:ok', 'review', 'comment:/ok']);
    const next = 'c'.repeat(40);
    fc.assert(
      fc.property(facts, guarded, (all, guard) => {
        const moved = { ...all, head: next, headSince: 2000 };
        expect(judgeTrust(moved, { policies: byGift, guarded: guard }).trusted).toBe(false);
      }),
      { numRuns: 2000 },
    );
  });

  test('fewer policies and more guards never make anybody trusted', () => {
    fc.assert(
      fc.property(facts, policies, policies, (all, some, more) => {
        const union = every.filter((policy) => some.includes(policy) || more.includes(policy));
        if (judgeTrust(all, { policies: some }).trusted) {
          expect(judgeTrust(all, { policies: union }).trusted).toBe(true);
        }
        if (judgeTrust(all, { policies: some, guarded: () => true }).trusted) {
          expect(judgeTrust(all, { policies: some }).trusted).toBe(true);
        }
      }),
      { numRuns: 5000 },
    );
  });

  test('without a writer and a friend there is no trust', () => {
    const strangers = { ...nothing, author: { login: 'stranger', association: 'NONE' }, internal: false };
    fc.assert(
      fc.property(facts, (all) => {
        const gifts = { labels: all.labels, reviews: all.reviews, comments: all.comments };
        const noWriters = JSON.parse(JSON.stringify(gifts), (key, value) => (key === 'canWrite' ? false : value));
        expect(judgeTrust({ ...strangers, head, ...noWriters }, { policies: every }).trusted).toBe(false);
      }),
      { numRuns: 2000 },
    );
  });
});
