import { join } from 'node:path';
import { expect, test, vi } from 'vitest';
import { openSqliteStore } from '../../src/core/jobs/sqlite/open.ts';
import { delivery, job } from '../contract/jobs/job.ts';
import { testDir } from '../support/temp-dir.ts';

const options = { followUps: () => [], now: Date.now, random: () => 0.5, onFault: () => {} };

test('ten thousand queued deliveries: order, limits and other repositories hold, and all of them survive', async () => {
  const path = join(await testDir(), 'jobs.sqlite');
  const all = 10_000;
  const store = await openSqliteStore(path, options);
  const accepted: Promise<unknown>[] = [];
  for (let n = 0; n < all; n += 1)
    accepted.push(store.accept(delivery({ guid: `g${n}` }), [job(`${n}`, { lane: 'one' })]));
  await Promise.all(accepted);
  const ran: string[] = [];
  const others: string[] = [];
  const worker = store.work({ queues: ['script'], concurrency: 4, perRepository: 2 }, async ({ name, subject }) => {
    (subject.repo === 'gh:acme/other' ? others : ran).push(name);
    return { state: 'success' };
  });
  await vi.waitFor(() => expect(ran.length).toBeGreaterThan(50), { timeout: 50_000 });
  // Somebody else's job does not wait behind them.
  await store.enqueue([job('other', { repo: 'gh:acme/other' })]);
  await vi.waitFor(() => expect(others).toEqual(['other']), { timeout: 50_000 });
  await worker.stop(0);
  expect(ran).toEqual(ran.map((_, at) => `${at}`));
  expect(ran.length).toBeLessThan(all);
  await store[Symbol.asyncDispose]();
  await using again = await openSqliteStore(path, options);
  expect(await again.counts()).toMatchObject([{ state: 'queued', count: all - ran.length }]);
  expect(await again.body(`g${all - 1}`)).toEqual(new Uint8Array(Buffer.from('{"some":"body"}')));
});
