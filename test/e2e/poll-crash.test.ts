import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { addHook } from '../contract/transfers/scene.ts';
import { git } from '../support/git-repo.ts';
import { alive, entry, main, noneAlive, openScene, written } from './poll-scene.ts';
import { expectTidy, startWatcher, withRunningScript } from './poll-watch.ts';

test('kill -9 in the middle of a run: nothing of it goes on, and it is begun again by the next one', async () => {
  const scene = await openScene();
  const { watcher, oid, begun } = await withRunningScript(scene, "trap '' TERM");
  expect((await alive(scene)).length).toBeGreaterThan(3);
  watcher.kill('SIGKILL');
  expect(await watcher.ended).toMatchObject({ signal: 'SIGKILL' });
  expect(await scene.history()).toMatchObject([{ id: 1, state: 'running', attempt: 1 }]);

  const next = startWatcher(scene, [scene.repo]);
  expect(await next.next('run-returned')).toMatchObject({ run: { id: 1, state: 'queued', attempt: 1 } });
  expect(await next.next('run-finished')).toMatchObject({ run: { id: 1, state: 'success', attempt: 2 } });
  await next.stop();
  expect(next.events.filter(({ type }) => type === 'run-finished')).toHaveLength(1);
  expect(await scene.journal()).toEqual([entry(main, oid, 'second')]);
  expect((await readFile(begun, 'utf8')).trim().split('\n')).toHaveLength(1);
  expect(await scene.history()).toMatchObject([{ id: 1, state: 'success', attempt: 2 }]);
  await expectTidy(scene);
});

test('two of one state directory: the second ends with 75, says who has it, and disturbs nobody', async () => {
  const scene = await openScene();
  const { watcher, go } = await withRunningScript(scene);
  const second = await scene.text(['--once', scene.repo]);
  expect(second).toMatchObject({ status: 75, stdout: '' });
  expect(second.stderr).toContain(String(watcher.pid));
  const third = await scene.text(['--once', '--json', scene.repo]);
  expect(third).toMatchObject({ status: 75 });
  expect(JSON.parse(third.stdout)).toMatchObject({ error: { exit: 75 } });
  await writeFile(go, '');
  expect(await watcher.next('run-finished')).toMatchObject({ run: { state: 'success' } });
  await watcher.stop();
  await expectTidy(scene);
});

test.each([
  ['arrives after all', 'exit 0'],
  ['is lost', 'exit 1'],
])('kill -9 while a note is being pushed, which %s: it is there once, and nothing is run again', async (_what, end) => {
  const scene = await openScene();
  await scene.poll([scene.repo]);
  const oid = await scene.commit({ files: { version: 'second' } });
  const arrived = join(scene.root, 'arrived');
  const go = join(scene.root, 'go');
  await addHook(scene.repo, 'pre-receive', `echo 1 > '${arrived}'\nuntil [ -e '${go}' ]; do sleep 0.05; done\n${end}`);
  const args = ['--result', 'notes', scene.repo];
  const watcher = startWatcher(scene, args);
  await written(arrived);
  watcher.kill('SIGKILL');
  await watcher.ended;
  expect(await scene.history()).toMatchObject([{ id: 1, state: 'success', attempt: 1 }]);
  await writeFile(go, '');
  await noneAlive(scene);
  await addHook(scene.repo, 'pre-receive', 'exit 0');

  const next = await scene.poll(args);
  expect(next).toMatchObject({ status: 0, events: [{ type: 'report-sent', run: 1, kind: 'notes', phase: 'final' }] });
  expect(await scene.journal()).toEqual([entry(main, oid, 'second')]);
  const notes = ['--git-dir', scene.repo, 'notes', '--ref=sluice'];
  expect(await git([...notes, 'show', oid])).toMatch(/^sluice: success\nref: refs\/heads\/main\n.*\nrun: 1$/);
  expect((await git([...notes, 'list'])).split('\n')).toHaveLength(1);
  expect(await scene.poll(args)).toMatchObject({ status: 0, events: [] });
});
