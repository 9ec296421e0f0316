import { once } from 'node:events';
import { chmod, mkdir, readFile, symlink, writeFile } from 'node:fs/promises';
import { type AddressInfo, createServer } from 'node:net';
import { join } from 'node:path';
import { describe, expect, onTestFinished, test } from 'vitest';
import { findProgram } from '../../src/core/pipeline/find-program.ts';
import { bubblewrapIsHere, whySkipped } from '../unit/pipeline/bubblewrap-here.ts';
import { openScene, type Scene } from './poll-scene.ts';

/** A scene with a commit to run, whose script is this. */
async function withScript(body: string): Promise<Scene> {
  const scene = await openScene();
  await scene.poll([scene.repo]);
  await scene.commit({ files: { 'ci/pipeline.sh': body } });
  return scene;
}

/** A listener on 127.0.0.1 that counts who comes. */
async function listener(): Promise<{ readonly port: number; connections(): number }> {
  let count = 0;
  const server = createServer((socket) => {
    count += 1;
    socket.end('hello\n');
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  onTestFinished(() => new Promise((resolve) => server.close(() => resolve())));
  return { port: (server.address() as AddressInfo).port, connections: () => count };
}

describe.skipIf(!bubblewrapIsHere)(`--isolation bubblewrap${whySkipped}`, () => {
  test('a script works on its checkout, and reaches nothing else of this machine', async () => {
    const scene = await openScene();
    const mine = join(scene.env.HOME ?? '', 'mine');
    await writeFile(mine, 'private');
    const body = [
      'git log --format=%s; git status --porcelain; touch made "$HOME/made" "$TMPDIR/made" && echo writes',
      `cat '${mine}' 2>/dev/null && echo reads`,
      `for path in '${mine}' /usr/made /etc/made /made; do touch "$path" 2>/dev/null && echo "writes $path"; done`,
      // /tmp is the run's own, so this may or may not work.
      `touch '${scene.root}/made' 2>/dev/null`,
      'ls /proc | grep -c "^[0-9]"; echo "$CI $SLUICE_BRANCH"',
    ].join('\n');
    await scene.poll([scene.repo]);
    await scene.commit({ message: 'second', files: { 'ci/pipeline.sh': body } });
    const ran = await scene.poll(['--isolation', 'bubblewrap', scene.repo]);
    expect(ran).toMatchObject({ status: 0, runs: [{ state: 'success', lastLine: 'true main' }], stderr: '' });
    const lines = (await readFile(ran.runs[0]?.log ?? '', 'utf8')).trim().split('\n');
    expect(lines).toEqual(['second', 'first', 'writes', expect.stringMatching(/^\d$/), 'true main']);
    expect(await readFile(mine, 'utf8')).toBe('private');
    expect(await readFile(join(scene.root, 'made'), 'utf8').catch(() => 'absent')).toBe('absent');
  });

  test('there is no network unless --network opens it', async () => {
    const { port, connections } = await listener();
    const scene = await withScript(`#!/bin/bash\nread -r line </dev/tcp/127.0.0.1/${port} && echo "$line"`);
    expect(await scene.poll(['--isolation', 'bubblewrap', scene.repo])).toMatchObject({ runs: [{ state: 'failure' }] });
    expect(connections()).toBe(0);
    await scene.commit({
      files: { 'ci/pipeline.sh': `#!/bin/bash\nread -r l </dev/tcp/127.0.0.1/${port} && echo "$l"` },
    });
    const open = await scene.poll(['--isolation', 'bubblewrap', '--network', scene.repo]);
    expect(open).toMatchObject({ status: 0, runs: [{ state: 'success', lastLine: 'hello' }] });
    expect(connections()).toBe(1);
  });

  test('an exit status, a time limit and a command of the operator work as without', async () => {
    const scene = await withScript('exit 7');
    const isolated = ['--isolation', 'bubblewrap'];
    expect(await scene.poll([...isolated, scene.repo])).toMatchObject({ status: 1, runs: [{ exitStatus: 7 }] });
    await scene.commit({ files: { version: 'slow' } });
    const slow = await scene.poll([...isolated, '--run-timeout', '1s', scene.repo, '--', 'sleep', '1000']);
    expect(slow).toMatchObject({ status: 1, runs: [{ state: 'timed-out' }] });
  });
});

/** A PATH that holds these programs of the machine and nothing else. */
async function pathWith({ root }: Scene, ...names: readonly string[]): Promise<string> {
  const bin = join(root, 'bin');
  await mkdir(bin);
  for (const name of names) await symlink((await findProgram(name, process.env.PATH, '/')) ?? name, join(bin, name));
  return bin;
}

test.each([
  ['bubblewrap', 'bwrap', []],
  ['podman', 'podman', ['--image', 'debian']],
  ['docker', 'docker', ['--image', 'debian']],
] as const)('--isolation %s without %s is refused, and no commit is used up for it', async (kind, program, more) => {
  const scene = await withScript('echo ran');
  const PATH = await pathWith(scene, 'git', 'sh');
  const ran = await scene.text(['--once', '--isolation', kind, ...more, scene.repo], { env: { PATH } });
  expect(ran).toMatchObject({ status: 78, stdout: '' });
  expect(ran.stderr).toContain(`isolation ${kind}: the program "${program}" was not found on PATH`);
  expect(await scene.poll([scene.repo])).toMatchObject({ status: 0, runs: [{ state: 'success', lastLine: 'ran' }] });
});

test('a container without an image is refused', async () => {
  const scene = await withScript('echo ran');
  const PATH = await pathWith(scene, 'git', 'sh', 'true');
  await symlink(join(PATH, 'true'), join(PATH, 'podman'));
  const ran = await scene.text(['--once', '--isolation', 'podman', scene.repo], { env: { PATH } });
  expect(ran).toMatchObject({ status: 78, stderr: expect.stringContaining('--image') });
  expect(await scene.history()).toEqual([]);
});

test('a tool that cannot shut in is no failure of the script', async () => {
  const scene = await withScript('echo ran');
  const bin = await pathWith(scene);
  const says = 'bwrap: No permissions to create new namespace';
  await writeFile(join(bin, 'bwrap'), `#!/bin/sh\necho '${says}' >&2\nexit 1\n`);
  await chmod(join(bin, 'bwrap'), 0o755);
  const env = { PATH: `${bin}:${process.env.PATH}` };
  const ran = await scene.poll(['--isolation', 'bubblewrap', scene.repo], { env });
  expect(ran).toMatchObject({ status: 1, runs: [{ state: 'error', detail: says }] });
});
