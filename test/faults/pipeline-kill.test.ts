import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { describe, expect, onTestFinished, test } from 'vitest';
import { type GroupIdentity, killOrphan } from '../../src/core/pipeline/process-group.ts';
import { listProcesses, processesWith } from '../../src/core/pipeline/process-table.ts';
import { testDir } from '../support/temp-dir.ts';
import { bubblewrapIsHere, whySkipped } from '../unit/pipeline/bubblewrap-here.ts';

const runner = join(import.meta.dirname, 'pipeline-runner.ts');

/** A sluice of its own with one script in it that has begun to run. */
async function startRunner(root: string, isolation: string, body: string) {
  const child = spawn(process.execPath, [runner, root, isolation, body], { stdio: ['ignore', 'pipe', 'inherit'] });
  let group: GroupIdentity | undefined;
  onTestFinished(async () => {
    child.kill('SIGKILL');
    if (group !== undefined) await killOrphan(group);
  });
  for await (const line of createInterface({ input: child.stdout })) {
    if (line === 'running') break;
    group = JSON.parse(line) as GroupIdentity;
  }
  if (group === undefined) throw new Error('the runner said nothing');
  return { child, group };
}

async function killed(child: ChildProcess): Promise<void> {
  const exited = once(child, 'exit');
  child.kill('SIGKILL');
  await exited;
}

async function left({ mark, pgid }: GroupIdentity): Promise<number> {
  const members = (await listProcesses()).filter(({ group }) => group === pgid).map(({ pid }) => pid);
  return new Set([...members, ...(await processesWith(mark))]).size;
}

describe('kill -9 of sluice ends what it had started', () => {
  test.each([
    ['a script and its children', 'sleep 1000 & echo up; sleep 1000; sleep 1000'],
    ['a script that ignores SIGTERM', 'trap "" TERM; echo up; sleep 1000 & sleep 1000; sleep 1000'],
    ['a child without environment', 'env -i sleep 1000 & echo up; sleep 1000; sleep 1000'],
    ['a daemon that left the group', 'setsid sleep 1000 & echo up; sleep 1000'],
  ])('%s', async (_name, body) => {
    const { child, group } = await startRunner(await testDir(), 'none', body);
    expect(await left(group)).toBeGreaterThan(1);
    await killed(child);
    await expect.poll(() => left(group), { timeout: 30_000 }).toBe(0);
  });

  test('a script that is asked may tidy up even then', async () => {
    const root = await testDir();
    const body = `trap "echo bye > ${root}/bye; exit" TERM; echo up; while :; do sleep 0.05; done`;
    const { child, group } = await startRunner(root, 'none', body);
    await killed(child);
    await expect.poll(() => left(group), { timeout: 30_000 }).toBe(0);
    expect(await readFile(join(root, 'bye'), 'utf8')).toBe('bye\n');
  });

  test.skipIf(!bubblewrapIsHere)(`a shut-in daemon without environment${whySkipped}`, async () => {
    const name = `MARK=sluice-${process.pid}-${Date.now()}`;
    const body = `env -i ${name} setsid sleep 1000 & echo up; sleep 1000`;
    const { child, group } = await startRunner(await testDir(), 'bubblewrap', body);
    await expect.poll(async () => (await processesWith(name)).length, { timeout: 30_000 }).toBe(1);
    await killed(child);
    await expect
      .poll(async () => (await left(group)) + (await processesWith(name)).length, { timeout: 30_000 })
      .toBe(0);
  });
});

test('when the watchdog was killed too, the next sluice ends the group by its stored identity', async () => {
  const { child, group } = await startRunner(await testDir(), 'none', 'sleep 1000 & echo up; sleep 1000; sleep 1000');
  const watchdogs = (await listProcesses()).filter(({ pid }) => pid !== child.pid && pid !== group.pgid);
  for (const { pid } of watchdogs) {
    const words = (await readFile(`/proc/${pid}/cmdline`, 'utf8').catch(() => '')).split('\0');
    if (words.includes('sluice-watchdog') && words.includes(group.mark)) process.kill(pid, 'SIGKILL');
  }
  await killed(child);
  expect(await left(group)).toBeGreaterThan(1);
  // Only what is stored: the numbers and texts of the identity.
  expect(await killOrphan(JSON.parse(JSON.stringify(group)) as GroupIdentity)).toBe(true);
  expect(await left(group)).toBe(0);
});
