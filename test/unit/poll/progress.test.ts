import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { takeLock } from '../../../src/core/lock.ts';
import { planPoll, type SeenRef } from '../../../src/core/poll/plan.ts';
import { claimRun, finishRun, markStarted, mostFaults, returnRun } from '../../../src/core/poll/progress.ts';
import { openRepositories, openRepository } from '../../../src/core/poll/record.ts';
import { recover } from '../../../src/core/poll/recover.ts';
import type { WatchedRepository } from '../../../src/core/poll/repository.ts';
import { pruneLogs } from '../../../src/core/poll/retention.ts';
import { parseSelectionText, watchesRef } from '../../../src/core/poll/select.ts';
import type { StateDatabase } from '../../../src/core/poll/state/access.ts';
import { openState } from '../../../src/core/poll/state/database.ts';
import { findRun, history, oldLogs } from '../../../src/core/poll/state/history.ts';
import { knownRefs, setOwnCommit } from '../../../src/core/poll/state/refs.ts';
import { nextReport, removeReport } from '../../../src/core/poll/state/reports.ts';
import { nothing, seeNext } from './model.ts';
import { eventLog, oid, openTestState, recordLook, stateFile, watched } from './site.ts';

const main = 'refs/heads/main';
const repo = watched('a', { results: ['status', 'notes'] });

interface LookOptions {
  readonly repository?: WatchedRepository;
  readonly supersedeRunning?: boolean;
  readonly now?: number;
}

/** One look at a repository that shows these refs. */
function look(db: StateDatabase, refs: Readonly<Record<string, string | SeenRef>>, options: LookOptions = {}) {
  const { repository = repo, supersedeRunning = false, now = 1000 } = options;
  const row = openRepository(db, repository.key);
  const plan = planPoll({
    known: knownRefs(db, row.id),
    seen: new Map(Object.entries(refs).map(([ref, one]) => [ref, typeof one === 'string' ? { oid: one } : one])),
    watches: watchesRef(repository.selection),
    watchedBefore: row.selection === null ? undefined : watchesRef(parseSelectionText(row.selection)),
    initial: repository.initial,
    held: () => false,
    doubtedBefore: row.doubted === 1,
  });
  return recordLook(db, repository, plan, { supersedeRunning, now });
}

function claim(db: StateDatabase, ...keys: readonly string[]) {
  const wanted = keys.length === 0 ? ['a'] : keys;
  const repositories = [...openRepositories(db, wanted).values()].map(({ id }) => id);
  return claimRun(db, { repositories, except: [] }, 2000);
}

function known(db: StateDatabase, key = 'a') {
  return Object.fromEntries(
    [...knownRefs(db, openRepository(db, key).id)].map(([ref, one]) => [ref, `${one.oid[0]} ${one.state}`]),
  );
}

function states(db: StateDatabase): string[] {
  const runs = [...history(db, { limit: 1000 })].reverse();
  return runs.map(({ ref, newOid, state }) => `${ref.replace('refs/heads/', '')} ${newOid?.[0] ?? '-'} ${state}`);
}

function reports(db: StateDatabase): string[] {
  const found: string[] = [];
  const seen: number[] = [];
  const repositories = db.all<{ id: number }>('SELECT id FROM repository').map(({ id }) => id);
  for (;;) {
    const row = nextReport(db, { repositories, exceptRuns: [], exceptReports: seen });
    if (row === undefined) return found;
    seen.push(row.id);
    found.push(`${row.run} ${row.kind} ${row.phase}`);
  }
}

