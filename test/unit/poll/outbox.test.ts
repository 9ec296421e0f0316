import { describe, expect, test } from 'vitest';
import { SluiceError } from '../../../src/core/errors.ts';
import type { Forge } from '../../../src/core/forges/forge.ts';
import { type OutboxOptions, startOutbox } from '../../../src/core/poll/outbox.ts';
import type { Report, SendReport } from '../../../src/core/poll/ports.ts';
import { claimRun, finishRun, markStarted } from '../../../src/core/poll/progress.ts';
import { openRepository } from '../../../src/core/poll/record.ts';
import type { StateDatabase } from '../../../src/core/poll/state/access.ts';
import { findRun } from '../../../src/core/poll/state/history.ts';
import { knownRefs } from '../../../src/core/poll/state/refs.ts';
import {
  eventLog,
  oid,
  openTestState,
  quickWorld,
  recordLook,
  sentReports,
  unsentReports,
  until,
  watched,
} from './site.ts';

const repo = watched('a', { results: ['status', 'commit'] });

function finished(db: StateDatabase, ref = 'refs/heads/main', of = repo) {
  const event = { ref, kind: 'created', oldOid: undefined, newOid: oid(1) } as const;
  const plan = { events: [event], remember: new Map(), forget: [], doubted: 0, unusable: [] };
  const row = openRepository(db, of.key);
  recordLook(db, of, plan);
  const run = claimRun(db, { repositories: [row.id], except: [] }, 2);
  if (run === undefined) throw new Error('nothing was queued');
  finishRun(db, run.id, { state: 'success' }, 3);
  return run;
}

async function site(send: SendReport, more: Partial<OutboxOptions> = {}) {
  const db = await openTestState();
  const log = eventLog();
  const world = quickWorld();
  const options = { repositories: [repo], limitMs: 60_000, longestWaitMs: Number.POSITIVE_INFINITY, ...more };
  return { db, log, world, outbox: startOutbox(options, { db, send, onEvent: log.onEvent, world }) };
}

