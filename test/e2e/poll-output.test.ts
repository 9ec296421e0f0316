import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { setRef } from '../support/git-repo.ts';
import { document, type Ran, sluice } from '../support/sluice.ts';
import { main, openScene, type Scene, waiting, written } from './poll-scene.ts';
import { startWatcher } from './poll-watch.ts';

/** `sluice poll history|show|log …`, as a person has it from a second terminal. */
function ask({ root, env }: Scene, ...args: readonly string[]): Promise<Ran> {
  return sluice(['poll', ...args], { cwd: root, env });
}

test('looks go on while a script runs, runs of one branch do not overlap, and only the newest waiting commit runs', async () => {
  const scene = await openScene();
  const { words, begun, go } = waiting(scene, 'echo $SLUICE_SHA');
  const args = ['--initial', 'run', '--concurrency', '3', scene.server.url(scene.repo)];
  const watcher = startWatcher(scene, [...args, '--', ...words]);
  const pushed = async (version: string) => {
    const oid = await scene.commit({ files: { version } });
    expect(await watcher.next('change')).toMatchObject({ change: { kind: 'moved', ref: main, newOid: oid } });
    return oid;
  };
  await written(begun);
  expect(await watcher.next('change')).toMatchObject({ run: 1, change: { kind: 'created', newOid: scene.first } });
  await pushed('second');
  const third = await pushed('third');
  expect(await scene.history()).toMatchObject([
    { id: 3, state: 'queued', newOid: third },
    { id: 2, state: 'superseded' },
    { id: 1, state: 'running', newOid: scene.first },
  ]);
  await writeFile(go, '');
  expect(await watcher.next('run-finished')).toMatchObject({ run: { id: 1, state: 'success', newOid: scene.first } });
  expect(await watcher.next('run-finished')).toMatchObject({ run: { id: 3, state: 'success', newOid: third } });
  await watcher.stop();
  const finished = watcher.events.findIndex(({ type }) => type === 'run-finished');
  expect(watcher.events.flatMap((event, at) => (event.type === 'run-started' ? [at > finished] : []))).toEqual([
    false,
    true,
  ]);
  expect((await watcher.ended).stderr).toMatch(/watching 1 repository; stop with Ctrl-C/);
});

test('history, show and log read beside a watcher; log --follow ends with its run', async () => {
  const scene = await openScene();
  await scene.poll([scene.repo]);
  await setRef(scene.repo, 'refs/heads/feature/x', scene.first);
  const { words, begun, go } = waiting(scene, 'echo "$SLUICE_BRANCH"; echo begun');
  const watcher = startWatcher(scene, [scene.repo, '--', ...words]);
  await written(begun);

  const history = await ask(scene, 'history');
  expect(history).toMatchObject({ status: 0, stderr: '' });
  expect(history.stdout).toMatch(/^1 .* running +\S+app\.git +feature\/x +[0-9a-f]{10}\s*$/m);
  const show = document(await ask(scene, 'show', '1', '--json'));
  expect(show).toMatchObject({ command: 'poll show', run: { id: 1, state: 'running', kind: 'created', attempt: 1 } });
  expect((await ask(scene, 'log', '1')).stdout).toBe('feature/x\nbegun\n');

  const follower = scene.start(['log', '1', '--follow']);
  await writeFile(go, '');
  await watcher.next('run-finished');
  expect(await follower.ended).toMatchObject({ status: 0, stdout: 'feature/x\nbegun\nwent on\n', stderr: '' });
  const lines = (await ask(scene, 'log', '1', '--follow', '--json')).stdout.trim().split('\n');
  expect(lines.map((line) => JSON.parse(line))).toEqual(
    ['feature/x', 'begun', 'went on'].map((line) => ({ run: 1, line })),
  );
  expect(document(await ask(scene, 'log', '1', '--json'))).toMatchObject({ log: 'feature/x\nbegun\nwent on\n' });
  expect((await ask(scene, 'show', '1')).stdout).toMatch(/^state +success$/m);
  await watcher.stop();
});