describe('recordPlan', () => {
  test('a change is queued and known at once; a newer commit supersedes the waiting one', async () => {
    const db = await openTestState();
    look(db, { [main]: oid(1) });
    expect(known(db)).toEqual({ [main]: '1 queued' });
    look(db, { [main]: oid(2) });
    look(db, { [main]: oid(2) });
    expect(states(db)).toEqual(['main 1 superseded', 'main 2 queued']);
    expect(findRun(db, 1)?.detail).toContain(oid(2));
  });

  test('what is known of change requests alone is the same as among everything', async () => {
    const db = await openTestState();
    const watcher = watched('a', { selection: { branches: ['**'], exclude: [], tags: ['**'], changes: true } });
    const more = {
      'refs/tags/v1': oid(2),
      'refs/pull/7/head': oid(7),
      'refs/pull/8/head': { oid: oid(8), blocked: 'no' },
    };
    look(db, { [main]: oid(1), ...more }, { repository: watcher });
    const { id } = openRepository(db, 'a');
    expect(known(db)).toMatchObject({
      [main]: '1 queued',
      'refs/pull/7/head': '7 queued',
      'refs/pull/8/head': '8 blocked',
    });
    const changes = [...knownRefs(db, id)].filter(([ref]) => ref.startsWith('refs/pull/'));
    expect([...knownRefs(db, id, 'changes')].sort()).toEqual(changes.sort());
  });

  test('a look that finds nothing new writes nothing', async () => {
    const db = await openTestState();
    look(db, { [main]: oid(1) });
    const before = db.get('SELECT total_changes() AS n');
    look(db, { [main]: oid(1) });
    expect(db.get('SELECT total_changes() AS n')).toEqual(before);
  });

  test('the baseline is known without a run', async () => {
    const db = await openTestState();
    const repository = watched('a', { initial: 'baseline' });
    look(db, { [main]: oid(1) }, { repository });
    expect(states(db)).toEqual([]);
    look(db, { [main]: oid(1), 'refs/heads/x': oid(1) }, { repository });
    expect(states(db)).toEqual(['x 1 queued']);
  });

  test('a deleted ref is in the history, is known no more, and takes its waiting run with it', async () => {
    const db = await openTestState();
    look(db, { [main]: oid(1), 'refs/heads/x': oid(2) });
    look(db, { [main]: oid(1) });
    expect(states(db)).toEqual(['main 1 queued', 'x 2 cancelled', 'x - skipped']);
    look(db, { [main]: oid(1), 'refs/heads/x': oid(2) });
    expect(states(db).at(-1)).toBe('x 2 queued');
  });

  test('a deleted ref ends its running run, whose result changes nothing any more, also when the ref is back', async () => {
    const db = await openTestState();
    look(db, { [main]: oid(1), 'refs/heads/x': oid(2) });
    const run = [claim(db), claim(db)].find((one) => one?.ref === 'refs/heads/x');
    expect(look(db, { [main]: oid(1) }).stopped).toEqual([run?.id]);
    look(db, { [main]: oid(1), 'refs/heads/x': oid(3) });
    expect(claim(db)).toBeUndefined();
    expect(finishRun(db, run?.id ?? 0, { state: 'success' }, 3000)).toMatchObject({
      state: 'cancelled',
      detail: 'the ref was deleted',
    });
    expect(known(db)['refs/heads/x']).toBe('3 queued');
    expect(claim(db)).toMatchObject({ ref: 'refs/heads/x', newOid: oid(3) });
  });

  test('a running run goes on beside a newer commit, unless it is to be superseded', async () => {
    const db = await openTestState();
    look(db, { [main]: oid(1) });
    const first = claim(db);
    expect(look(db, { [main]: oid(2) }).stopped).toEqual([]);
    expect(look(db, { [main]: oid(3) }, { supersedeRunning: true }).stopped).toEqual([first?.id]);
    expect(finishRun(db, 1, { state: 'cancelled' }, 3000)?.state).toBe('superseded');
    expect(states(db)).toEqual(['main 1 superseded', 'main 2 superseded', 'main 3 queued']);
  });

  test('a head that nobody vouched for is told once, and queued when somebody has', async () => {
    const db = await openTestState();
    const repository = watched('a', { results: ['status'], selection: { ...repo.selection, changes: true } });
    const head = 'refs/pull/7/head';
    look(db, { [head]: { oid: oid(1), change: 7, blocked: 'a writer must approve it' } }, { repository });
    look(db, { [head]: { oid: oid(1), change: 7, blocked: 'a writer must approve it' } }, { repository });
    expect(history(db, { limit: 9 })).toMatchObject([
      { state: 'skipped', change: 7, detail: 'a writer must approve it' },
    ]);
    expect(reports(db)).toEqual(['1 status blocked']);
    look(db, { [head]: { oid: oid(1), change: 7 } }, { repository });
    expect(claim(db)).toMatchObject({ id: 2, newOid: oid(1), change: 7 });
    // It ends after a new head was held back: that stays what is known.
    look(db, { [head]: { oid: oid(2), change: 7, blocked: 'a writer must approve it' } }, { repository });
    finishRun(db, 2, { state: 'success' }, 3000);
    expect(known(db)).toEqual({ [head]: '2 blocked' });
  });

  test('a stranger cannot put the status of a tested commit back to pending by opening a change request of it', async () => {
    const db = await openTestState();
    const repository = watched('a', { results: ['status'], selection: { ...repo.selection, changes: true } });
    look(db, { [main]: oid(1) }, { repository });
    const blocked = (change: number, n: number) => ({ oid: oid(n), change, blocked: 'a writer must approve it' });
    look(db, { [main]: oid(1), 'refs/pull/7/head': blocked(7, 1) }, { repository });
    claim(db);
    finishRun(db, 1, { state: 'success' }, 3000);
    look(db, { [main]: oid(1), 'refs/pull/7/head': blocked(7, 2), 'refs/pull/8/head': blocked(8, 1) }, { repository });
    expect(reports(db)).toEqual(['1 status final', '3 status blocked']);
  });

  test('a closed change request is forgotten with its waiting run', async () => {
    const db = await openTestState();
    const repository = watched('a', { selection: { ...repo.selection, changes: true } });
    look(db, { 'refs/pull/7/head': { oid: oid(1), change: 7 } }, { repository });
    look(db, {}, { repository });
    expect(known(db)).toEqual({});
    expect(findRun(db, 1)).toMatchObject({ state: 'cancelled', detail: 'it is no longer watched' });
  });
});

