import { once } from 'node:events';
import { writeFile } from 'node:fs/promises';
import { type AddressInfo, createServer } from 'node:net';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import type { IsolationRequest } from '../../../src/core/pipeline/isolation/request.ts';
import { isolate, requireIsolation } from '../../../src/core/pipeline/isolation.ts';
import { processesWith } from '../../../src/core/pipeline/process-table.ts';
import { testDir } from '../../support/temp-dir.ts';
import { bubblewrapIsHere, whySkipped } from './bubblewrap-here.ts';
import { runBody } from './run-body.ts';

const workspace = {
  dir: '/var/run-abc',
  checkout: '/var/run-abc/checkout',
  objects: '/var/run-abc/objects',
  home: '/var/run-abc/home',
  tmp: '/var/run-abc/tmp',
};

const request: IsolationRequest = {
  command: ['python3', '/var/run-abc/checkout/ci/pipeline.py', '--x'],
  env: { PATH: '/bin', HOME: workspace.home, TMPDIR: workspace.tmp, NPM_TOKEN: 'sesame-open', SLUICE_BRANCH: '-x' },
  workspace,
  clientEnv: { PATH: '/usr/bin', HOME: '/home/ci', DOCKER_HOST: 'unix:///d', GITHUB_TOKEN: 'ghp_1' },
  user: { uid: 1000, gid: 1001 },
  image: 'debian:12',
};

describe('isolate', () => {
  test('none is the command itself', () => {
    expect(isolate('none', request)).toEqual({ command: request.command, env: request.env });
  });

  test.each(['bubblewrap', 'podman', 'docker'] as const)(
    '%s: no value of a variable is in the process list',
    (kind) => {
      const { command } = isolate(kind, request);
      expect(command.join(' ')).not.toContain('sesame');
      expect(command.join(' ')).not.toContain('ghp_1');
      expect(isolate(kind, request).env).toMatchObject({ NPM_TOKEN: 'sesame-open', SLUICE_BRANCH: '-x' });
      expect(isolate(kind, request).env).not.toHaveProperty('GITHUB_TOKEN');
    },
  );

  test('bubblewrap: nothing of the machine but what is listed, no network unless asked', () => {
    const { command } = isolate('bubblewrap', { ...request, readOnly: ['/opt/tools'] });
    expect(command.slice(-4)).toEqual(['--', ...request.command]);
    const text = command.join(' ');
    expect(text).toMatch(/^bwrap --unshare-all --die-with-parent --cap-drop ALL /);
    expect(text).toContain('--ro-bind-try /opt/tools /opt/tools');
    expect(text).toContain(`--bind ${workspace.checkout} ${workspace.checkout}`);
    expect(text).toContain(`--ro-bind ${workspace.objects} ${workspace.objects}`);
    for (const never of ['/', '/etc', '/home', '/root', '/var', '/run', workspace.dir])
      expect(command.filter((word) => word === never && word !== '/')).toEqual([]);
    expect(command.filter((word) => word === '/')).toHaveLength(1);
    expect(text).toContain('--remount-ro / ');
    expect(isolate('bubblewrap', { ...request, network: true }).command).toContain('--share-net');
  });

  test('podman and docker: the whole command', () => {
    const common = (owner: readonly string[], flags: readonly string[]) => [
      ...['--rm', '--init', '--name=sluice-run-abc', '--pull=missing', '--log-driver=none', '--network=none'],
      ...['--cap-drop=ALL', '--security-opt=no-new-privileges', '--pids-limit=4096'],
      ...['--ulimit=nofile=1024:1024', '--ulimit=nproc=4096:4096', ...owner, ...flags],
      '--mount=type=bind,source=/var/run-abc/checkout,target=/var/run-abc/checkout',
      '--mount=type=bind,source=/var/run-abc/home,target=/var/run-abc/home',
      '--mount=type=bind,source=/var/run-abc/tmp,target=/var/run-abc/tmp',
      '--mount=type=bind,source=/var/run-abc/objects,target=/var/run-abc/objects,readonly',
      '--workdir=/var/run-abc/checkout',
      ...['--env=HOME=/var/run-abc/home', '--env=TMPDIR', '--env=NPM_TOKEN', '--env=SLUICE_BRANCH'],
      ...['--entrypoint=python3', 'debian:12', '/var/run-abc/checkout/ci/pipeline.py', '--x'],
    ];
    const docker = isolate('docker', request);
    expect(docker.command).toEqual(['docker', 'run', ...common(['--user=1000:1001'], [])]);
    expect(docker.env).toMatchObject({ HOME: '/home/ci', PATH: '/usr/bin', DOCKER_HOST: 'unix:///d' });
    expect(docker.ask).toEqual(['docker', 'kill', '--signal=TERM', 'sluice-run-abc']);
    expect(docker.end).toEqual(['docker', 'rm', '--force', 'sluice-run-abc']);
    expect(isolate('podman', request).command).toEqual([
      ...['podman', 'run'],
      ...common(['--userns=keep-id', '--user=1000:1001'], ['--security-opt=label=disable']),
    ]);
    const root = isolate('podman', { ...request, user: { uid: 0, gid: 0 }, runtime: 'runc', network: true }).command;
    expect(root).toContain('--user=0:0');
    expect(root).toContain('--runtime=runc');
    expect(root).not.toContain('--userns=keep-id');
    expect(root).not.toContain('--network=none');
  });

  test('a path with a comma stays one field of --mount', () => {
    const { command } = isolate('docker', { ...request, readOnly: ['/a,b"c'] });
    expect(command).toContain('--mount=type=bind,"source=/a,b""c","target=/a,b""c",readonly');
  });

  test('a container needs an image', () => {
    const { image: _, ...without } = request;
    expect(() => isolate('podman', without)).toThrow('isolation podman: no image is configured');
  });

  test('a tool that is absent is named', async () => {
    const empty = await testDir();
    await expect(requireIsolation('none', empty)).resolves.toBeUndefined();
    for (const [kind, program] of [
      ['bubblewrap', 'bwrap'],
      ['podman', 'podman'],
      ['docker', 'docker'],
    ] as const) {
      await expect(requireIsolation(kind, empty)).rejects.toMatchObject({
        code: 'config',
        message: `isolation ${kind}: the program "${program}" was not found on PATH`,
      });
    }
    await writeFile(join(empty, 'podman'), '#!/bin/sh\n', { mode: 0o755 });
    await expect(requireIsolation('podman', empty)).resolves.toBeUndefined();
  });
});