test('--once --json is one document, also when a script fails', async () => {
  const scene = await openScene();
  await scene.poll([scene.repo]);
  const oid = await scene.commit({ files: { version: 'second' } });
  const ran = await scene.text(['--once', '--json', scene.repo, '--', 'sh', '-c', 'echo broken; exit 3']);
  expect(ran).toMatchObject({ status: 1, stderr: '' });
  expect(JSON.parse(ran.stdout)).toMatchObject({
    command: 'poll',
    repositories: [scene.repo],
    ended: { failure: 1 },
    events: [
      { type: 'change', run: 1, change: { kind: 'moved', ref: main, newOid: oid } },
      { type: 'run-started', run: { id: 1 } },
      { type: 'run-finished', run: { id: 1, state: 'failure', exitStatus: 3, lastLine: 'broken' } },
    ],
  });
});

test('--quiet says nothing when nothing is wrong, and one line for each failure', async () => {
  const scene = await openScene();
  const quiet = (...words: string[]) => scene.text(['--once', '--quiet', scene.repo, '--', ...words]);
  const silent = { status: 0, stdout: '', stderr: '' };
  expect(await quiet('true'), 'first sight').toMatchObject(silent);
  expect(await quiet('true'), 'nothing new').toMatchObject(silent);
  await scene.commit({ files: { version: 'second' } });
  expect(await quiet('echo', 'fine'), 'a success').toMatchObject(silent);
  const oid = await scene.commit({ files: { version: 'third' } });
  const failed = await quiet('sh', '-c', 'echo broken; exit 1');
  const at = `${scene.repo} main ${oid.slice(0, 10)}`;
  expect(failed).toMatchObject({ status: 1, stdout: `run 2 (${at}) failure: broken\n`, stderr: '' });
  expect(await quiet('true'), 'it was told').toMatchObject(silent);
  const watching = scene.start(['--quiet', '-t', '5', join(scene.root, 'nowhere.git')]);
  await new Promise((resolve) => watching.child.stderr?.once('data', resolve));
  watching.child.kill('SIGINT');
  const ended = await watching.ended;
  expect(ended).toMatchObject({ status: 130, stdout: '', stderr: expect.not.stringContaining('watching') });
  expect(ended.stderr).toMatch(/^warning: .*nowhere\.git.*; next look in \d+ s\n/);
});

test('history filters by repository and state, and is empty without a state', async () => {
  const scene = await openScene();
  expect(await ask(scene, 'history')).toMatchObject({
    status: 0,
    stdout: `no runs yet: there is no state in ${join(scene.root, 'state/sluice')}\n`,
  });
  expect(await scene.history()).toEqual([]);
  const url = scene.server.url(scene.repo);
  await scene.poll(['--initial', 'run', scene.repo]);
  await scene.poll(['--initial', 'run', url, '--', 'false']);
  expect(await scene.history('--repo', url)).toMatchObject([{ id: 2, repository: url, state: 'failure' }]);
  expect(await scene.history('--state', 'success')).toMatchObject([{ id: 1, repository: scene.repo }]);
  expect(await scene.history('-n', '1')).toMatchObject([{ id: 2 }]);
  expect(await ask(scene, 'show', '7')).toMatchObject({ status: 64, stderr: expect.stringContaining('no run 7') });
  expect(await ask(scene, 'log', 'x')).toMatchObject({ status: 64 });
});

test('--keep-logs keeps that many logs, and every line of the history', async () => {
  const scene = await openScene();
  for (const version of ['1', '2', '3']) {
    await scene.commit({ files: { version } });
    await scene.poll(['--initial', 'run', '--keep-logs', '1', scene.repo, '--', 'echo', 'hello']);
  }
  expect(await ask(scene, 'log', '3')).toMatchObject({ status: 0, stdout: 'hello\n' });
  const gone = await ask(scene, 'log', '2');
  expect(gone.status).not.toBe(0);
  expect(gone.stderr).toMatch(/run 2 has no log\n.*--keep-logs/);
  expect(await scene.history()).toHaveLength(3);
});