describe('claimRun', () => {
  test('oldest first, never two of one ref, only of the repositories that are asked for', async () => {
    const db = await openTestState();
    look(db, { [main]: oid(1) });
    look(db, { [main]: oid(1), 'refs/heads/x': oid(2) });
    look(db, { [main]: oid(5) }, { repository: watched('b') });
    expect(claim(db)).toMatchObject({ id: 1, state: 'running', attempt: 1, startedAt: 2000 });
    look(db, { [main]: oid(3), 'refs/heads/x': oid(2) });
    expect(claim(db)).toMatchObject({ ref: 'refs/heads/x' });
    expect(claim(db)).toBeUndefined();
    expect(claim(db, 'b')).toMatchObject({ repository: 'b' });
    finishRun(db, 1, { state: 'success' }, 3000);
    expect(claim(db)).toMatchObject({ ref: main, newOid: oid(3), oldOid: oid(1) });
  });
});

describe('finishRun', () => {
  test('result, ref and reports together; a second time changes nothing', async () => {
    const db = await openTestState();
    look(db, { [main]: oid(1) });
    const run = claim(db);
    if (run === undefined) throw new Error('nothing was queued');
    markStarted(db, run, { group: { pid: 7, startTime: '99' }, log: '/log/1' });
    expect(findRun(db, 1)).toMatchObject({ group: { pid: 7, startTime: '99' }, log: '/log/1' });
    expect(reports(db)).toEqual(['1 status pending']);
    const outcome = { state: 'failure', exitStatus: 3, lastLine: 'no', detail: undefined } as const;
    expect(finishRun(db, 1, outcome, 3000)).toMatchObject({
      state: 'failure',
      exitStatus: 3,
      lastLine: 'no',
      log: '/log/1',
      group: undefined,
      finishedAt: 3000,
    });
    expect(reports(db)).toEqual(['1 status final', '1 notes final']);
    expect(known(db)).toEqual({ [main]: '1 settled' });
    expect(finishRun(db, 1, { state: 'success' }, 4000)).toMatchObject({ state: 'failure', finishedAt: 3000 });
  });

  test('a skipped run advances its ref and reports nothing', async () => {
    const db = await openTestState();
    look(db, { [main]: oid(1) });
    claim(db);
    finishRun(db, 1, { state: 'skipped', detail: 'a commit of sluice' }, 3000);
    expect(known(db)).toEqual({ [main]: '1 settled' });
    expect(reports(db)).toEqual([]);
  });

  test('a report that was read before its run ended cannot remove the one that came after', async () => {
    const db = await openTestState();
    look(db, { [main]: oid(1) });
    const run = claim(db);
    if (run === undefined) throw new Error('nothing was queued');
    markStarted(db, run, { group: undefined, log: undefined });
    const pending = nextReport(db, { repositories: [1], exceptRuns: [], exceptReports: [] });
    finishRun(db, 1, { state: 'success' }, 3000);
    db.write('test', (tx) => removeReport(tx, pending?.id ?? 0));
    expect(reports(db)).toEqual(['1 status final', '1 notes final']);
  });

  test('a commit of our own on top is no change, unless something else has happened since', async () => {
    const db = await openTestState();
    look(db, { [main]: oid(1) });
    claim(db);
    finishRun(db, 1, { state: 'success' }, 3000);
    const own = { repository: 1, name: main, run: 1 };
    db.write('test', (tx) => setOwnCommit(tx, { ...own, oid: oid(2) }));
    look(db, { [main]: oid(2) });
    expect(states(db)).toEqual(['main 1 success']);
    look(db, { [main]: oid(3) });
    db.write('test', (tx) => setOwnCommit(tx, { ...own, oid: oid(4) }));
    claim(db);
    finishRun(db, 2, { state: 'success' }, 3000);
    expect(known(db)).toEqual({ [main]: '3 settled' });
  });
});