describe('the outbox', () => {
  test('sends every report once, and forgets it when it is acknowledged', async () => {
    const { reports, send } = sentReports();
    const { db, outbox } = await site(send);
    finished(db);
    await outbox.drained();
    await outbox.drained();
    expect(reports.map(({ key }) => key)).toEqual(['1/status/final', '1/commit/final']);
    expect(reports[0]?.run).toMatchObject({ state: 'success', newOid: oid(1) });
    expect(unsentReports(db)).toBe(0);
  });

  test('tries again with growing pauses, as long as the forge asks for', async () => {
    let tries = 0;
    const send: SendReport = async () => {
      tries += 1;
      if (tries === 1) throw new SluiceError('unavailable', 'down');
      if (tries === 2) throw new SluiceError('rate-limited', 'slow down', { retryAfterMs: 100_000 });
      return {};
    };
    const { db, outbox, world, log } = await site(send, { repositories: [repo] });
    finished(db);
    await outbox.drained();
    expect(world.waits).toEqual([5000, 105_000]);
    expect(log.of('report-failed')).toMatchObject([{ final: false }, { final: false }]);
    expect(log.of('report-sent')).toHaveLength(2);
  });

  test.each([
    ['for a while', 100_000, Number.POSITIVE_INFINITY],
    ['for longer than this process goes on', 3_600_000, 30_000],
  ])(
    'a forge that asks for a pause %s is sent nothing else meanwhile; others are',
    async (_what, retryAfterMs, longestWaitMs) => {
      const endpoint = { ...repo.endpoint, forge: { alias: 'busy' } as Forge };
      const busy = { ...repo, endpoint };
      const other = watched('b', { results: ['status', 'commit'] });
      const sent: string[] = [];
      let refused = 0;
      const send: SendReport = async ({ key }, { kind }) => {
        if (key === 'a' && refused === 0) {
          refused += 1;
          throw new SluiceError('rate-limited', 'slow down', { retryAfterMs });
        }
        sent.push(`${key} ${kind}`);
        return {};
      };
      const { db, outbox, log } = await site(send, { repositories: [busy, other], longestWaitMs });
      finished(db, 'refs/heads/x');
      outbox.wake();
      // A report that is on its way cannot be taken back; these come after the answer.
      await until(() => log.types().includes('report-failed'));
      finished(db, 'refs/heads/y');
      finished(db, 'refs/heads/main', other);
      await outbox.drained();
      expect(sent.slice(0, 2)).toEqual(['b status', 'b commit']);
      expect([sent.length, unsentReports(db)]).toEqual(longestWaitMs === 30_000 ? [2, 4] : [6, 0]);
    },
  );

  test('a refusal for good is in the history of the run', async () => {
    const send: SendReport = async (_repository, { kind }) => {
      if (kind === 'status') throw new SluiceError('denied', 'the token lacks repo:status');
      return {};
    };
    const { db, outbox, log } = await site(send);
    finished(db);
    await outbox.drained();
    expect(findRun(db, 1)?.reportProblems).toEqual(['status: the token lacks repo:status']);
    expect(log.of('report-failed')).toMatchObject([{ kind: 'status', final: true }]);
    expect(unsentReports(db)).toBe(0);
  });

  test('gives up after thirty attempts', async () => {
    let tries = 0;
    const send: SendReport = async () => {
      tries += 1;
      throw new SluiceError('unavailable', 'down');
    };
    const { db, outbox } = await site(send);
    finished(db);
    await outbox.drained();
    expect(tries).toBe(60);
    expect(findRun(db, 1)?.reportProblems).toEqual(['status: down', 'commit: down']);
  });

  test('what is too far away is left to a later process', async () => {
    const send: SendReport = async () => {
      throw new SluiceError('rate-limited', 'slow down', { retryAfterMs: 3_600_000 });
    };
    const { db, outbox } = await site(send, { longestWaitMs: 30_000 });
    finished(db);
    await outbox.drained();
    expect(unsentReports(db)).toBe(2);
    const later = sentReports();
    const again = startOutbox(
      { repositories: [repo], limitMs: 60_000, longestWaitMs: 30_000 },
      { db, send: later.send, onEvent: () => {}, world: quickWorld() },
    );
    await again.drained();
    expect(later.reports).toHaveLength(2);
  });

  test('pending never comes after final, also when it takes long', async () => {
    const order: string[] = [];
    const gate = Promise.withResolvers<void>();
    const send = async (_repository: unknown, { phase, kind }: Report) => {
      if (phase === 'pending') await gate.promise;
      order.push(`${kind} ${phase}`);
      return {};
    };
    const { db, outbox } = await site(send);
    const event = { ref: 'refs/heads/x', kind: 'created', oldOid: undefined, newOid: oid(1) } as const;
    const plan = { events: [event], remember: new Map(), forget: [], doubted: 0, unusable: [] };
    const row = openRepository(db, 'a');
    recordLook(db, repo, plan);
    const run = claimRun(db, { repositories: [row.id], except: [] }, 2);
    if (run === undefined) throw new Error('nothing was queued');
    markStarted(db, run, { group: undefined, log: undefined });
    outbox.wake();
    finishRun(db, run.id, { state: 'success' }, 3);
    outbox.wake();
    gate.resolve();
    await outbox.drained();
    expect(order).toEqual(['status pending', 'status final', 'commit final']);
  });

  test('the commit that a report made is known as our own', async () => {
    const send: SendReport = async (_repository, { kind }) => (kind === 'commit' ? { ownCommit: oid(9) } : {});
    const { db, outbox } = await site(send);
    finished(db);
    await outbox.drained();
    expect(knownRefs(db, 1).get('refs/heads/main')).toEqual({ oid: oid(9), state: 'settled' });
  });

  test('close ends what is on its way, and keeps it', async () => {
    const send: SendReport = async (_repository, _report, { signal }) => {
      const { promise, reject } = Promise.withResolvers<never>();
      signal.addEventListener('abort', () => reject(signal.reason));
      return await promise;
    };
    const { db, outbox } = await site(send);
    finished(db);
    outbox.wake();
    await outbox.close();
    expect(unsentReports(db)).toBe(2);
    expect(findRun(db, 1)?.reportProblems).toEqual([]);
  });
});
