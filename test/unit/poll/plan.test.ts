import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { changesNothing, type KnownRef, type PlanInput, planPoll, type SeenRef } from '../../../src/core/poll/plan.ts';
import { watchesRef } from '../../../src/core/poll/select.ts';
import { nothing, seeNext } from './model.ts';
import { oid } from './site.ts';

const all = watchesRef({ branches: ['**'], exclude: [], tags: ['**'], changes: true });

interface Case extends Partial<Omit<PlanInput, 'known' | 'seen'>> {
  readonly known?: Readonly<Record<string, KnownRef | string>>;
  readonly seen?: Readonly<Record<string, SeenRef | string>>;
}

function plan({ known = {}, seen = {}, ...rest }: Case) {
  const settled = (value: KnownRef | string): KnownRef =>
    typeof value === 'string' ? { oid: value, state: 'settled' } : value;
  return planPoll({
    known: new Map(Object.entries(known).map(([ref, value]) => [ref, settled(value)])),
    seen: new Map(
      Object.entries(seen).map(([ref, value]) => [ref, typeof value === 'string' ? { oid: value } : value]),
    ),
    watches: all,
    watchedBefore: all,
    initial: 'baseline',
    held: () => false,
    doubtedBefore: false,
    ...rest,
  });
}

/** `created main - 1`. */
function words(planned: ReturnType<typeof plan>): string[] {
  return planned.events.map(
    ({ kind, ref, oldOid, newOid }) =>
      `${kind} ${ref.replace('refs/heads/', '')} ${oldOid?.[0] ?? '-'} ${newOid?.[0] ?? '-'}`,
  );
}