describe('no status stays pending', () => {
  const stopped = { cause: 'stopped', detail: 'sluice was stopped', now: 3000 } as const;

  async function interrupted() {
    const db = await openTestState();
    look(db, { [main]: oid(1), 'refs/heads/other': oid(9) });
    const run = claim(db);
    if (run === undefined) throw new Error('there is nothing to claim');
    markStarted(db, run, { group: undefined, log: '/log/1' });
    returnRun(db, 1, stopped);
    return db;
  }

  test('of a run that was begun, put back, and then overtaken by a newer commit', async () => {
    const db = await interrupted();
    expect(reports(db)).toEqual(['1 status pending']);
    look(db, { [main]: oid(2), 'refs/heads/other': oid(9) });
    expect(states(db)).toContain('main 1 superseded');
    expect(reports(db)).toEqual(['1 status final']);
  });

  test('or whose branch is gone', async () => {
    const db = await interrupted();
    look(db, { 'refs/heads/other': oid(9) });
    expect(states(db)).toContain('main 1 cancelled');
    expect(reports(db)).toEqual(['1 status final']);
  });

  test('a run that was never begun has none', async () => {
    const db = await openTestState();
    look(db, { [main]: oid(1) });
    look(db, { [main]: oid(2) });
    expect(reports(db)).toEqual([]);
  });
});

describe('returnRun', () => {
  const requeue = { cause: 'killed', detail: 'sluice ended', now: 3000 } as const;

  test('back into the queue; the third time that it took sluice down is the last', async () => {
    const db = await openTestState();
    look(db, { [main]: oid(1) });
    const tried = [1, 2, 3].map(() => {
      claim(db);
      return returnRun(db, 1, requeue)?.state;
    });
    expect(tried).toEqual(['queued', 'queued', 'error']);
    expect(findRun(db, 1)).toMatchObject({ detail: 'sluice ended (attempt 3)', attempt: 3 });
    expect(reports(db)).toEqual(['1 status final', '1 notes final']);
    expect(known(db)).toEqual({ [main]: '1 settled' });
  });

  test('an interruption is not counted', async () => {
    const db = await openTestState();
    look(db, { [main]: oid(1) });
    for (let n = 0; n < 10; n += 1) {
      claim(db);
      expect(returnRun(db, 1, { ...requeue, cause: 'stopped' })).toMatchObject({ state: 'queued', attempt: 0 });
    }
  });

  test('a fault before its begin is no attempt, and is met with more patience', async () => {
    const db = await openTestState();
    look(db, { [main]: oid(1) });
    const fault = { cause: 'fault', detail: 'the remote was down', now: 3000 } as const;
    for (let n = 1; n < mostFaults; n += 1) {
      claim(db);
      expect(returnRun(db, 1, fault)).toMatchObject({ state: 'queued', attempt: 0, faults: n });
    }
    claim(db);
    expect(returnRun(db, 1, requeue)).toMatchObject({ state: 'queued', attempt: 1 });
    claim(db);
    expect(returnRun(db, 1, fault)).toMatchObject({
      state: 'error',
      detail: `the remote was down (tried ${mostFaults} times)`,
    });
  });

  test('it makes way for a newer commit that waits', async () => {
    const db = await openTestState();
    look(db, { [main]: oid(1) });
    claim(db);
    look(db, { [main]: oid(2) });
    expect(returnRun(db, 1, requeue)?.state).toBe('superseded');
    expect(states(db)).toEqual(['main 1 superseded', 'main 2 queued']);
  });
});

test('recover ends the orphan before its run is queued again', async () => {
  const db = await openTestState();
  look(db, { [main]: oid(1), 'refs/heads/x': oid(2) });
  const [first] = [claim(db), claim(db)];
  if (first === undefined) throw new Error('nothing was queued');
  markStarted(db, first, { group: { pid: 7, startTime: '99' }, log: undefined });
  const killed: unknown[] = [];
  const log = eventLog();
  const killOrphan = async (group: unknown) => {
    killed.push({ group, state: findRun(db, first.id)?.state });
  };
  await recover({ db, killOrphan, onEvent: log.onEvent, now: () => 5000 });
  expect(killed).toEqual([{ group: { pid: 7, startTime: '99' }, state: 'running' }]);
  expect(states(db)).toEqual(['main 1 queued', 'x 2 queued']);
  expect(log.types()).toEqual(['run-returned', 'run-returned']);
});

