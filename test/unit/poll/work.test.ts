import { describe, expect, test } from 'vitest';
import { SluiceError } from '../../../src/core/errors.ts';
import type { PollPlan, RefEvent } from '../../../src/core/poll/plan.ts';
import type { PipelineOutcome, PipelineRequest, RunPipeline } from '../../../src/core/poll/ports.ts';
import type { WatchedRepository } from '../../../src/core/poll/repository.ts';
import type { StateDatabase } from '../../../src/core/poll/state/access.ts';
import { findRun, history } from '../../../src/core/poll/state/history.ts';
import { startWorker, type WorkOptions } from '../../../src/core/poll/work.ts';
import { eventLog, heldPipeline, oid, openTestState, quickWorld, recordLook, until, watched } from './site.ts';

function queue(
  db: StateDatabase,
  repository: WatchedRepository,
  refs: Readonly<Record<string, string>>,
  supersedeRunning = false,
) {
  const events = Object.entries(refs).map(
    ([name, newOid]): RefEvent => ({ ref: `refs/heads/${name}`, kind: 'moved', oldOid: undefined, newOid }),
  );
  const plan: PollPlan = { events, remember: new Map(), forget: [], doubted: 0, unusable: [] };
  return recordLook(db, repository, plan, { supersedeRunning, now: 1000 });
}

async function site(run: RunPipeline, more: Partial<WorkOptions> = {}) {
  const db = await openTestState();
  const log = eventLog();
  const world = quickWorld();
  const removed: string[] = [];
  const removeLog = async (path: string) => void removed.push(path);
  const options = {
    repositories: [watched('a', { concurrency: 10 }), watched('b')],
    concurrency: 10,
    graceMs: 1000,
    saveAttempts: 3,
    longestWaitMs: Number.POSITIVE_INFINITY,
    ...more,
  };
  const worker = startWorker(options, { db, run, removeLog, onEvent: log.onEvent, onReports: () => {}, world });
  const [a = watched('a'), b = watched('b')] = options.repositories;
  return { db, log, world, worker, removed, a, b };
}

/** Answers in turn; the last answer is for all that follow. */
function answers(
  ...list: readonly (PipelineOutcome | Error)[]
): RunPipeline & { readonly requests: PipelineRequest[] } {
  const requests: PipelineRequest[] = [];
  const run: RunPipeline = async (request) => {
    const answer = list[Math.min(requests.push(request), list.length) - 1];
    if (answer === undefined || answer instanceof Error) throw answer;
    request.onStart({ group: undefined, log: `/log/${request.run.id}` });
    return answer;
  };
  return Object.assign(run, { requests });
}

const success: PipelineOutcome = { state: 'success', exitStatus: 0, lastLine: 'ok' };

