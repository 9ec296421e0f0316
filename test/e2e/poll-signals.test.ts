import { readFile, writeFile } from 'node:fs/promises';
import { describe, expect, test } from 'vitest';
import { entry, main, noneAlive, openScene, waiting, written } from './poll-scene.ts';
import { expectTidy, startWatcher, withRunningScript } from './poll-watch.ts';

describe.each([
  ['SIGINT', 130],
  ['SIGTERM', 143],
] as const)('%s', (signal, status) => {
  test('ends a watcher that has nothing to do', async () => {
    const scene = await openScene();
    const watcher = startWatcher(scene, [scene.repo]);
    await watcher.next('baseline');
    watcher.kill(signal);
    expect(await watcher.ended).toMatchObject({ status, signal: null });
    await expectTidy(scene);
  });
});

test('SIGINT ends a running script with all that it started; its run is begun again and counts as one attempt', async () => {
  const scene = await openScene();
  const { watcher, oid, begun } = await withRunningScript(scene);
  watcher.kill('SIGINT');
  expect(await watcher.ended).toMatchObject({ status: 130, signal: null });
  expect(await watcher.next('run-returned')).toMatchObject({
    run: { state: 'queued', attempt: 0 },
    fault: { code: 'interrupted' },
  });
  await noneAlive(scene);
  expect(await scene.history()).toMatchObject([{ id: 1, state: 'queued', ref: main, newOid: oid }]);
  const again = await scene.poll([scene.repo]);
  expect(again).toMatchObject({ status: 0, changes: [], runs: [{ id: 1, state: 'success', attempt: 1 }] });
  expect(await scene.journal()).toEqual([entry(main, oid, 'second')]);
  expect((await readFile(begun, 'utf8')).trim().split('\n')).toHaveLength(1);
  await expectTidy(scene);
});

test('SIGTERM with --once does the same', async () => {
  const scene = await openScene();
  const { words, begun } = waiting(scene);
  await scene.poll([scene.repo]);
  await scene.commit({ files: { version: 'second' } });
  const { child, ended } = scene.start(['--once', scene.repo, '--', ...words]);
  await written(begun);
  child.kill('SIGTERM');
  expect(await ended).toMatchObject({ status: 143, stderr: expect.stringContaining('interrupted by SIGTERM') });
  expect(await scene.history()).toMatchObject([{ id: 1, state: 'queued' }]);
  expect(await scene.poll([scene.repo])).toMatchObject({ status: 0, runs: [{ id: 1, state: 'success' }] });
  await expectTidy(scene);
});

test('a script that comes to its end within the grace keeps its result', async () => {
  const scene = await openScene();
  const { watcher, go } = await withRunningScript(scene);
  watcher.kill('SIGTERM');
  await writeFile(go, '');
  expect(await watcher.ended).toMatchObject({ status: 143 });
  expect(await watcher.next('run-finished')).toMatchObject({ run: { state: 'success', lastLine: 'went on' } });
  expect(watcher.events.filter(({ type }) => type === 'run-returned')).toEqual([]);
  expect(await scene.poll([scene.repo])).toMatchObject({ status: 0, events: [] });
  await expectTidy(scene);
});

test('a second signal does not wait for the script; its run is begun again', async () => {
  const scene = await openScene();
  const { watcher, oid } = await withRunningScript(scene, "trap '' TERM");
  watcher.kill('SIGTERM');
  watcher.kill('SIGINT');
  const { status } = await watcher.ended;
  expect([130, 143]).toContain(status);
  const again = await scene.poll([scene.repo]);
  expect(again.events[0]).toMatchObject({ type: 'run-returned', run: { id: 1, attempt: 1 } });
  expect(again).toMatchObject({ status: 0, runs: [{ id: 1, state: 'success', attempt: 2 }] });
  expect(await scene.journal()).toEqual([entry(main, oid, 'second')]);
  await expectTidy(scene);
});

test('a signal while the remote hangs', async () => {
  const scene = await openScene();
  const { promise: arrived, resolve } = Promise.withResolvers<void>();
  scene.server.options.fault = () => {
    resolve();
    return 'hang';
  };
  const watcher = startWatcher(scene, [scene.server.url(scene.repo)]);
  await arrived;
  await watcher.stop();
  expect(watcher.events).toEqual([]);
  await expectTidy(scene);
});
