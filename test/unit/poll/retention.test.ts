import { expect, test } from 'vitest';
import type { RefEvent } from '../../../src/core/poll/plan.ts';
import { claimRun, finishRun } from '../../../src/core/poll/progress.ts';
import { keptRuns, openRepositories } from '../../../src/core/poll/record.ts';
import type { StateDatabase } from '../../../src/core/poll/state/access.ts';
import { history } from '../../../src/core/poll/state/history.ts';
import { putReport } from '../../../src/core/poll/state/reports.ts';
import { insertRun, pruneRuns } from '../../../src/core/poll/state/runs.ts';
import { watch } from '../../../src/core/poll/watch.ts';
import { onceOptions } from '../../faults/poll-site.ts';
import {
  cannedListing,
  eventLog,
  noChangeHeads,
  oid,
  openTestState,
  quickWorld,
  sentReports,
  watched,
} from './site.ts';

function eventOf(n: number): RefEvent {
  return { ref: `refs/heads/${n}`, kind: 'created', oldOid: undefined, newOid: oid(n) };
}

function add(db: StateDatabase, repository: number, state: 'queued' | 'skipped', count: number): readonly number[] {
  return db.write('test', (tx) =>
    Array.from({ length: count }, (_, n) =>
      insertRun(tx, { repository, event: eventOf(n), state, detail: undefined, results: [], now: 0 }),
    ),
  );
}

const ids = (db: StateDatabase) => history(db, { limit: 99 }).map(({ id }) => id);

test('the oldest runs of each repository go, but none that is on its way, has a log, or is still to be reported', async () => {
  const db = await openTestState();
  const rows = openRepositories(db, ['a', 'b']);
  const [a = 0, b = 0] = [rows.get('a')?.id, rows.get('b')?.id];
  const [queued = 0, logged = 0] = add(db, a, 'queued', 2);
  claimRun(db, { repositories: [a], except: [queued] }, 0);
  finishRun(db, logged, { state: 'success', log: '/log' }, 0);
  const [reported = 0, other = 0] = add(db, a, 'skipped', 2);
  db.write('test', (tx) => putReport(tx, reported, 'status', 'final'));
  const [foreign = 0] = add(db, b, 'skipped', 1);
  const newer = add(db, a, 'skipped', 3);
  db.write('test', (tx) => pruneRuns(tx, a, 3));
  expect(ids(db)).toEqual([...newer.toReversed(), foreign, reported, logged, queued]);
  expect(ids(db)).not.toContain(other);
});

test('a watcher keeps so many, and what it knows of the refs does not go with the runs', async () => {
  const db = await openTestState();
  const a = openRepositories(db, ['a']).get('a')?.id ?? 0;
  add(db, a, 'skipped', keptRuns + 50);
  const { said, list } = cannedListing({ 'refs/heads/main': oid(1) });
  const ran: string[] = [];
  const ports = {
    ...{ db, list, listChangeHeads: async () => noChangeHeads, killOrphan: async () => {}, removeLog: async () => {} },
    ...{ send: sentReports().send, onEvent: eventLog().onEvent, world: quickWorld() },
    run: async ({ run }: { run: { ref: string } }) => {
      ran.push(run.ref);
      return { state: 'success' } as const;
    },
  };
  await watch(onceOptions([watched('a')]), ports);
  const count = () => db.get<{ n: number }>('SELECT count(*) AS n FROM run')?.n;
  expect(count()).toBe(keptRuns);
  db.write('test', (tx) => pruneRuns(tx, a, 0));
  expect(count()).toBe(0);
  await watch(onceOptions([watched('a')]), ports);
  expect(ran).toEqual(['refs/heads/main']);
  said.refs = { 'refs/heads/main': oid(2) };
  await watch(onceOptions([watched('a')]), ports);
  expect(ran).toHaveLength(2);
  // Numbers are not given out twice, or a log would be taken for another one.
  expect(history(db, { limit: 1 })[0]?.id).toBeGreaterThan(keptRuns + 50);
});
