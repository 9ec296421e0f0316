import { stat } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { document, sluice, startSluice } from '../support/sluice.ts';
import { eventually, openServeScene } from './serve-scene.ts';

const push = { kind: 'push', ref: 'refs/heads/gone', after: 'a'.repeat(40) } as const;

describe('sluice jobs and sluice deliveries', () => {
  test('list, show, retry and cancel through the running server', async () => {
    const scene = await openServeScene();
    await scene.hook('push-acme-app', '#!/bin/sh\necho running >&2; sleep 60\n');
    const { gitDir } = scene.fake.state.repositories.get('acme/app') ?? { gitDir: '' };
    const server = await scene.start();
    await server.send({ kind: 'push', ref: 'refs/heads/main', after: 'b'.repeat(40) }, { guid: 'first' });
    const run = await server.until(({ state }) => state === 'running');
    expect(gitDir).not.toBe('');
    expect(await scene.command('jobs', 'list')).toMatchObject({ jobs: [{ id: run.id, state: 'running' }] });
    expect(await scene.command('jobs', 'cancel', run.id)).toMatchObject({
      message: `run ${run.id} is cancelled`,
      live: true,
    });
    await server.until(({ state }) => state === 'cancelled');
    expect(await scene.command('jobs', 'cancel', run.id)).toMatchObject({
      error: { exit: 64, message: `run ${run.id} has ended: there is nothing to cancel` },
    });
    await scene.hook('push-acme-app', '#!/bin/sh\necho done\n');
    expect(await scene.command('jobs', 'retry', run.id)).toMatchObject({ live: true });
    await server.until(({ state }) => state === 'success');
    expect(await scene.command('jobs', 'show', run.id)).toMatchObject({ job: { lastLine: 'done', delivery: 'first' } });
    expect(await scene.command('jobs', 'log', run.id)).toMatchObject({ log: 'done\n' });
    expect(await scene.command('deliveries', 'replay', 'first')).toMatchObject({ message: '1 run is in the queue' });
    await eventually(async () => expect(server.runs.filter(({ state }) => state === 'success')).toHaveLength(2));
    const shown = await scene.command('deliveries', 'show', 'first');
    expect(shown).toMatchObject({ delivery: { event: 'push', result: 'accepted' }, jobs: [{ id: run.id }] });
    expect(JSON.stringify(shown)).toContain('refs/heads/main');
    expect((await stat(join(scene.dataDir, 'control.json'))).mode & 0o777).toBe(0o600);
    expect((await stat(join(scene.dataDir, 'control.sock'))).mode & 0o777).toBe(0o600);
  });

  test('read and act without the secrets that only the server has, and name the one that a replay lacks', async () => {
    const scene = await openServeScene();
    await scene.hook('push-acme-app', '#!/bin/sh\nexit 1\n');
    const server = await scene.start();
    await server.send(push, { guid: 'gone-1' });
    const run = await server.until(({ state }) => state === 'skipped');
    await server.stop();
    const { HOOK_SECRET: _, ...env } = scene.env;
    const ask = async (...args: readonly string[]) =>
      document(await sluice([...args, '-c', join(scene.root, 'sluice.json'), '--json'], { cwd: scene.root, env }));
    expect(await ask('jobs', 'list')).toMatchObject({ jobs: [{ id: run.id, state: 'skipped' }] });
    expect(await ask('deliveries', 'show', 'gone-1')).toMatchObject({ delivery: { guid: 'gone-1' } });
    expect(await ask('jobs', 'retry', run.id)).toMatchObject({ live: false });
    expect(await ask('deliveries', 'replay', 'gone-1')).toMatchObject({
      error: { exit: 77, message: 'the environment variable HOOK_SECRET is not set' },
    });
  });

  test('open the store when no server runs, and say so', async () => {
    const scene = await openServeScene();
    await scene.hook('push-acme-app', '#!/bin/sh\nexit 1\n');
    const server = await scene.start();
    await server.send(push, { guid: 'gone-1' });
    const run = await server.until(({ state }) => state === 'skipped');
    expect(run.detail).toBe('refs/heads/gone is gone');
    await server.kill();
    expect(await scene.command('jobs', 'list')).toMatchObject({ jobs: [{ id: run.id, state: 'skipped' }] });
    expect(await scene.command('jobs', 'retry', run.id)).toMatchObject({ live: false });
    expect(await scene.command('deliveries', 'list')).toMatchObject({
      deliveries: [{ guid: 'gone-1', runs: { queued: 1 } }],
    });
    const again = await scene.start();
    await again.until(({ id, state }) => id === run.id && state === 'failure');
  });

  test('a second server of the same data directory is refused with 75, one without a secret with 78', async () => {
    const scene = await openServeScene();
    await scene.start();
    const options = { cwd: scene.root, env: scene.env };
    const second = await startSluice(['serve', '-c', 'sluice.json'], options).ended;
    expect(second).toMatchObject({ status: 75, stderr: expect.stringContaining('another sluice serve owns') });
    const args = ['serve', '-c', 'sluice.json', '--repo', 'gh:acme/other', '--data-dir', join(scene.root, 'other')];
    const open = await sluice(args, options);
    expect(open).toMatchObject({ status: 78, stderr: expect.stringContaining('gh:acme/other has no webhook secret') });
  });
});
