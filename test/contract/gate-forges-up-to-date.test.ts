import { describe, expect, test } from 'vitest';
import { deleteRef, setRef } from '../support/git-repo.ts';
import { hideInHistory } from './gate-forges-hidden.ts';
import { openScene } from './gate-forges-scene.ts';
import { forges } from './gate-forges-traits.ts';

const demanded = { upToDate: true, base: ['main'] };

describe.each(forges)('the gate on $name: up to date with the base branch', (traits) => {
  const { words } = traits;

  test('what the base branch took back does not come again unseen', async () => {
    const scene = await openScene(traits);
    const { ask, state, repo } = scene;
    const { number, sha, bad, gitDir, update } = await hideInHistory(scene);
    state.about(repo, number).review('bob', 'approved');
    const typo = { branch: 'typo', sha };
    const without = await ask({ ...typo, base: ['main'] });
    expect(without.status, without.tree).toBe('approved');
    const rejected = {
      status: 'rejected',
      exit: 1,
      text: expect.stringContaining(
        `main has commits that ${sha.slice(0, 10)} does not have: bring the ${words.change} up to date and have it approved anew`,
      ),
    };
    expect(await ask({ ...typo, ...demanded })).toMatchObject(rejected);
    // A tag stands for no branch.
    for (const name of ['main', 'heads/main', 'refs/heads/main']) await setRef(gitDir, `refs/tags/${name}`, bad);
    expect(await ask({ ...typo, ...demanded })).toMatchObject(rejected);

    const merged = { branch: 'typo', sha: await update(), ...demanded };
    expect(await ask(merged)).toMatchObject({ status: 'pending' });
    state.about(repo, number).review('bob', 'approved');
    const asked = await ask(merged);
    expect(asked.status, asked.tree).toBe('approved');
    expect(asked.tree).toContain(`up-to-date: ${merged.sha.slice(0, 10)} contains all of main`);
    await state.pushBase(repo, { 'later.txt': 'later' });
    expect(await ask(merged)).toMatchObject({ status: 'rejected', text: expect.stringContaining('main has commits') });
  });

  test('with --allow-ancestor it is the pushed commit that has to be', async () => {
    const scene = await openScene(traits);
    const { ask, state, repo } = scene;
    const { number, sha, update } = await hideInHistory(scene);
    const merged = await update();
    state.about(repo, number).review('bob', 'approved');
    const rules = { branch: 'typo', allowAncestor: true, ...demanded };
    expect(await ask({ ...rules, upToDate: false, sha })).toMatchObject({ status: 'approved' });
    expect(await ask({ ...rules, sha })).toMatchObject({
      status: 'rejected',
      text: expect.stringContaining(`main has commits that ${sha.slice(0, 10)} does not have`),
    });
    await state.pushChange(repo, number, { by: 'ann' });
    state.about(repo, number).review('bob', 'approved');
    const asked = await ask({ ...rules, sha: merged });
    expect(asked.status, asked.tree).toBe('approved');
  });

  test('a base branch that is gone, also where a tag has its name, is no yes', async () => {
    const scene = await openScene(traits);
    const { ask, state, repo, change, conversation, fork } = scene;
    conversation.review('bob', 'approved');
    expect(await ask(demanded)).toMatchObject({ status: 'approved' });
    const { gitDir } = state.repositories.get(repo) ?? { gitDir: '' };
    await deleteRef(gitDir, 'refs/heads/main');
    for (const name of ['main', 'heads/main', 'refs/heads/main']) {
      await setRef(gitDir, `refs/tags/${name}`, change.base.sha);
    }
    expect(await ask(demanded)).toMatchObject({
      status: 'undetermined',
      exit: 2,
      text: expect.stringContaining(`${fork} has no branch main, into which ${words.sigil}1 goes. Change its base.`),
    });
  });

  test('a credential that may not see it is told what it needs', async () => {
    const { ask, fake, conversation, change } = await openScene(traits);
    conversation.review('bob', 'approved');
    const headers = { 'x-accepted-github-permissions': 'contents=read' };
    const denied = { kind: 'answer', status: 403, headers, body: { message: 'no' } } as const;
    const tip = /\/git\/ref\/|\/branches(?:\/|\?)/;
    const ancestry = new RegExp(`/compare/|/merge_base|/commits\\?.*${change.base.sha}`);
    for (const path of [tip, ancestry]) {
      fake.fail({ path, fault: denied });
      const { status, text } = await ask(demanded);
      fake.heal();
      expect(status, text).toBe('undetermined');
      expect(text).toContain(traits.right);
    }
    expect(await ask(demanded)).toMatchObject({ status: 'approved' });
  });
});
