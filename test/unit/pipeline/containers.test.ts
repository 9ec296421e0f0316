import { execFile } from 'node:child_process';
import { copyFile, mkdir, symlink } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, describe, expect, test } from 'vitest';
import { findProgram } from '../../../src/core/pipeline/find-program.ts';
import { tempDir, testDir } from '../../support/temp-dir.ts';
import { type BodyOptions, runBody } from './run-body.ts';

const run = promisify(execFile);
const image = 'localhost/sluice-test:latest';

/** The OCI runtime that works where crun does not (hybrid cgroups). */
const runc = (await findProgram('runc', process.env.PATH, '/')) === undefined ? {} : { runtime: 'runc' };

function runtimeOf(engine: 'podman' | 'docker'): { readonly runtime?: string } {
  return engine === 'podman' ? runc : {};
}

/** Makes an image of nothing but busybox, without any download, and runs it once. Undefined: the engine works here. */
async function whyNot(engine: 'podman' | 'docker'): Promise<string | undefined> {
  const busybox = await findProgram('busybox', process.env.PATH, '/');
  if (busybox === undefined) return 'no busybox to make an image from';
  await using folder = await tempDir();
  const bin = join(folder.path, 'image', 'bin');
  await mkdir(bin, { recursive: true });
  await copyFile(busybox, join(bin, 'busybox'));
  for (const name of ['sh', 'cat', 'sleep', 'env', 'ls', 'touch']) await symlink('busybox', join(bin, name));
  const archive = join(folder.path, 'image.tar');
  const owner = ['--owner=0', '--group=0'];
  await run('tar', ['-C', join(folder.path, 'image'), ...owner, '-cf', archive, '.']);
  const { runtime } = runtimeOf(engine);
  try {
    await run(engine, ['import', archive, image], { timeout: 60_000 });
    const flags = ['--rm', '--init', '--network=none', ...(runtime === undefined ? [] : [`--runtime=${runtime}`])];
    // Without root podman needs ranges in /etc/subuid to give the script the user's number.
    if (engine === 'podman' && process.getuid?.() !== 0) flags.push('--userns=keep-id');
    const limits = ['--ulimit=nofile=1024:1024', '--ulimit=nproc=4096:4096'];
    await run(engine, ['run', ...flags, ...limits, image, 'sh', '-c', ':'], { timeout: 60_000 });
    return undefined;
  } catch {
    return `${engine} does not work here`;
  }
}

const engines = await Promise.all(
  (['podman', 'docker'] as const).map(async (engine) => ({ engine, reason: await whyNot(engine) })),
);

describe.each(engines)('isolation $engine', ({ engine, reason }) => {
  describe.skipIf(reason !== undefined)(reason === undefined ? 'real' : `(skipped: ${reason})`, () => {
    afterAll(async () => {
      await run(engine, ['rmi', '--force', image]);
    });

    async function contained(body: string, options: BodyOptions = {}) {
      const isolationRequest = { image, ...runtimeOf(engine) };
      return await runBody(await testDir(), body, { isolation: engine, isolationRequest, ...options });
    }

    async function containers(): Promise<string> {
      return (await run(engine, ['ps', '--all', '--format', '{{.Names}}'])).stdout;
    }

    test('the script works in its own directories, with the chosen environment, and its status comes back', async () => {
      const body = 'pwd; touch here "$HOME/x" "$TMPDIR/y"; echo "$CI $SLUICE_REPO $HOME"; ls /etc/shadow; exit 3';
      const { log, result, workspace } = await contained(body);
      expect(result).toMatchObject({ state: 'failure', exitCode: 3 });
      expect(String(log)).toContain(`${workspace.checkout}\ntrue gh:acme/app ${workspace.home}\n`);
      expect(result.lastLine).toContain('No such file');
      expect(await containers()).not.toContain(basename(workspace.dir));
    });

    test('a program that the image lacks is an error, not a verdict on the commit', async () => {
      const { result } = await contained('', { command: ['no-such-program'] });
      expect(result).toMatchObject({
        state: 'error',
        lastLine: expect.stringMatching(/no-such-program|failed to exec/),
      });
    });

    test('a cancelled one may tidy up; one that ignores it is gone with its container', async () => {
      const cancel = new AbortController();
      const polite = await contained('trap "exit 42" TERM; echo ready; while :; do sleep 0.1; done', {
        signal: cancel.signal,
        onOutput: () => cancel.abort(),
        graceMs: 30_000,
      });
      // Not by its last words: podman 4.3 sometimes loses what a container says just before it ends.
      expect(polite.result).toMatchObject({ state: 'cancelled', exitCode: 42 });
      const again = new AbortController();
      const stubborn = await contained('trap "" TERM; echo ready; while :; do sleep 1; done', {
        signal: again.signal,
        onOutput: () => again.abort(),
        graceMs: 300,
      });
      expect(stubborn.result.state).toBe('cancelled');
      expect(await containers()).not.toContain(basename(stubborn.workspace.dir));
    });
  });
});