describe('the worker', () => {
  test('runs what is queued, and is idle then', async () => {
    const run = answers(success);
    const { db, a, worker, log } = await site(run);
    queue(db, a, { main: oid(1), x: oid(2) });
    worker.wake();
    await worker.idle();
    expect(history(db, { limit: 9 }).map(({ state }) => state)).toEqual(['success', 'success']);
    expect(run.requests.map(({ run: { ref, newOid, state, attempt } }) => ({ ref, newOid, state, attempt }))).toEqual([
      { ref: 'refs/heads/main', newOid: oid(1), state: 'running', attempt: 1 },
      { ref: 'refs/heads/x', newOid: oid(2), state: 'running', attempt: 1 },
    ]);
    expect(log.types().sort()).toEqual(['run-finished', 'run-finished', 'run-started', 'run-started']);
  });

  test('never two of one ref; a newer commit takes the place of the one that waits', async () => {
    const pipeline = heldPipeline();
    const { db, a, worker } = await site(pipeline.run);
    queue(db, a, { main: oid(1) });
    worker.wake();
    await pipeline.begun(1);
    queue(db, a, { main: oid(2) });
    worker.wake();
    queue(db, a, { main: oid(3) });
    worker.wake();
    const idle = worker.idle();
    await pipeline.end(1);
    await pipeline.begun(2);
    await pipeline.end(3);
    await idle;
    expect(pipeline.requests.map(({ run }) => run.newOid)).toEqual([oid(1), oid(3)]);
    expect(findRun(db, 2)?.state).toBe('superseded');
  });

  test('keeps the limits of a repository and of all together', async () => {
    const pipeline = heldPipeline();
    const { db, a, b, worker } = await site(pipeline.run, { concurrency: 3 });
    queue(db, b, { main: oid(1), x: oid(2) });
    queue(db, a, { main: oid(1), x: oid(2), y: oid(3) });
    worker.wake();
    const idle = worker.idle();
    await pipeline.begun(3);
    const running = () =>
      history(db, { limit: 9, state: 'running' })
        .map(({ id }) => id)
        .sort();
    expect(running()).toEqual([1, 3, 4]);
    await pipeline.end(1);
    await pipeline.begun(4);
    expect(running()).toEqual([2, 3, 4]);
    for (const id of [2, 3, 4]) await pipeline.end(id);
    await pipeline.begun(5);
    await pipeline.end(5);
    await idle;
  });

  test('a failing script is a result; a fault that may pass is tried again, for ten minutes', async () => {
    const down = new SluiceError('unavailable', 'cannot fetch', {});
    const asked = new SluiceError('unavailable', 'cannot fetch', { retryAfterMs: 60_000 });
    const run = answers({ state: 'failure', exitStatus: 1 }, asked, ...Array.from({ length: 7 }, () => down), success);
    const { db, a, worker, world } = await site(run);
    queue(db, a, { main: oid(1) });
    worker.wake();
    await worker.idle();
    expect(findRun(db, 1)).toMatchObject({ state: 'failure', exitStatus: 1, attempt: 1 });
    queue(db, a, { main: oid(2) });
    worker.wake();
    await worker.idle();
    expect(findRun(db, 2)).toMatchObject({ state: 'error', detail: 'cannot fetch (tried 8 times)' });
    expect(world.waits).toEqual([63_000, 10_000, 20_000, 40_000, 80_000, 160_000, 320_000]);
  });

  test('a fault that stays is the result, with its hint', async () => {
    const { db, a, worker } = await site(
      answers(new SluiceError('config', 'no bwrap', { hint: 'Install it.' }), new Error('a bug')),
    );
    queue(db, a, { main: oid(1) });
    worker.wake();
    await worker.idle();
    queue(db, a, { main: oid(2) });
    worker.wake();
    await worker.idle();
    expect(findRun(db, 1)).toMatchObject({ state: 'error', detail: 'no bwrap. Install it.' });
    expect(findRun(db, 2)).toMatchObject({ state: 'error', detail: 'a bug' });
  });

  test('an attempt that is too far away is left to a later process', async () => {
    const down = new SluiceError('rate-limited', 'slow down', { retryAfterMs: 3_600_000 });
    const run = answers(down, success);
    const { db, a, worker, log } = await site(run, { longestWaitMs: 30_000 });
    queue(db, a, { main: oid(1) });
    worker.wake();
    await worker.idle();
    expect(findRun(db, 1)).toMatchObject({ state: 'queued', detail: 'slow down' });
    expect(log.of('run-returned')).toMatchObject([{ fault: { code: 'rate-limited' } }]);
    expect(run.requests).toHaveLength(1);
  });

  test('a run that is no longer wanted is ended', async () => {
    const pipeline = heldPipeline();
    const { db, a, worker } = await site(pipeline.run);
    queue(db, a, { main: oid(1) });
    worker.wake();
    await pipeline.begun(1);
    const { stopped } = queue(db, a, { main: oid(2) }, true);
    worker.end(stopped);
    worker.wake();
    await pipeline.begun(2);
    expect(findRun(db, 1)).toMatchObject({ state: 'superseded', detail: 'superseded by run 2' });
    await pipeline.end(2);
    await worker.idle();
  });

  test('close lets scripts end in their grace, ends the rest, and queues those again', async () => {
    const pipeline = heldPipeline();
    const { db, a, worker, world, log } = await site(pipeline.run);
    queue(db, a, { main: oid(1), x: oid(2) });
    worker.wake();
    await pipeline.begun(2);
    await pipeline.end(1, success);
    await until(() => log.of('run-finished').length === 1);
    queue(db, a, { late: oid(3) });
    await worker.close();
    expect(world.waits).toEqual([1000]);
    expect(findRun(db, 1)?.state).toBe('success');
    expect(findRun(db, 2)).toMatchObject({ state: 'queued', attempt: 0, detail: 'sluice was stopped' });
    expect(findRun(db, 3)).toMatchObject({ state: 'queued', attempt: 0 });
  });

  test('a script that ends by itself while it is being ended keeps its result', async () => {
    const run: RunPipeline = async ({ signal }) => {
      const { promise, resolve } = Promise.withResolvers<PipelineOutcome>();
      signal.addEventListener('abort', () => resolve({ state: 'failure', exitStatus: 2 }));
      return await promise;
    };
    const { db, a, worker, log } = await site(run);
    queue(db, a, { main: oid(1) });
    worker.wake();
    await until(() => log.types().includes('run-started'));
    await worker.close();
    expect(findRun(db, 1)).toMatchObject({ state: 'failure', exitStatus: 2 });
  });

  test('old logs are removed after a run', async () => {
    const { db, a, worker, removed } = await site(answers(success), { repositories: [watched('a', { keepLogs: 1 })] });
    for (const n of [1, 2, 3]) {
      queue(db, a, { main: oid(n) });
      worker.wake();
      await worker.idle();
    }
    expect(removed).toEqual(['/log/1', '/log/2']);
  });

  test('runs of repositories that nobody watches now wait for somebody who does', async () => {
    const run = answers(success);
    const { db, worker } = await site(run);
    queue(db, watched('elsewhere'), { main: oid(1) });
    worker.wake();
    await worker.idle();
    expect(run.requests).toEqual([]);
    expect(findRun(db, 1)?.state).toBe('queued');
  });
});
