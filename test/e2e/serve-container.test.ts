import { writeFile } from 'node:fs/promises';
import { expect, test } from 'vitest';
import { resolve } from '../support/git-repo.ts';
import { fakePodman, killAll } from './fake-podman.ts';
import { written } from './poll-scene.ts';
import { openServeScene } from './serve-scene.ts';

test('a container whose server and watchdog were killed is ended before its script is begun again', async () => {
  let calls = '';
  const hooks = { isolation: 'podman', image: 'debian' };
  const scene = await openServeScene({}, { hooks }, async (root) => {
    const podman = await fakePodman(root);
    calls = podman.calls;
    return { PATH: podman.PATH };
  });
  await scene.hook('push-acme-app', '#!/bin/sh\ntrue\n');
  const { gitDir } = scene.fake.state.repositories.get('acme/app') ?? { gitDir: '' };
  const first = await scene.start();
  await first.send({ kind: 'push', ref: 'refs/heads/main', after: await resolve(gitDir, 'refs/heads/main') });
  const [, name] = /--name=(\S+)/.exec(await written(calls)) ?? [];
  await killAll(scene.root);
  await first.ended;
  await writeFile(calls, '');
  const second = await scene.start();
  await second.until(({ state }) => state === 'running');
  const [one] = (await written(calls)).split('\n');
  expect(one).toBe(`rm --force ${name}`);
  await second.kill();
});
