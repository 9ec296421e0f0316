import { execFileSync } from 'node:child_process';
import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, onTestFinished, test, vi } from 'vitest';
import { openSqliteStore } from '../../src/core/jobs/sqlite/open.ts';
import { delivery, job } from '../contract/jobs/job.ts';
import { testDir } from '../support/temp-dir.ts';

/** Why a small disk of its own cannot be had here; undefined: it can. */
function noDisk(): string | undefined {
  if (process.platform !== 'linux' || process.getuid?.() !== 0) return 'only root on Linux can mount a tmpfs';
  try {
    execFileSync('unshare', ['-m', 'true'], { stdio: 'ignore' });
    return undefined;
  } catch {
    return 'mounting is not allowed here';
  }
}

const reason = noDisk();
const name =
  'a full disk: deliveries are refused, nothing that was acknowledged is lost, and it goes on when there is room';

test.skipIf(reason !== undefined)(reason === undefined ? name : `${name} (skipped: ${reason})`, async () => {
  const disk = join(await testDir(), 'disk');
  mkdirSync(disk);
  execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=2m', 'tmpfs', disk]);
  onTestFinished(() => void execFileSync('umount', ['--lazy', disk]));
  const faults: string[] = [];
  const store = await openSqliteStore(join(disk, 'jobs.sqlite'), {
    followUps: () => [],
    now: Date.now,
    random: () => 0.5,
    onFault: ({ code }) => faults.push(code),
  });
  onTestFinished(async () => store[Symbol.asyncDispose]());
  const release = Promise.withResolvers<void>();
  store.work({ queues: ['script'], concurrency: 1, perRepository: 1 }, async () => {
    await release.promise;
    return { state: 'success' };
  });
  const [first = ''] = await store.enqueue([job('first')]);
  await vi.waitFor(async () => expect(await store.find(first)).toMatchObject({ state: 'running' }));
  const acked: string[] = [];
  let refused: unknown;
  for (let n = 0; refused === undefined && n < 500; n += 1) {
    const body = crypto.getRandomValues(new Uint8Array(20_000));
    const one = delivery({ body });
    await store.accept(one, [job('more')]).then(
      () => acked.push(one.guid),
      (error: unknown) => {
        refused = error;
      },
    );
  }
  expect(refused).toMatchObject({ code: 'unavailable', hint: expect.stringContaining('Free some space') });
  // Whatever is left: not even the outcome of a job can be written now.
  for (const bytes of [500_000, 50_000, 4_000]) {
    try {
      for (let n = 0; n < 50; n += 1) writeFileSync(join(disk, `ballast-${bytes}-${n}`), Buffer.alloc(bytes));
    } catch {
      // Full.
    }
  }
  release.resolve();
  await vi.waitFor(() => expect(faults).toContain('unavailable'), { timeout: 10_000 });
  for (const bytes of [500_000, 50_000, 4_000]) {
    for (let n = 0; n < 50; n += 1) rmSync(join(disk, `ballast-${bytes}-${n}`), { force: true });
  }
  execFileSync('mount', ['-o', 'remount,size=16m', disk]);
  await vi.waitFor(async () => expect(await store.find(first)).toMatchObject({ state: 'success' }), {
    timeout: 30_000,
  });
  expect(await store.accept(delivery(), [])).toEqual({ duplicate: false, queued: 0 });
  for (const guid of acked) expect(await store.delivery(guid)).toBeDefined();
});
