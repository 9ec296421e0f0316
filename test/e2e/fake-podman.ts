import { chmod, mkdir, readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

/** A podman that writes down how it was called, and whose `run` lasts. Its containers are elsewhere, as those of the real one. */
export async function fakePodman(root: string): Promise<{ readonly calls: string; readonly PATH: string }> {
  const bin = join(root, 'bin');
  const calls = join(root, 'calls');
  await mkdir(bin);
  const body = `#!/bin/sh\necho "$*" >> '${calls}'\n[ "$1" = run ] || exit 0\nexec sleep 1000\n`;
  await writeFile(join(bin, 'podman'), body);
  await chmod(join(bin, 'podman'), 0o755);
  return { calls, PATH: `${bin}:${process.env.PATH}` };
}

/** SIGKILL for everything of this scene at once: what a service manager does with what is left of a service. */
export async function killAll(root: string): Promise<void> {
  for (const pid of (await readdir('/proc')).filter((name) => /^\d+$/.test(name))) {
    const environ = await readFile(`/proc/${pid}/environ`, 'utf8').catch(() => '');
    if (environ.includes(`=${root}/`)) process.kill(Number(pid), 'SIGKILL');
  }
}
