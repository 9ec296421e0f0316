import { describe, expect, test } from 'vitest';
import { sluice } from '../support/sluice.ts';
import { type ForgeScene, type ForgeType, forgeTypes, openForgeScene } from './poll-forge-scene.ts';

const headRef: Record<ForgeType, (number: number) => string> = {
  github: (number) => `refs/pull/${number}/head`,
  gitlab: (number) => `refs/merge-requests/${number}/head`,
};

/** A change request of the same repository and one of a stranger's fork, opened after the first look. */
async function openChanges(site: ForgeScene, flags: readonly string[]) {
  await site.poll(flags);
  const { state } = site.fake;
  const internal = await state.addChange({ repo: 'acme/app', branch: 'own' });
  const fork = { repo: 'acme/app', from: 'stranger/app', author: 'stranger' };
  const strange = await state.addChange({ ...fork, branch: 'theirs' });
  return { internal, strange };
}

const tell = ['sh', '-c', 'echo "$SLUICE_EVENT $SLUICE_CHANGE $SLUICE_REF $SLUICE_SHA $SLUICE_OWNER/$SLUICE_NAME"'];

describe.each(forgeTypes)('--prs on %s', (type) => {
  const ref = headRef[type];

  test('what is in the same repository runs; what is a stranger’s does not, and says what it waits for', async () => {
    const site = await openForgeScene(type);
    const flags = ['--prs', '--branch', 'main', '--result', 'status', '--', ...tell];
    const { internal, strange } = await openChanges(site, flags);
    const ran = await site.poll(flags);
    expect(ran).toMatchObject({ status: 0, changes: [`created ${ref(1)}`, `created ${ref(2)}`], stderr: '' });
    const [one, two] = await site.scene.history().then((runs) => runs.toReversed());
    const sha = internal.head.sha;
    expect(one).toMatchObject({ state: 'success', change: 1, newOid: sha });
    expect(one?.lastLine).toBe(`change 1 ${ref(1)} ${sha} acme/app`);
    expect(two).toMatchObject({ state: 'skipped', change: 2, newOid: strange.head.sha, attempt: 0 });
    expect(two?.detail).toMatch(/not trusted|must/);
    const theirs = site.told().filter((told) => told.sha === strange.head.sha);
    expect(theirs).toMatchObject([{ state: 'pending', description: expect.stringMatching(/^waiting: /) }]);
    expect(site.told().filter((told) => told.sha === sha)).toHaveLength(2);
    expect(await site.poll(flags)).toMatchObject({ status: 0, events: [] });
  });

  test('a new head of a stranger is not trusted either; one that is closed is forgotten, and runs when reopened', async () => {
    const site = await openForgeScene(type);
    const { state } = site.fake;
    const flags = ['--prs', '--branch', 'main', '--', ...tell];
    await openChanges(site, flags);
    await site.poll(flags);
    const { head } = await state.pushChange('acme/app', 2);
    state.setChangeState('acme/app', 1, 'closed');
    const ran = await site.poll(flags);
    expect(ran).toMatchObject({ status: 0, changes: [`moved ${ref(2)}`], runs: [] });
    expect(await site.scene.history('-n', '1')).toMatchObject([{ change: 2, newOid: head.sha, state: 'skipped' }]);
    expect(await site.poll(flags)).toMatchObject({ status: 0, events: [] });
    state.setChangeState('acme/app', 1, 'open');
    expect(await site.poll(flags)).toMatchObject({ changes: [`created ${ref(1)}`], runs: [{ state: 'success' }] });
  });

  test('a new head of a trusted one runs', async () => {
    const site = await openForgeScene(type);
    const flags = ['--prs', '--branch', 'main', '--', ...tell];
    const { internal } = await openChanges(site, flags);
    await site.poll(flags);
    const { head } = await site.fake.state.pushChange('acme/app', 1);
    const ran = await site.poll(flags);
    expect(ran.runs).toMatchObject([{ oldOid: internal.head.sha, newOid: head.sha, kind: 'moved', state: 'success' }]);
  });

  test('--trust author: runs what that account opened, and replaces the default', async () => {
    const site = await openForgeScene(type);
    const flags = ['--prs', '--branch', 'main', '--trust', 'author:Stranger', '--', ...tell];
    const { internal, strange } = await openChanges(site, flags);
    const ran = await site.poll(flags);
    expect(ran.runs).toMatchObject([{ change: 2, state: 'success', newOid: strange.head.sha }]);
    expect(await site.scene.history('--state', 'skipped')).toMatchObject([{ change: 1, newOid: internal.head.sha }]);
  });

  test('who is trusted later runs later', async () => {
    const site = await openForgeScene(type);
    const flags = (...trust: string[]) => ['--prs', '--branch', 'main', ...trust, '--', 'true'];
    const { strange } = await openChanges(site, flags());
    await site.poll(flags());
    const ran = await site.poll(flags('--trust', 'internal', '--trust', 'author:stranger'));
    expect(ran.runs).toMatchObject([{ change: 2, state: 'success', newOid: strange.head.sha }]);
  });

  test('a listing that fails holds up the change requests only, and forgets none', async () => {
    const site = await openForgeScene(type);
    const flags = ['--prs', '--', 'true'];
    await openChanges(site, flags);
    await site.poll(flags);
    const path = /\/(pulls|merge_requests)\b/;
    site.fake.fail({ method: 'GET', path, fault: { kind: 'answer', status: 500, body: { message: 'oops' } } });
    const oid = await site.commit();
    const ran = await site.poll(flags);
    expect(ran).toMatchObject({ status: 69, changes: ['moved refs/heads/main'], runs: [{ newOid: oid }] });
    expect(ran.events).toContainEqual(expect.objectContaining({ type: 'look-failed' }));
    site.fake.heal();
    expect(await site.poll(flags)).toMatchObject({ status: 0, events: [] });
  });

  test('the first look remembers open change requests and runs none', async () => {
    const site = await openForgeScene(type);
    await site.fake.state.addChange({ repo: 'acme/app', branch: 'own' });
    const flags = ['--prs', '--branch', 'main', '--', 'true'];
    expect(await site.poll(flags)).toMatchObject({ status: 0, events: [{ type: 'baseline', refs: 2 }], runs: [] });
    expect(await site.poll(flags)).toMatchObject({ status: 0, events: [] });
  });
});

test('--prs of a repository without a forge is refused, before anything is remembered', async () => {
  const { scene } = await openForgeScene('github');
  const ran = await sluice(['poll', '--once', '--prs', scene.repo], { env: scene.env });
  expect(ran).toMatchObject({ status: 64, stderr: expect.stringContaining('--prs needs the API of a forge') });
  expect((await scene.poll([scene.repo])).events).toMatchObject([{ type: 'baseline' }]);
});
