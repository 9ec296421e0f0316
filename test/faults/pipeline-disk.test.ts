import { execFileSync } from 'node:child_process';
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, onTestFinished, test } from 'vitest';
import { scriptEnvironment } from '../../src/core/pipeline/environment.ts';
import { runScript } from '../../src/core/pipeline/run.ts';
import { openWorkspace } from '../../src/core/pipeline/workspace.ts';
import { testDir } from '../support/temp-dir.ts';

/** A directory of one megabyte; undefined where we may not mount. */
async function smallDisk(): Promise<string | undefined> {
  const dir = join(await testDir(), 'disk');
  await mkdir(dir);
  try {
    execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=1m,nr_inodes=200', 'tmpfs', dir], { stdio: 'ignore' });
  } catch {
    return undefined;
  }
  onTestFinished(() => void execFileSync('umount', ['-l', dir]));
  return dir;
}

async function run(root: string, logPath: string, body: string) {
  await using workspace = await openWorkspace(join(root, 'runs'));
  const env = scriptEnvironment(process.env, { facts: { run: '1', event: 'push', repo: 'x' }, workspace });
  return await runScript({ launch: { command: ['sh', '-c', body], env }, workspace, logPath });
}

describe('a full disk', () => {
  test('under the log: the script goes on, and what is missing is counted', async (context) => {
    const disk = await smallDisk();
    if (disk === undefined) return context.skip('a tmpfs can be mounted only as root');
    const logPath = join(disk, 'run.log');
    const result = await run(await testDir(), logPath, 'yes 0123456789 | head -c 5000000; echo; echo the end; exit 3');
    expect(result).toMatchObject({ state: 'failure', exitCode: 3, lastLine: 'the end' });
    const log = await readFile(logPath);
    expect(log.length).toBe(result.logBytes);
    expect(log.length + result.droppedBytes).toBe(5_000_000 + '\nthe end\n'.length);
  });

  test('under the checkout: the script fills it, fails, and everything is removed', async (context) => {
    const disk = await smallDisk();
    if (disk === undefined) return context.skip('a tmpfs can be mounted only as root');
    const logPath = join(await testDir(), 'run.log');
    const result = await run(disk, logPath, 'yes > big; i=0; while touch f$i; do i=$((i + 1)); done; exit 4');
    expect(result).toMatchObject({ state: 'failure', exitCode: 4 });
    expect(result.lastLine).toContain('No space left on device');
    await writeFile(join(disk, 'room again'), Buffer.alloc(900_000));
  });

  test('before anything could start: an error that says why', async (context) => {
    const disk = await smallDisk();
    if (disk === undefined) return context.skip('a tmpfs can be mounted only as root');
    const workspace = await openWorkspace(join(disk, 'runs'));
    execFileSync('sh', ['-c', 'i=0; while touch "$1/f$i" 2>/dev/null; do i=$((i + 1)); done', 'x', disk]);
    const env = scriptEnvironment(process.env, { facts: { run: '1', event: 'push', repo: 'x' }, workspace });
    const launch = { command: ['sh', '-c', 'exit 0'], env };
    const result = await runScript({ launch, workspace, logPath: join(await testDir(), 'run.log') });
    expect(result).toMatchObject({ state: 'error', lastLine: expect.stringContaining('No space left on device') });
    await expect(openWorkspace(join(disk, 'runs'))).rejects.toMatchObject({ code: 'unavailable', message: /ENOSPC/ });
    await expect(runScript({ launch, workspace, logPath: join(disk, 'new', 'log') })).rejects.toMatchObject({
      code: 'unavailable',
      message: expect.stringContaining('cannot write the log'),
    });
    await workspace[Symbol.asyncDispose]();
  });
});
