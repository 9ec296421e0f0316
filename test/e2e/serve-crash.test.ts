import { appendFile, readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { listProcesses, processesWith } from '../../src/core/pipeline/process-table.ts';
import { commit, resolve } from '../support/git-repo.ts';
import { changed, eventually, openServeScene } from './serve-scene.ts';

test('kill -9 after the 202 loses nothing, and leaves no status pending', async () => {
  const scene = await openServeScene();
  const journal = join(scene.root, 'journal');
  const go = join(scene.root, 'go');
  await scene.hook(
    'push-acme-app',
    `#!/bin/sh\necho "begin $SLUICE_SHA" >> '${journal}'\n[ -e '${go}' ] || sleep 600\necho "end $SLUICE_SHA" >> '${journal}'\n`,
  );
  const { gitDir } = scene.fake.state.repositories.get('acme/app') ?? { gitDir: '' };
  const sha = await resolve(gitDir, 'refs/heads/main');
  const first = await scene.start();
  expect(await first.send({ kind: 'push', ref: 'refs/heads/main', after: sha })).toMatchObject({ status: 202 });
  await eventually(async () => expect(await scene.statuses(sha)).toEqual({ 'push-acme-app': 'pending: running' }));
  await first.kill();
  await appendFile(go, '');
  // As a process leaves it that was killed while it forgot an old run.
  const logs = join(scene.dataDir, 'logs');
  await appendFile(join(logs, '4711.log'), 'of a run that is forgotten\n');
  const second = await scene.start();
  await second.until(({ state }) => state === 'success');
  await eventually(async () => expect(await scene.statuses(sha)).toEqual({ 'push-acme-app': 'success: success' }));
  expect((await readFile(journal, 'utf8')).trim().split('\n')).toEqual([`begin ${sha}`, `begin ${sha}`, `end ${sha}`]);
  await eventually(async () => expect(await readdir(logs)).toEqual(['1.log']));
  // What the killed server had left running is gone.
  const sleeping = await processesWith(`HOME=${scene.env.HOME}`);
  expect(sleeping.filter((pid) => pid !== second.child.pid)).toEqual([]);
  expect((await listProcesses()).some(({ pid }) => pid === second.child.pid)).toBe(true);
});

test('a branch that has moved after kill -9 leaves nothing pending on the commit that it had', async () => {
  const scene = await openServeScene({}, { reconcile: 0 });
  const go = join(scene.root, 'go');
  await scene.hook('push-acme-app', `#!/bin/sh\n[ -e '${go}' ] || sleep 600\n`);
  const { gitDir } = scene.fake.state.repositories.get('acme/app') ?? { gitDir: '' };
  const before = await resolve(gitDir, 'refs/heads/main');
  const first = await scene.start(['--log-format', 'json']);
  await first.send({ kind: 'push', ref: 'refs/heads/main', after: before }, { guid: 'the-first' });
  await eventually(async () => expect(await scene.statuses(before)).toEqual({ 'push-acme-app': 'pending: running' }));
  await first.kill();
  // Nobody tells of it.
  const now = await commit(gitDir, { message: 'moved', parent: before, ref: 'refs/heads/main' });
  await appendFile(go, '');
  const second = await scene.start(['--log-format', 'json']);
  const { id } = await second.until(({ state }) => state === 'success');
  await eventually(async () => {
    expect(await scene.statuses(now)).toEqual({ 'push-acme-app': 'success: success' });
    const left = `error: run ${id} went on with ${now.slice(0, 10)}`;
    expect(await scene.statuses(before)).toEqual({ 'push-acme-app': left });
  });
  const { stderr } = await second.stop();
  const lines = stderr.split('\n').flatMap((line) => (line.startsWith('{') ? [JSON.parse(line) as object] : []));
  expect(lines).toContainEqual(
    expect.objectContaining({ run: id, delivery: 'the-first', msg: expect.stringContaining('was interrupted') }),
  );
});

test('a delivery that was answered right before kill -9 is done by the next server, once', async () => {
  const trust = ['internal', 'author:stranger'];
  const scene = await openServeScene({ mirror: { to: 'gh:mirrors/app', changes: { trust } } }, { reconcile: 0 });
  const change = await scene.fake.state.addChange({
    repo: 'acme/app',
    from: 'stranger/app',
    branch: 'fix',
    author: 'stranger',
  });
  // The forge does not answer, so the job cannot end before the kill.
  scene.fake.fail({ path: /pulls/, fault: { kind: 'answer', status: 503 } });
  const first = await scene.start();
  expect(await first.send(changed('opened', change), { guid: 'one' })).toMatchObject({
    status: 202,
    body: { jobs: 1 },
  });
  await first.kill();
  scene.fake.heal();
  const second = await scene.start();
  expect(await second.send(changed('opened', change), { guid: 'one' })).toMatchObject({
    body: { duplicate: true, jobs: 0 },
  });
  await eventually(async () => expect(await scene.branches('mirrors/app')).toEqual({ 'pr/1': change.head.sha }));
  expect(await scene.command('jobs', 'list', '--dead')).toMatchObject({ jobs: [] });
});
