import { writeFile } from 'node:fs/promises';
import { expect, test } from 'vitest';
import { fakePodman, killAll } from './fake-podman.ts';
import { noneAlive, openScene, written } from './poll-scene.ts';
import { startWatcher } from './poll-watch.ts';

test('a container whose sluice and watchdog were killed is ended before its run is begun again', async () => {
  const scene = await openScene();
  const { calls, PATH } = await fakePodman(scene.root);
  const flags = ['--initial', 'run', '--isolation', 'podman', '--image', 'debian', scene.repo];
  const watcher = startWatcher(scene, flags, { env: { PATH } });
  const [, name] = /--name=(\S+)/.exec(await written(calls)) ?? [];
  await killAll(scene.root);
  await watcher.ended;
  await noneAlive(scene);
  expect(await scene.history()).toMatchObject([{ state: 'running' }]);
  await writeFile(calls, '');
  const next = startWatcher(scene, flags, { env: { PATH } });
  await next.next('run-started');
  const [first] = (await written(calls)).split('\n');
  expect(first).toBe(`rm --force ${name}`);
});