test('the newest logs are kept; a file is removed before it is forgotten', async () => {
  const db = await openTestState();
  const repository = watched('a', { keepLogs: 2 });
  for (let n = 1; n <= 4; n += 1) {
    look(db, { [main]: oid(n) }, { repository });
    claim(db);
    finishRun(db, n, { state: 'success', log: `/log/${n}` }, 3000);
  }
  const removed: string[] = [];
  const failing = async (path: string) => {
    removed.push(path);
    if (removed.length === 2) throw new Error('read-only');
  };
  await expect(pruneLogs(db, repository, failing)).rejects.toThrow('read-only');
  expect(oldLogs(db, 'a', 2).map(({ path }) => path)).toEqual(['/log/2', '/log/1']);
  await pruneLogs(db, repository, async () => {});
  expect(history(db, { limit: 9 }).map(({ log }) => log)).toEqual(['/log/4', '/log/3', undefined, undefined]);
});

test('history by repository, ref and state, in pages', async () => {
  const db = await openTestState();
  look(db, { [main]: oid(1), 'refs/heads/x': oid(2) });
  look(db, { [main]: oid(3) }, { repository: watched('b') });
  claim(db);
  const ids = (query: Partial<Parameters<typeof history>[1]>) =>
    history(db, { limit: 9, ...query }).map(({ id }) => id);
  expect(ids({})).toEqual([3, 2, 1]);
  expect(ids({ repository: 'a' })).toEqual([2, 1]);
  expect(ids({ ref: main })).toEqual([3, 1]);
  expect(ids({ state: 'running' })).toEqual([1]);
  expect(ids({ before: 3, limit: 1 })).toEqual([2]);
  expect(ids({ repository: 'c' })).toEqual([]);
});

describe('any sequence of looks, runs and crashes', () => {
  type Step =
    | { readonly kind: 'claim' | 'finish' | 'return' | 'crash' }
    | { readonly kind: 'look'; readonly refs: Refs };
  type Refs = Readonly<Record<string, string>>;
  const names = ['main', 'x', 'x/y'].map((name) => `refs/heads/${name}`);
  const refs = fc.dictionary(fc.constantFrom(...names), fc.integer({ min: 1, max: 3 }).map(oid));
  const step: fc.Arbitrary<Step> = fc.oneof(
    { weight: 4, arbitrary: fc.record({ kind: fc.constant('look' as const), refs }) },
    {
      weight: 6,
      arbitrary: fc.record({
        kind: fc.constantFrom('claim' as const, 'finish' as const, 'return' as const, 'crash' as const),
      }),
    },
  );

  function running(db: StateDatabase) {
    return history(db, { limit: 999, state: 'running' });
  }

  /** Everything but a look. */
  async function act(db: StateDatabase, kind: Step['kind']): Promise<void> {
    const oldest = running(db).at(-1)?.id ?? 0;
    if (kind === 'claim') claim(db);
    if (kind === 'finish') finishRun(db, oldest, { state: 'success' }, 3000);
    if (kind === 'return') returnRun(db, oldest, { cause: 'stopped', detail: 'x', now: 3000 });
    if (kind === 'crash') await recover({ db, killOrphan: async () => {}, onEvent: () => {}, now: () => 4000 });
  }

  function finishAll(db: StateDatabase): void {
    do {
      for (const { id } of running(db)) finishRun(db, id, { state: 'success' }, 5000);
    } while (claim(db) !== undefined);
  }

  test('what is known is what was last believed; each change has one run; two of a ref never overlap', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(step, { maxLength: 25 }), async (steps) => {
        const path = await stateFile();
        let db = await openState(path, takeLock);
        let belief = nothing;
        let changes = 0;
        for (const one of steps) {
          if (one.kind === 'crash') {
            await db[Symbol.asyncDispose]();
            db = await openState(path, takeLock);
          }
          await act(db, one.kind);
          expect(new Set(running(db).map(({ ref }) => ref)).size).toBe(running(db).length);
          if (one.kind !== 'look') continue;
          look(db, one.refs);
          const next = seeNext(belief, one.refs);
          belief = next.belief;
          changes += next.changes.length;
          expect(Object.fromEntries([...knownRefs(db, 1)].map(([ref, { oid: value }]) => [ref, value]))).toEqual(
            belief.refs,
          );
          expect(history(db, { limit: 999 }).length).toBe(changes);
        }
        finishAll(db);
        const settled = Object.entries(belief.refs).map(([ref, value]) => [ref, `${value[0]} settled`]);
        expect(known(db)).toEqual(Object.fromEntries(settled));
        await db[Symbol.asyncDispose]();
      }),
      { numRuns: 60 },
    );
  });
});
