import { execFileSync } from 'node:child_process';
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { openScene } from '../e2e/poll-scene.ts';

const reason = process.platform === 'linux' && process.getuid?.() === 0 ? undefined : 'only root on Linux can mount';

test.skipIf(reason !== undefined)(
  `a directory of a run that cannot be removed is told, and spoils neither this run nor a later one${reason === undefined ? '' : ` (skipped: ${reason})`}`,
  async () => {
    const scene = await openScene();
    const runs = join(scene.env.XDG_CACHE_HOME ?? '', 'sluice/runs');
    onTestFinished(async () => {
      for (const name of await readdir(runs, { recursive: true })) {
        if (name.endsWith('/stuck')) execFileSync('umount', ['--lazy', join(runs, name)]);
      }
    });
    const words = ['sh', '-c', 'mkdir stuck && mount -t tmpfs -o size=64k tmpfs stuck'];
    const first = await scene.poll(['--initial', 'run', scene.repo, '--', ...words]);
    expect(first).toMatchObject({ status: 0, runs: [{ state: 'success' }] });
    expect(first.stderr).toMatch(/warning: cannot remove .*a mount/);
    await scene.commit({ files: { version: 'second' } });
    const second = await scene.poll([scene.repo]);
    expect(second).toMatchObject({ status: 0, runs: [{ state: 'success' }] });
    expect(second.stderr).toContain('cannot remove');
  },
);