describe('planPoll', () => {
  test('nothing moved: nothing', () => {
    const same = { 'refs/heads/main': oid(1) };
    expect(changesNothing(plan({ known: same, seen: same }))).toBe(true);
  });

  test('a new branch, also on a known commit, a moved one, a deleted one, names with slashes', () => {
    const planned = plan({
      known: { 'refs/heads/main': oid(1), 'refs/heads/old/x': oid(2), 'refs/heads/a/b': oid(3) },
      seen: { 'refs/heads/main': oid(4), 'refs/heads/a/b': oid(3), 'refs/heads/a/c': oid(3) },
    });
    expect(words(planned)).toEqual(['moved main 1 4', 'created a/c - 3', 'deleted old/x 2 -']);
  });

  test('moved back to an old commit is a move; deleted and recreated is a creation', () => {
    expect(words(plan({ known: { 'refs/heads/main': oid(2) }, seen: { 'refs/heads/main': oid(1) } }))).toEqual([
      'moved main 2 1',
    ]);
    expect(words(plan({ known: {}, seen: { 'refs/heads/main': oid(1) } }))).toEqual(['created main - 1']);
  });

  test('the first sight: baseline remembers, run makes an event of each', () => {
    const seen = { 'refs/heads/main': oid(1), 'refs/heads/x': oid(2) };
    const baseline = plan({ seen, watchedBefore: undefined });
    expect(baseline.events).toEqual([]);
    expect([...baseline.remember.keys()]).toEqual(['refs/heads/main', 'refs/heads/x']);
    expect(words(plan({ seen, watchedBefore: undefined, initial: 'run' }))).toEqual([
      'created main - 1',
      'created x - 2',
    ]);
  });

  test('a glob that is added to the selection is a first sight of what it adds, and of that only', () => {
    const before = watchesRef({ branches: ['main', 'new'], exclude: [], tags: [], changes: false });
    const planned = plan({
      known: { 'refs/heads/main': oid(1) },
      seen: { 'refs/heads/main': oid(1), 'refs/heads/new': oid(2), 'refs/heads/x': oid(3), 'refs/tags/v1': oid(4) },
      watchedBefore: before,
    });
    expect(words(planned)).toEqual(['created new - 2']);
    expect([...planned.remember.keys()]).toEqual(['refs/heads/x', 'refs/tags/v1']);
  });

  test('a ref that is no longer watched is forgotten, and is no deletion', () => {
    const watches = watchesRef({ branches: ['main'], exclude: [], tags: [], changes: false });
    const planned = plan({
      known: { 'refs/heads/main': oid(1), 'refs/heads/x': oid(2), 'refs/pull/7/head': oid(3) },
      seen: { 'refs/heads/main': oid(1) },
      watches,
    });
    expect(planned).toMatchObject({ events: [], forget: ['refs/heads/x', 'refs/pull/7/head'], doubted: 0 });
  });

  test('every branch gone at once is believed the second time', () => {
    const known = { 'refs/heads/main': oid(1), 'refs/heads/x': oid(2), 'refs/pull/7/head': oid(3) };
    const seen = { 'refs/pull/7/head': oid(3) };
    expect(plan({ known, seen })).toMatchObject({ events: [], doubted: 2 });
    expect(words(plan({ known, seen, doubtedBefore: true }))).toEqual(['deleted main 1 -', 'deleted x 2 -']);
  });

  test('all branches replaced by a new one: the new one is an event at once, the deletions wait', () => {
    const planned = plan({ known: { 'refs/heads/master': oid(1) }, seen: { 'refs/heads/main': oid(1) } });
    expect(words(planned)).toEqual(['created main - 1']);
    expect(planned.doubted).toBe(1);
  });

  test('what could not be looked at is left alone', () => {
    const planned = plan({
      known: { 'refs/heads/main': oid(1), 'refs/pull/7/head': oid(2) },
      seen: { 'refs/heads/main': oid(3) },
      held: (ref) => !ref.startsWith('refs/heads/'),
    });
    expect(words(planned)).toEqual(['moved main 1 3']);
    expect(planned.forget).toEqual([]);
  });

  test('a name that git would refuse is told and never becomes an event', () => {
    const planned = plan({
      seen: { 'refs/heads/a\uFFFDb': oid(1), 'refs/heads/../x': oid(1), 'refs/heads/ok': oid(1) },
    });
    expect(words(planned)).toEqual(['created ok - 1']);
    expect(planned.unusable.map(({ ref }) => ref)).toEqual(['refs/heads/a\uFFFDb', 'refs/heads/../x']);
  });

  describe('a head that nobody vouched for', () => {
    const head = 'refs/pull/7/head';
    const blocked = 'somebody must approve it';

    test('is told once, runs when it is released, and is told again when it moves', () => {
      expect(plan({ seen: { [head]: { oid: oid(1), blocked } } }).events).toMatchObject([{ kind: 'created', blocked }]);
      const known = { [head]: { oid: oid(1), state: 'blocked' } } as const;
      expect(plan({ known, seen: { [head]: { oid: oid(1), blocked: 'said otherwise' } } }).events).toEqual([]);
      const [released] = plan({ known, seen: { [head]: { oid: oid(1), change: 7 } } }).events;
      expect(released).toEqual({ ref: head, kind: 'created', oldOid: undefined, newOid: oid(1), change: 7 });
      expect(plan({ known, seen: { [head]: { oid: oid(2), blocked } } }).events).toMatchObject([
        { kind: 'moved', blocked },
      ]);
    });

    test('trust that is withdrawn stops a run that waits, and no other', () => {
      const seen = { [head]: { oid: oid(1), blocked } };
      expect(plan({ known: { [head]: { oid: oid(1), state: 'queued' } }, seen }).events).toMatchObject([{ blocked }]);
      expect(plan({ known: { [head]: { oid: oid(1), state: 'running' } }, seen }).events).toEqual([]);
      expect(plan({ known: { [head]: { oid: oid(1), state: 'settled' } }, seen }).events).toEqual([]);
    });
  });

  test('any sequence of looks gives exactly the events of the model', () => {
    const names = ['main', 'feature', 'feature/x', 'feature/x/y', '-x', 'ä'].map((name) => `refs/heads/${name}`);
    const look = fc.dictionary(fc.constantFrom(...names), fc.integer({ min: 1, max: 3 }).map(oid));
    fc.assert(
      fc.property(fc.array(look, { maxLength: 12 }), (looks) => {
        const known: Record<string, string> = {};
        let doubtedBefore = false;
        let belief = nothing;
        for (const seen of looks) {
          const planned = plan({ known, seen, doubtedBefore });
          doubtedBefore = planned.doubted > 0;
          for (const { ref, newOid } of planned.events) {
            if (newOid === undefined) delete known[ref];
            else known[ref] = newOid;
          }
          const expected = seeNext(belief, seen);
          belief = expected.belief;
          expect(planned.events.map(({ ref, oldOid, newOid }) => `${ref} ${oldOid} ${newOid}`).sort()).toEqual(
            expected.changes,
          );
          expect(known).toEqual(belief.refs);
        }
      }),
      { numRuns: 500 },
    );
  });
});
