import { join } from 'node:path';
import { expect, onTestFinished, test, vi } from 'vitest';
import { SluiceError } from '../../../src/core/errors.ts';
import { openSqliteStore } from '../../../src/core/jobs/sqlite/open.ts';
import { testDir } from '../../support/temp-dir.ts';
import { job } from './job.ts';

test('a job whose time comes between two looks at the clock is not forgotten', async () => {
  const start = Date.now();
  let looks = 0;
  // Whoever looks finds more time gone by than the job was to wait.
  const now = () => start + 20 * looks++;
  const path = join(await testDir(), 'jobs.sqlite');
  const store = await openSqliteStore(path, { followUps: () => [], now, random: () => 0.5, onFault: () => {} });
  const attempts: number[] = [];
  const worker = store.work({ queues: ['script'], concurrency: 1, perRepository: 1 }, async ({ attempt }) => {
    attempts.push(attempt);
    if (attempt < 3) throw new SluiceError('unavailable', 'the forge is down');
    return { state: 'success' };
  });
  onTestFinished(async () => {
    await worker.stop(0);
    await store[Symbol.asyncDispose]();
  });
  await store.enqueue([job('a', { patience: { attempts: 3, delayMs: 30, longestMs: 30 } })]);
  await vi.waitFor(() => expect(attempts).toEqual([1, 2, 3]), 20_000);
});
