import { describe, expect, test } from 'vitest';
import { openScene } from './gate-forges-scene.ts';
import { forges } from './gate-forges-traits.ts';

describe.each(forges)('the gate on $name: checks and teams', (traits) => {
  const { strangers, apps, team } = traits;

  async function approvedScene() {
    const scene = await openScene(traits);
    const { state, repo, change, conversation } = scene;
    conversation.review('bob', 'approved');
    const report = (name: string, result: 'running' | 'success' | 'failure' | 'cancelled', app?: string) =>
      state.checks.add(repo, change.head.sha, { name, state: result, ...(app === undefined ? {} : { app }) });
    return { ...scene, report };
  }

  test('a check is missing, runs, fails, is green', async () => {
    const { ask, report, change } = await approvedScene();
    const wanted = { requiredCheck: ['build'] };
    const { status, text } = await ask(wanted);
    expect(status, text).toBe('pending');
    expect(text).toContain(`check build has not been reported on ${change.head.sha.slice(0, 10)}`);
    report('lint', 'success');
    expect(await ask(wanted)).toMatchObject({
      status: 'pending',
      text: expect.stringContaining('has not been reported'),
    });
    report('build', 'running');
    expect(await ask(wanted)).toMatchObject({
      status: 'pending',
      text: expect.stringContaining('check build has not ended'),
    });
    report('build', 'failure');
    expect(await ask(wanted)).toMatchObject({
      status: 'rejected',
      text: expect.stringContaining('check build failed'),
    });
    report('build', 'success');
    const green = await ask(wanted);
    expect(green.status, green.tree).toBe('approved');
    expect(green.tree).toContain('check build is green');
    report('build', 'cancelled');
    expect((await ask(wanted)).status).not.toBe('approved');
  });

  test('what was reported on another commit or on the fork of a stranger does not count', async () => {
    const { ask, state, repo, change, push, conversation, report } = await approvedScene();
    const from = strangers('app');
    await state.addRepository(from, { parent: repo });
    state.checks.add(from, change.head.sha, { name: 'build', state: 'success' });
    expect(await ask({ requiredCheck: ['build'] })).toMatchObject({ status: 'pending' });
    report('build', 'success');
    expect(await ask({ requiredCheck: ['build'] })).toMatchObject({ status: 'approved' });
    const sha = await push();
    conversation.review('bob', 'approved');
    expect(await ask({ sha, requiredCheck: ['build'] })).toMatchObject({ status: 'pending' });
  });

  test('without a change request a check is demanded all the same', async () => {
    const { ask, report, state, repo, change } = await approvedScene();
    state.setChangeState(repo, change.number, 'closed');
    const { head } = await state.addChange({ repo, branch: 'x', author: 'ann' });
    const wanted = {
      sha: head.sha,
      branch: 'none',
      lookup: ['branch'],
      ifNoPr: 'allow',
      requiredCheck: ['ci'],
    } as const;
    report('ci', 'success');
    expect(await ask(wanted)).toMatchObject({ status: 'pending' });
    state.checks.add(repo, head.sha, { name: 'ci', state: 'success' });
    expect(await ask(wanted)).toMatchObject({ status: 'approved' });
  });

  test('a required app', async () => {
    const { ask, report, fork } = await approvedScene();
    const wanted = { requiredApp: ['compliance'] };
    report('scan', 'success');
    const { status, text } = await ask(wanted);
    expect(status, text).toBe(apps ? 'pending' : 'rejected');
    expect(text).toContain(
      apps ? 'compliance has not reported on' : `${fork} cannot tell which app reported a check (only GitHub can)`,
    );
    expect(await ask({ ...wanted, ifAppMissing: 'warn' })).toMatchObject({ status: 'approved' });
    report('scan', 'success', 'compliance');
    const reported = await ask(wanted);
    expect(reported.status, reported.tree).toBe(apps ? 'approved' : 'rejected');
    const byApp = await ask({ requiredCheck: ['scan@compliance'] });
    expect(byApp.status, byApp.tree).toBe(apps ? 'approved' : 'rejected');
    if (!apps) expect(byApp.text).toContain("--required-check 'scan@*'");
    expect(await ask({ requiredCheck: ['scan@*'] })).toMatchObject({ status: 'approved' });
  });

  test.runIf(team !== undefined)('a team', async () => {
    const { ask, state, conversation } = await approvedScene();
    const wanted = { requireTeam: [team ?? ''] };
    const missing = await ask(wanted);
    expect(missing.status, missing.text).toBe('undetermined');
    expect(missing.text).toContain(team);
    state.members.addTeam(team ?? '', ['cy']);
    const { status, text } = await ask(wanted);
    expect(status, text).toBe('pending');
    expect(text).toContain(`an approval from a member of ${team} is needed`);
    conversation.review('cy', 'approved');
    expect(await ask(wanted)).toMatchObject({ status: 'approved' });
  });

  test.runIf(team === undefined)('a team, of which the forge tells nobody who is in it', async () => {
    const { ask } = await approvedScene();
    const { status, exit, text } = await ask({ requireTeam: ['sec'] });
    expect({ status, exit }).toEqual({ status: 'undetermined', exit: 2 });
    expect(text).toContain('list the members of sec');
  });
});
