import { describe, expect, test } from 'vitest';
import { commit, deleteRef, resolve, setRef } from '../support/git-repo.ts';
import { changed, eventually, openServeScene, type ServeScene } from './serve-scene.ts';

const everybody = { changes: { as: 'pr/{number}', trust: ['internal', 'author:stranger'] } };
// `update` is for branches: heads of change requests are rebased.
const elsewhere = { mirror: { to: 'gh:mirrors/app', update: 'ff', ...everybody } };

function gitDirOf(scene: ServeScene, path = 'acme/app'): string {
  return scene.fake.state.repositories.get(path)?.gitDir ?? '';
}

async function addChange(scene: ServeScene, branch = 'fix') {
  return await scene.fake.state.addChange({ repo: 'acme/app', from: 'stranger/app', branch, author: 'stranger' });
}

describe('sluice serve as a mirror', () => {
  test('a change request becomes a branch, follows its head, and goes when it is closed, also with a deleted fork', async () => {
    const scene = await openServeScene(elsewhere, { reconcile: 0 });
    const server = await scene.start();
    const change = await addChange(scene);
    expect(await server.send(changed('opened', change))).toMatchObject({ status: 202, body: { jobs: 1 } });
    await eventually(async () => expect(await scene.branches('mirrors/app')).toEqual({ 'pr/1': change.head.sha }));
    await eventually(async () =>
      expect(await scene.statuses(change.head.sha)).toEqual({ 'sluice/mirror': 'success: pr/1 created' }),
    );
    const moved = await scene.fake.state.pushChange('acme/app', 1, { onto: change.base.sha });
    await server.send(changed('updated', moved));
    await eventually(async () => expect(await scene.branches('mirrors/app')).toEqual({ 'pr/1': moved.head.sha }));
    await scene.fake.state.deleteRepository('stranger/app');
    scene.fake.state.setChangeState('acme/app', 1, 'closed');
    await server.send(changed('closed', { ...moved, head: { ...moved.head, repo: undefined } }));
    await eventually(async () => expect(await scene.branches('mirrors/app')).toEqual({}));
    const { stderr } = await server.stop();
    expect(stderr).not.toContain(scene.fake.token);
  });

  test('what a stranger pushes goes nowhere until somebody vouches for that commit', async () => {
    const trust = ['internal', 'review:writer'];
    const scene = await openServeScene({ mirror: { to: 'gh:mirrors/app', changes: { trust } } }, { reconcile: 0 });
    const { state } = scene.fake;
    const server = await scene.start();
    const change = await addChange(scene);
    await server.send(changed('opened', change));
    const waiting = await server.until((run) => run.state === 'waiting');
    expect(waiting.detail).toContain('must approve it');
    expect(await scene.branches('mirrors/app')).toEqual({});
    state.addAccount('writer');
    state.members.grant('acme/app', 'writer', 'write');
    state.about('acme/app', 1).review('writer', 'approved');
    await server.send({ kind: 'endorsement', what: 'review', number: 1 });
    await eventually(async () => expect(await scene.branches('mirrors/app')).toEqual({ 'pr/1': change.head.sha }));
    // The approval was for that commit: the next one waits again, and the mirror stays where it is.
    const moved = await state.pushChange('acme/app', 1);
    await server.send(changed('updated', moved));
    await server.until((run) => run.state === 'waiting' && run.sha === moved.head.sha);
    expect(await scene.branches('mirrors/app')).toEqual({ 'pr/1': change.head.sha });
  });

  test('branches of the same repository: no loop, no script for pushes of its own', async () => {
    const scene = await openServeScene({ mirror: everybody }, { reconcile: 0 });
    await scene.hook('push-acme-app', '#!/bin/sh\necho ran\n');
    const server = await scene.start();
    const change = await addChange(scene);
    await server.send(changed('opened', change));
    await eventually(async () => expect(await scene.branches('acme/app')).toMatchObject({ 'pr/1': change.head.sha }));
    const push = { kind: 'push', ref: 'refs/heads/pr/1', after: change.head.sha } as const;
    expect(await server.send(push)).toMatchObject({
      status: 202,
      body: { jobs: 0, reason: expect.stringContaining("sluice's own mirroring") },
    });
  });

  test('branches are mirrored as configured, deletions too where that is asked for', async () => {
    const mirror = { to: 'gh:mirrors/app', branches: ['main', 'release/*'], prune: true };
    const scene = await openServeScene({ mirror }, { reconcile: 0 });
    const server = await scene.start();
    const gitDir = gitDirOf(scene);
    const main = await resolve(gitDir, 'refs/heads/main');
    await setRef(gitDir, 'refs/heads/release/1.0', main);
    await server.send({ kind: 'push', ref: 'refs/heads/release/1.0', after: main });
    await eventually(async () => expect(await scene.branches('mirrors/app')).toMatchObject({ 'release/1.0': main }));
    expect(await server.send({ kind: 'push', ref: 'refs/heads/other', after: main })).toMatchObject({
      body: { reason: expect.stringContaining('nothing is mirrored or run') },
    });
    await deleteRef(gitDir, 'refs/heads/release/1.0');
    await server.send({ kind: 'push', ref: 'refs/heads/release/1.0', before: main });
    await eventually(async () => expect(await scene.branches('mirrors/app')).toEqual({ main }));
  });

  test('a refspec mirrors what it names and nothing beside it', async () => {
    const mirror = { to: 'gh:mirrors/app', refs: ['refs/heads/dev:refs/heads/from/dev'] };
    const scene = await openServeScene({ mirror }, { reconcile: 0 });
    const server = await scene.start();
    const main = await resolve(gitDirOf(scene), 'refs/heads/main');
    await setRef(gitDirOf(scene), 'refs/heads/dev', main);
    await server.send({ kind: 'push', ref: 'refs/heads/dev', after: main });
    await server.until(({ state }) => state === 'success');
    expect(await scene.branches('mirrors/app')).toEqual({ 'from/dev': main });
  });

  test('what was missed while nobody listened is found at the start', async () => {
    const scene = await openServeScene({ mirror: { ...elsewhere.mirror, branches: ['main'] } });
    const change = await addChange(scene);
    const gone = await addChange(scene, 'gone');
    const first = await scene.start();
    await eventually(async () =>
      expect(Object.keys(await scene.branches('mirrors/app')).sort()).toEqual(['main', 'pr/1', 'pr/2']),
    );
    await first.stop();
    const moved = await scene.fake.state.pushChange('acme/app', change.number);
    scene.fake.state.setChangeState('acme/app', gone.number, 'merged');
    const after = await commit(gitDirOf(scene), {
      message: 'more',
      parent: await resolve(gitDirOf(scene), 'refs/heads/main'),
      ref: 'refs/heads/main',
    });
    await scene.start();
    await eventually(async () =>
      expect(await scene.branches('mirrors/app')).toEqual({ main: after, 'pr/1': moved.head.sha }),
    );
  });

  test('a forge that is down is waited for', async () => {
    const scene = await openServeScene(elsewhere, { reconcile: 0 });
    const server = await scene.start();
    const change = await addChange(scene);
    scene.fake.fail({ fault: { kind: 'answer', status: 503 } });
    await server.send(changed('opened', change));
    await eventually(async () =>
      expect(await scene.command('jobs', 'list', '--state', 'queued')).toMatchObject({
        jobs: [{ attempt: 1, detail: expect.stringContaining('503') }],
      }),
    );
    scene.fake.heal();
    await eventually(async () => expect(await scene.branches('mirrors/app')).toEqual({ 'pr/1': change.head.sha }));
  });

  test('a CI at the mirror is reported on the commit that it came from', async () => {
    const scene = await openServeScene(elsewhere, { reconcile: 0 });
    const server = await scene.start();
    const change = await addChange(scene);
    await server.send(changed('opened', change));
    await eventually(async () => expect(await scene.branches('mirrors/app')).toEqual({ 'pr/1': change.head.sha }));
    const check = { kind: 'check', sha: change.head.sha, branch: 'pr/1', name: 'pipeline', state: 'success' } as const;
    scene.fake.state.checks.add('mirrors/app', change.head.sha, { name: 'pipeline', state: 'success' });
    expect(await server.send(check, { of: 'mirror' })).toMatchObject({ body: { jobs: 1 } });
    await eventually(async () =>
      expect(await scene.statuses(change.head.sha)).toMatchObject({ 'gh/pipeline': expect.stringMatching(/^success/) }),
    );
    // What it says of itself is no news to it.
    expect(await server.send({ ...check, name: 'gh/pipeline' }, { of: 'mirror' })).toMatchObject({ body: { jobs: 0 } });
  });
});