describe.skipIf(!bubblewrapIsHere)(`bubblewrap${whySkipped}`, () => {
  async function shutIn(body: string, options: Parameters<typeof runBody>[2] = {}) {
    return await runBody(await testDir(), body, { isolation: 'bubblewrap', ...options });
  }

  test('the script works in its own directories', async () => {
    const body = [
      'set -e; cd "$PWD"; pwd; touch here "$HOME/h" "$TMPDIR/t" /tmp/x /var/tmp/y 2>&1 || echo no-var-tmp',
      'ls "$TMPDIR"; echo "$CI $HOME"; echo named >/dev/stderr; python3 -c "print(6 * 7)" || echo 42',
    ].join('\n');
    const { log, result, workspace: own } = await shutIn(body);
    expect(result).toMatchObject({ state: 'success', lastLine: '42' });
    expect(String(log)).toContain(`${own.checkout}\n`);
    expect(String(log)).toContain(`true ${own.home}\nnamed\n`);
  });

  test('it does not see other files, other processes or the network, and cannot write to the system', async () => {
    const outside = await testDir();
    await writeFile(join(outside, 'secret'), 'precious');
    const server = createServer().listen(0, '127.0.0.1');
    await once(server, 'listening');
    const { port } = server.address() as AddressInfo;
    const looks = [
      `[ -e ${outside}/secret ] && echo LEAK file`,
      '[ -e /etc/shadow ] && echo LEAK etc',
      `[ "$(cat /proc/${process.pid}/cmdline | tr -d '\\0')" ] && echo LEAK process`,
      `(echo > /dev/tcp/127.0.0.1/${port}) && echo LEAK network`,
    ];
    const writes = ['touch /usr/x /etc/x /x ../objects/x && echo LEAK write'];
    const inBash = (lines: readonly string[]) => ['bash', '-c', [...lines, 'echo looked'].join('\n')];
    const open = await runBody(outside, '', { command: inBash(looks) });
    const shut = await shutIn('', { command: inBash([...looks, ...writes]) });
    server.close();
    // Without isolation the same look finds everything: it is not the look that is blind.
    expect(String(open.log).match(/LEAK \w+/g)).toEqual(['LEAK file', 'LEAK etc', 'LEAK process', 'LEAK network']);
    expect(String(shut.log)).not.toContain('LEAK');
    expect(shut.result).toMatchObject({ state: 'success', lastLine: 'looked' });
  });

  test('exit status, signal and a missing interpreter', async () => {
    expect((await shutIn('exit 3')).result).toMatchObject({ state: 'failure', exitCode: 3 });
    expect((await shutIn('echo bwrap; exit 1')).result).toMatchObject({ state: 'failure', exitCode: 1 });
    expect((await shutIn('kill -KILL $$')).result).toMatchObject({ state: 'failure', exitCode: 137 });
    const missing = await shutIn('', { command: ['no-such-interpreter', 'x'] });
    expect(missing.result).toMatchObject({
      state: 'error',
      lastLine: expect.stringMatching(/^bwrap: .*no-such-inter/),
    });
  });

  test('a cancelled script may tidy up; one that ignores it is killed', async () => {
    const cancel = new AbortController();
    const polite = await shutIn('trap "echo bye; exit 0" TERM; echo ready; while :; do sleep 0.05; done', {
      signal: cancel.signal,
      onOutput: () => cancel.abort(),
    });
    expect(polite.result).toMatchObject({ state: 'cancelled', lastLine: 'bye' });
    const stubborn = await shutIn('trap "" TERM; while :; do sleep 1; done', { timeoutMs: 300, graceMs: 300 });
    expect(stubborn.result).toMatchObject({ state: 'timed-out', signal: 'SIGKILL' });
  });

  test('a daemon without environment, which nothing else would find, ends with the script', async () => {
    const name = `sluice-daemon-${process.pid}-${Date.now()}`;
    const body = `env -i setsid sh -c 'MARK=${name} exec sleep 1000' >/dev/null 2>&1 & sleep 0.3; echo over`;
    expect((await shutIn(body)).result).toMatchObject({ state: 'success', lastLine: 'over' });
    await expect.poll(async () => await processesWith(`MARK=${name}`), { timeout: 20_000 }).toEqual([]);
  });
});
