import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, onTestFinished, test, vi } from 'vitest';
import { SluiceError } from '../../../src/core/errors.ts';
import type { FollowUps, Job, JobOutcome, JobStore, RunJob, WorkOptions } from '../../../src/core/jobs/store.ts';
import { delivery, job, keyed } from './job.ts';

export interface OpenOptions {
  readonly followUps?: FollowUps;
}

/** One backend: `open` gives a new, empty store; `reopen` opens the same one after its process has died. */
export interface StoreUnderTest {
  readonly name: string;
  open(options?: OpenOptions): Promise<{
    readonly store: JobStore;
    /** As after kill -9: nothing was told that it ends. */
    reopen(): Promise<JobStore>;
  }>;
}

const all: WorkOptions = {
  queues: ['mirror', 'script', 'status', 'judge', 'report'],
  concurrency: 8,
  perRepository: 8,
};
const success: JobOutcome = { state: 'success' };

/** What every store promises (JOBS, section 6). */
export function jobStoreSuite(backend: StoreUnderTest): void {
  async function open(options?: OpenOptions): Promise<JobStore> {
    const { store } = await backend.open(options);
    onTestFinished(async () => store[Symbol.asyncDispose]());
    return store;
  }

  function work(store: JobStore, run: RunJob, options: Partial<WorkOptions> = {}) {
    const worker = store.work({ ...all, ...options }, run);
    onTestFinished(() => worker.stop(0));
    return worker;
  }

  /** Waits until nothing is queued or running. */
  async function settled(store: JobStore): Promise<void> {
    await vi.waitFor(async () => expect(await store.list({ states: ['queued', 'running'], limit: 1 })).toEqual([]), {
      timeout: 10_000,
      interval: 5,
    });
  }

  async function states(store: JobStore): Promise<Readonly<Record<string, string>>> {
    const rows = await store.list({ limit: 100 });
    return Object.fromEntries(rows.map(({ name, state }) => [name, state]));
  }

  /** A job that goes on until it is let go or ended. */
  function gate() {
    const open = Promise.withResolvers<void>();
    const begun = Promise.withResolvers<Job>();
    const run: RunJob = async (one) => {
      begun.resolve(one);
      const ended = new Promise<never>((_, reject) =>
        one.signal.addEventListener('abort', () => reject(one.signal.reason)),
      );
      await Promise.race([open.promise, ended]);
      return success;
    };
    return { run, begun: begun.promise, open: open.resolve };
  }

  describe(`the job store ${backend.name}`, () => {
    test('gives each job the body of its own delivery, also when two sources use one id', async () => {
      const store = await open();
      const own = delivery({ source: 'app', body: Buffer.from('own') });
      await store.accept(own, [job('a')]);
      await store.accept({ ...own, source: 'other', body: Buffer.from('foreign') }, [job('b')]);
      const [loose = ''] = await store.enqueue([job('c')]);
      const [ofB, ofA] = await store.list({ delivery: own.guid, limit: 2 });
      expect(Buffer.from((await store.payload(ofA?.id ?? '')) ?? []).toString()).toBe('own');
      expect(Buffer.from((await store.payload(ofB?.id ?? '')) ?? []).toString()).toBe('foreign');
      expect(await store.payload(loose)).toBeUndefined();
      expect(await store.payload('no id')).toBeUndefined();
    });

    test('keeps a delivery with its headers and bytes, and runs its jobs', async () => {
      const store = await open();
      const bytes = Buffer.from([0, 255, 10, 13, 0x80]);
      const one = delivery({ body: bytes });
      expect(await store.accept(one, [job('a'), job('b')])).toEqual({ duplicate: false, queued: 2 });
      expect(await store.delivery(one.guid)).toMatchObject({
        headers: one.headers,
        bytes: 5,
        repeats: 0,
        event: 'push',
      });
      expect(Buffer.from((await store.body(one.guid)) ?? [])).toEqual(bytes);
      const ran: string[] = [];
      work(store, async ({ name, delivery: guid }) => {
        ran.push(`${name} ${guid}`);
        return success;
      });
      await settled(store);
      expect(ran.sort()).toEqual([`a ${one.guid}`, `b ${one.guid}`]);
    });

    test('the same delivery twice runs once, also when both come at the same time', async () => {
      const store = await open();
      const one = delivery();
      const accepted = await Promise.all([store.accept(one, [job('a')]), store.accept(one, [job('a')])]);
      expect(accepted).toEqual([
        { duplicate: false, queued: 1 },
        { duplicate: true, queued: 0 },
      ]);
      expect(await store.list({ limit: 9 })).toHaveLength(1);
      expect(await store.delivery(one.guid)).toMatchObject({ repeats: 1 });
    });

    test('the same id of another source is another delivery', async () => {
      const store = await open();
      const one = delivery();
      await store.accept(one, [job('a')]);
      expect(await store.accept({ ...one, source: 'other' }, [job('a')])).toMatchObject({ duplicate: false });
    });

    test('a redelivery runs again what had failed, and nothing else', async () => {
      const store = await open();
      const one = delivery();
      let fail = true;
      const ran: string[] = [];
      work(store, async ({ name }) => {
        ran.push(name);
        return { state: name === 'bad' && fail ? 'failure' : 'success' };
      });
      await store.accept(one, [job('good'), job('bad')]);
      await settled(store);
      fail = false;
      expect(await store.accept(one, [job('good'), job('bad')])).toEqual({ duplicate: false, queued: 1 });
      await settled(store);
      expect(ran.sort()).toEqual(['bad', 'bad', 'good']);
      expect(await states(store)).toEqual({ good: 'success', bad: 'success' });
    });

    test('a replay runs everything again', async () => {
      const store = await open();
      const one = delivery();
      await store.accept(one, [job('a')]);
      let ran = 0;
      work(store, async () => {
        ran += 1;
        return success;
      });
      await settled(store);
      expect(await store.replay(one.guid, [job('a'), job('new')])).toBe(2);
      await settled(store);
      expect(ran).toBe(3);
      await expect(store.replay('nobody', [])).rejects.toMatchObject({ code: 'not-found' });
    });

    test('a newer job supersedes the queued one of its key, and only that', async () => {
      const store = await open();
      await store.accept(delivery(), [keyed('old', 'main'), keyed('other', 'dev')]);
      await store.accept(delivery(), [keyed('new', 'main')]);
      const rows = await store.list({ limit: 9 });
      expect(Object.fromEntries(rows.map(({ name, state }) => [name, state]))).toEqual({
        old: 'superseded',
        other: 'queued',
        new: 'queued',
      });
      expect(rows.find(({ name }) => name === 'old')?.supersededBy).toBe(rows.find(({ name }) => name === 'new')?.id);
    });

    test('a newer commit ends the running job where that is asked for', async () => {
      const store = await open();
      const held = gate();
      work(store, async (one) => (one.name === 'old' ? await held.run(one) : success));
      await store.enqueue([keyed('old', 'main', { sha: 'a1' })]);
      const { signal } = await held.begun;
      await store.enqueue([keyed('same', 'main', { sha: 'a1', endsRunning: true })]);
      expect(signal.aborted).toBe(false);
      await store.enqueue([keyed('new', 'main', { sha: 'b2', endsRunning: true })]);
      await settled(store);
      expect(signal.reason).toMatchObject({ code: 'interrupted' });
      expect(await states(store)).toEqual({ old: 'superseded', same: 'superseded', new: 'success' });
    });

    test('a newer commit also ends a job that was being taken up at that moment', async () => {
      const store = await open();
      const held = gate();
      work(store, async (one) => (one.name === 'old' ? await held.run(one) : success));
      await store.enqueue([keyed('old', 'main', { sha: 'a1' })]);
      // Written together with the claim of the old one.
      await store.enqueue([keyed('new', 'main', { sha: 'b2', endsRunning: true })]);
      await settled(store);
      expect(await states(store)).toEqual({ old: 'superseded', new: 'success' });
    });

    test('without asking, the running one comes to its end and the newest follows', async () => {
      const store = await open();
      const held = gate();
      work(store, async (one) => (one.name === 'old' ? await held.run(one) : success));
      await store.enqueue([keyed('old', 'main', { sha: 'a1' })]);
      await held.begun;
      await store.enqueue([keyed('new', 'main', { sha: 'b2' })]);
      held.open();
      await settled(store);
      expect(await states(store)).toEqual({ old: 'success', new: 'success' });
    });

    test('jobs of one lane never overlap and keep their order, whatever happens between', async () => {
      const store = await open();
      const order: string[] = [];
      let running = 0;
      let failures = 2;
      work(store, async ({ name }) => {
        running += 1;
        expect(running).toBe(1);
        await sleep(2);
        running -= 1;
        if (name === 'b' && failures > 0) {
          failures -= 1;
          throw new SluiceError('unavailable', 'not now');
        }
        order.push(name);
        return success;
      });
      await store.enqueue(['a', 'b', 'c', 'd'].map((name) => job(name, { lane: 'one' })));
      await settled(store);
      expect(order).toEqual(['a', 'b', 'c', 'd']);
    });

    test('the limits hold: of all, and of each repository', async () => {
      const store = await open();
      const running = new Map<string, number>();
      let most = 0;
      let mostOfOne = 0;
      work(
        store,
        async ({ subject: { repo } }) => {
          running.set(repo, (running.get(repo) ?? 0) + 1);
          most = Math.max(
            most,
            [...running.values()].reduce((sum, count) => sum + count),
          );
          mostOfOne = Math.max(mostOfOne, running.get(repo) ?? 0);
          await sleep(3);
          running.set(repo, (running.get(repo) ?? 0) - 1);
          return success;
        },
        { concurrency: 3, perRepository: 2 },
      );
      const repos = ['gh:a/a', 'gh:b/b', 'gh:c/c'];
      await store.enqueue(repos.flatMap((repo) => [1, 2, 3, 4, 5].map((n) => job(`${repo} ${n}`, { repo }))));
      await settled(store);
      expect({ most, mostOfOne }).toEqual({ most: 3, mostOfOne: 2 });
    });

    test('a worker takes only what is in its queues', async () => {
      const store = await open();
      work(store, async () => success, { queues: ['mirror'] });
      await store.enqueue([job('m', { queue: 'mirror' }), job('s', { queue: 'script' })]);
      await vi.waitFor(async () => expect(await states(store)).toEqual({ m: 'success', s: 'queued' }));
    });

    test('a fault that may pass is tried again as often as its patience allows; then it is dead, until somebody retries it', async () => {
      const store = await open();
      const attempts: number[] = [];
      let broken = true;
      work(store, async ({ attempt }) => {
        attempts.push(attempt);
        if (broken) throw new SluiceError('unavailable', 'the forge is down', { hint: 'wait' });
        return success;
      });
      const [id = ''] = await store.enqueue([job('a')]);
      await settled(store);
      expect(attempts).toEqual([1, 2, 3]);
      expect(await store.find(id)).toMatchObject({ state: 'error', detail: 'the forge is down. wait', attempt: 3 });
      broken = false;
      expect(await store.retry(id, { pinned: true })).toBe('done');
      await settled(store);
      expect(await store.find(id)).toMatchObject({ state: 'success', attempt: 1, pinned: true, detail: '' });
      expect(attempts).toEqual([1, 2, 3, 1]);
    });

    test('what cannot pass is not tried again', async () => {
      const store = await open();
      let ran = 0;
      work(store, async () => {
        ran += 1;
        throw new SluiceError('denied', 'no permission');
      });
      const [id = ''] = await store.enqueue([job('a')]);
      await settled(store);
      expect(ran).toBe(1);
      expect(await store.find(id)).toMatchObject({ state: 'error', detail: 'no permission' });
    });

    test('a failed attempt does not run again after a newer one of its key', async () => {
      const store = await open();
      const ran: string[] = [];
      const failing = Promise.withResolvers<void>();
      work(store, async ({ name }) => {
        ran.push(name);
        if (name === 'new') return success;
        await failing.promise;
        throw new SluiceError('unavailable', 'not now');
      });
      await store.enqueue([keyed('old', 'main')]);
      await vi.waitFor(() => expect(ran).toEqual(['old']));
      await store.enqueue([keyed('new', 'main')]);
      failing.resolve();
      await settled(store);
      expect(ran).toEqual(['old', 'new']);
      expect(await states(store)).toEqual({ old: 'superseded', new: 'success' });
    });

    test('cancel ends what is queued, waits for a person, or runs; what has ended stays', async () => {
      const store = await open();
      const held = gate();
      const worker = work(store, async (one) => (one.name === 'running' ? await held.run(one) : { state: 'waiting' }), {
        concurrency: 2,
      });
      const [running = '', waiting = ''] = await store.enqueue([job('running'), job('waiting')]);
      await held.begun;
      await vi.waitFor(async () => expect(await store.find(waiting)).toMatchObject({ state: 'waiting' }));
      expect(await store.cancel(running, 'by me')).toBe('done');
      expect(await store.cancel(waiting, 'by me')).toBe('done');
      await settled(store);
      await worker.stop(0);
      const [queued = ''] = await store.enqueue([job('queued')]);
      expect(await store.cancel(queued, 'by me')).toBe('done');
      expect(await states(store)).toEqual({ running: 'cancelled', waiting: 'cancelled', queued: 'cancelled' });
      expect(await store.find(running)).toMatchObject({ detail: 'by me' });
      expect(await store.cancel(queued, 'again')).toBe('not-possible');
      expect(await store.cancel('999', 'x')).toBe('not-found');
      expect(await store.cancel('../1', 'x')).toBe('not-found');
    });

    test('a job that waits for a person holds up nobody, and a newer one takes its place', async () => {
      const store = await open();
      work(store, async ({ name }) => ({ state: name === 'old' ? 'waiting' : 'success' }));
      await store.enqueue([keyed('old', 'main')]);
      await vi.waitFor(async () => expect(await states(store)).toEqual({ old: 'waiting' }));
      await store.enqueue([keyed('new', 'main')]);
      await settled(store);
      expect(await states(store)).toEqual({ old: 'superseded', new: 'success' });
    });

    test('what follows a start or an end is queued with it', async () => {
      const followUps: FollowUps = (row) =>
        row.queue === 'status' ? [] : [keyed(`${row.name} ${row.state}`, `status ${row.name}`, { queue: 'status' })];
      const store = await open({ followUps });
      work(
        store,
        async (one) => {
          await one.started({ sha: 'c3' });
          return { state: 'failure', lastLine: 'no', detail: 'why' };
        },
        { queues: ['script'] },
      );
      await store.enqueue([job('a')]);
      await vi.waitFor(async () =>
        expect(await states(store)).toEqual({ a: 'failure', 'a running': 'superseded', 'a failure': 'queued' }),
      );
      const [row] = await store.list({ queues: ['script'], limit: 1 });
      expect(row).toMatchObject({ lastLine: 'no', detail: 'why', subject: { sha: 'c3' } });
    });

    test('the commit that somebody was told of and not yet how it ended is known, also after a crash', async () => {
      const followUps: FollowUps = (row) =>
        row.queue === 'status' || row.state === 'skipped'
          ? []
          : [
              keyed(`${row.state} after ${row.told}`, `status ${row.name}`, {
                queue: 'status',
                sha: row.subject.sha ?? '',
              }),
            ];
      const { store, reopen } = await backend.open({ followUps });
      const begun = Promise.withResolvers<void>();
      void store.work({ ...all, queues: ['script'] }, async (one) => {
        await one.started({ sha: 'first' });
        begun.resolve();
        return await new Promise(() => {});
      });
      const [id = ''] = await store.enqueue([job('a')]);
      await begun.promise;
      expect(await store.find(id)).toMatchObject({ told: 'first' });
      const after = await reopen();
      onTestFinished(async () => after[Symbol.asyncDispose]());
      await after.recover(async () => {});
      const outcomes: JobOutcome[] = [{ state: 'skipped' }, { state: 'waiting', sha: 'second' }, success];
      work(after, async () => outcomes.shift() ?? success, { queues: ['script'] });
      const told: (string | undefined)[] = [];
      for (const state of ['skipped', 'waiting', 'success']) {
        await vi.waitFor(async () => expect((await after.find(id))?.state).toBe(state));
        told.push((await after.find(id))?.told);
        await after.retry(id, { pinned: false });
      }
      expect(told).toEqual(['first', 'second', undefined]);
    });

    test('a job that is to be forgotten leaves nothing when it has succeeded', async () => {
      const store = await open();
      work(store, async ({ name }) => ({ state: name === 'sent' ? 'success' : 'failure' }));
      await store.enqueue([job('sent', { forget: true }), job('refused', { forget: true })]);
      await settled(store);
      expect(await states(store)).toEqual({ refused: 'failure' });
    });

    test('a delayed job comes when its time has come', async () => {
      const store = await open();
      const began = performance.now();
      const ran = Promise.withResolvers<number>();
      work(store, async () => {
        ran.resolve(performance.now());
        return success;
      });
      await store.enqueue([job('later', { delayMs: 60 })]);
      expect((await ran.promise) - began).toBeGreaterThanOrEqual(55);
    });

    test('stop lets jobs end within the grace, and puts the others back without counting the attempt', async () => {
      const store = await open();
      const held = gate();
      const worker = store.work(all, async (one) => {
        if (one.name === 'long') return await held.run(one);
        await sleep(20);
        return success;
      });
      await store.enqueue([job('long'), job('short')]);
      await held.begun;
      await worker.stop(200);
      const rows = await store.list({ limit: 9 });
      expect(rows.map(({ name, state, attempt }) => [name, state, attempt]).sort()).toEqual([
        ['long', 'queued', 0],
        ['short', 'success', 1],
      ]);
    });

    test('after a crash what was running is found with its processes, ended, and done again', async () => {
      const { store, reopen } = await backend.open();
      const held = gate();
      void store.work(all, async (one) => {
        await one.started({ processes: 'group 7' });
        return await held.run(one);
      });
      await store.enqueue([job('a')]);
      await held.begun;
      const after = await reopen();
      onTestFinished(async () => after[Symbol.asyncDispose]());
      const ended: (string | undefined)[] = [];
      await after.recover(async ({ processes }) => void ended.push(processes));
      expect(ended).toEqual(['group 7']);
      const attempts: number[] = [];
      work(after, async ({ attempt }) => {
        attempts.push(attempt);
        return success;
      });
      await settled(after);
      expect(attempts).toEqual([2]);
    });

    test('a job that takes sluice down with it is given up in the end', async () => {
      const { store, reopen } = await backend.open();
      const held = gate();
      void store.work(all, held.run);
      await store.enqueue([job('a', { patience: { attempts: 1, delayMs: 1, longestMs: 1 } })]);
      await held.begun;
      const after = await reopen();
      onTestFinished(async () => after[Symbol.asyncDispose]());
      await after.recover(async () => {});
      expect(await states(after)).toEqual({ a: 'error' });
    });

    test('lists by page, repository, state, key and delivery, newest first', async () => {
      const store = await open();
      const one = delivery();
      await store.accept(one, [keyed('a', 'k'), job('b')]);
      await store.enqueue([job('c', { repo: 'gh:acme/other' }), job('d')]);
      const names = async (query: Parameters<JobStore['list']>[0]) => (await store.list(query)).map(({ name }) => name);
      expect(await names({ limit: 9 })).toEqual(['d', 'c', 'b', 'a']);
      const [, second] = await store.list({ limit: 2 });
      expect(await names({ limit: 2, before: second?.id })).toEqual(['b', 'a']);
      expect(await names({ limit: 9, before: 'no cursor' })).toHaveLength(4);
      expect(await names({ limit: 9, repo: 'gh:acme/other' })).toEqual(['c']);
      expect(await names({ limit: 9, key: 'k' })).toEqual(['a']);
      expect(await names({ limit: 9, delivery: one.guid })).toEqual(['b', 'a']);
      expect(await names({ limit: 9, states: ['success'] })).toEqual([]);
      expect(await store.counts()).toMatchObject([{ queue: 'script', state: 'queued', count: 4 }]);
      expect(await store.repositories(['gh:acme/app'])).toMatchObject([{ queued: 3, running: 0, dead: 0 }]);
    });

    test('what was given up is a dead letter until a newer one of its key takes its place', async () => {
      const store = await open();
      const outcomes = new Map<string, JobOutcome>([
        ['old', { state: 'error' }],
        ['other', { state: 'timed-out' }],
        ['loose', { state: 'error' }],
      ]);
      work(store, async ({ name }) => outcomes.get(name) ?? success);
      await store.enqueue([keyed('old', 'k'), keyed('other', 'l'), job('loose')]);
      await settled(store);
      const dead = async () => {
        const listed = await store.list({ states: ['error', 'timed-out'], newest: true, limit: 9 });
        const [{ dead: ofRepository } = { dead: 0 }] = await store.repositories(['gh:acme/app']);
        const counted = (await store.counts()).reduce((sum, { count }) => sum + count, 0);
        return { names: listed.map(({ name }) => name), ofRepository, counted };
      };
      expect(await dead()).toEqual({ names: ['loose', 'other', 'old'], ofRepository: 3, counted: 3 });
      await store.enqueue([keyed('new', 'k')]);
      await settled(store);
      expect(await dead()).toEqual({ names: ['loose', 'other'], ofRepository: 2, counted: 2 });
    });

    test('lists deliveries with what became of them', async () => {
      const store = await open();
      const kept = delivery();
      const ignored = delivery({ reason: 'nothing to do', repo: undefined });
      await store.accept(kept, [job('a')]);
      await store.accept(ignored, []);
      await store.accept(ignored, []);
      const guids = async (query: Parameters<JobStore['deliveries']>[0]) =>
        (await store.deliveries(query)).map(({ guid }) => guid);
      expect(await guids({ limit: 9 })).toEqual([ignored.guid, kept.guid]);
      expect(await guids({ limit: 9, result: 'ignored' })).toEqual([ignored.guid]);
      expect(await guids({ limit: 9, result: 'duplicate', source: 'app' })).toEqual([ignored.guid]);
      expect(await store.delivery(kept.guid)).toMatchObject({ jobs: { queued: 1 } });
      expect(await store.delivery('nobody')).toBeUndefined();
    });

    test('forgets what is old, and keeps what is not done', async () => {
      const store = await open();
      const old = delivery({ receivedAt: 1 });
      const open_ = delivery({ receivedAt: 1 });
      const waits = delivery({ receivedAt: 1 });
      const worker = work(store, async ({ name }) => (name === 'person' ? { state: 'waiting' } : success));
      await store.accept(old, [job('a')]);
      await store.accept(waits, [job('person')]);
      await settled(store);
      await worker.stop(0);
      await store.accept(open_, [job('b')]);
      const later = Date.now() + 60_000;
      expect(await store.prune({ jobs: later, bodies: later })).toEqual({
        jobs: [expect.any(String)],
        bodies: 1,
        deliveries: 1,
      });
      expect(await store.delivery(old.guid)).toBeUndefined();
      for (const { guid } of [open_, waits]) expect(await store.body(guid)).toBeDefined();
      expect(await states(store)).toEqual({ b: 'queued', person: 'waiting' });
    });

    test('tells of every change once it is durable', async () => {
      const store = await open();
      const heard: string[] = [];
      const unsubscribe = store.subscribe(({ kind, id }) => heard.push(`${kind} ${id}`));
      const one = delivery();
      await store.accept(one, [job('a')]);
      expect(heard.sort()).toEqual([`delivery ${one.guid}`, 'run 1']);
      unsubscribe();
      await store.enqueue([job('b')]);
      expect(heard).toHaveLength(2);
    });

    test('remembers small things across a crash', async () => {
      const { store, reopen } = await backend.open();
      await store.remember('alive', '1');
      await store.remember('alive', '2');
      const after = await reopen();
      onTestFinished(async () => after[Symbol.asyncDispose]());
      expect(await after.recall('alive')).toBe('2');
      expect(await after.recall('nothing')).toBeUndefined();
    });
  });
}
