import { describe, expect, test } from 'vitest';
import { openScene } from './gate-forges-scene.ts';
import { forges } from './gate-forges-traits.ts';

describe.each(forges)('the gate on $name: which change request', (traits) => {
  const { words, own, strangers, labels } = traits;
  const name = (fork: string, number: number) => `${fork} ${words.sigil}${number}`;

  test('a draft waits', async () => {
    const { ask, add, state, repo, fork } = await openScene(traits);
    const { number, head } = await add({ branch: 'draft', draft: true });
    state.about(repo, number).review('bob', 'approved');
    const draft = { branch: 'draft', sha: head.sha };
    const { status, text } = await ask(draft);
    expect(status, text).toBe('pending');
    expect(text).toContain(`${name(fork, number)} is a draft: mark it as ready for review`);
    expect(await ask({ ...draft, allowDraft: true })).toMatchObject({ status: 'approved' });
  });

  test.each(['closed', 'merged'] as const)('a %s one is none', async (ended) => {
    const { ask, conversation, state, repo, change, fork } = await openScene(traits);
    conversation.review('bob', 'approved');
    state.setChangeState(repo, change.number, ended);
    const { status, text } = await ask();
    expect(status, text).toBe('rejected');
    expect(text).toContain(`${name(fork, 1)} is ${ended}, and only an open ${words.change} counts`);
    // Also where it is only found by its commit, and where none is demanded.
    const moved = await ask({ branch: 'renamed', ifNoPr: 'allow' });
    expect(moved.status, moved.tree).toBe('rejected');
  });

  test('one that ended with another commit does not stand in the way where none is demanded', async () => {
    const { ask, push, state, repo, change } = await openScene(traits);
    const sha = await push();
    state.setChangeState(repo, change.number, 'closed');
    expect(await ask({ ifNoPr: 'allow', lookup: ['branch'] })).toMatchObject({ status: 'approved' });
    expect(await ask({ ifNoPr: 'allow', lookup: ['branch'], sha })).toMatchObject({ status: 'rejected' });
  });

  test('the base has to be one that is listed', async () => {
    const { ask, conversation } = await openScene(traits);
    conversation.review('bob', 'approved');
    expect(await ask({ base: ['m?in', 'release/**'] })).toMatchObject({ status: 'approved' });
    const { status, text } = await ask({ base: ['release/**'] });
    expect(status, text).toBe('rejected');
    expect(text).toContain('is into main, and only one into release/** counts');
  });

  test('the head of a fork with the same branch name is not meant', async () => {
    const { ask, add, state, repo, fork } = await openScene(traits);
    const from = strangers('app');
    await state.addRepository(from, { parent: repo });
    const foreign = await add({ from, branch: 'theirs', author: 'eve' });
    state.about(repo, foreign.number).review('bob', 'approved');
    const theirs = { branch: 'theirs', sha: foreign.head.sha };
    const { status, text } = await ask(theirs);
    expect(status, text).toBe('rejected');
    expect(text).toContain(`${fork} has no ${words.change} for`);

    const inside = await add({ branch: 'theirs' });
    expect(await ask({ ...theirs, sha: inside.head.sha })).toMatchObject({ status: 'pending' });
    state.about(repo, inside.number).review('bob', 'approved');
    expect(await ask({ ...theirs, sha: inside.head.sha })).toMatchObject({ status: 'approved' });
    expect((await ask(theirs)).status).toBe('rejected');
  });

  test('the pushed commit is not the head', async () => {
    const { ask, push, conversation, change, fork } = await openScene(traits);
    const sha = await push();
    conversation.review('bob', 'approved');
    const { status, text } = await ask();
    expect(status, text).toBe('rejected');
    expect(text).toContain(`the head of ${name(fork, 1)} is ${sha.slice(0, 10)}, and ${change.head.sha.slice(0, 10)}`);
    expect(text).toContain(`push that commit to fix of ${fork} first`);
    expect(await ask({ sha: 'f'.repeat(40) })).toMatchObject({ status: 'rejected' });
    expect(await ask({ sha })).toMatchObject({ status: 'approved' });
  });

  test('--allow-ancestor: what the head contains, and nothing else', async () => {
    const { ask, push, conversation, fork, add } = await openScene(traits);
    const beside = await add({ branch: 'beside' });
    await push();
    conversation.review('bob', 'approved');
    const { status, tree } = await ask({ allowAncestor: true });
    expect(status, tree).toBe('approved');
    expect(tree).toContain(`is an ancestor of the head of ${name(fork, 1)}`);
    const other = await ask({ allowAncestor: true, lookup: ['branch'], sha: beside.head.sha });
    expect(other.status, other.tree).toBe('rejected');
    // The repository does not have it at all.
    const missing = await ask({ allowAncestor: true, sha: 'f'.repeat(40) });
    expect(missing.status, missing.tree).toBe('undetermined');
  });

  test('two open ones of one commit must both pass', async () => {
    const { ask, add, state, repo, change, conversation } = await openScene(traits);
    const twin = await add();
    await state.pushChange(repo, twin.number, { sha: change.head.sha });
    conversation.review('bob', 'approved');
    const { status, text } = await ask();
    expect(status, text).toBe('pending');
    expect(text).toContain('0 of 1 approvals');
    state.about(repo, twin.number).review('bob', 'approved');
    expect(await ask()).toMatchObject({ status: 'approved' });
  });

  test('by commit or by a mapped name where the branch has another one', async () => {
    const { ask, conversation, fork } = await openScene(traits);
    conversation.review('bob', 'approved');
    const main = { branch: 'main' };
    expect(await ask({ ...main, lookup: ['sha'] })).toMatchObject({ status: 'approved' });
    expect(await ask({ ...main, lookup: ['branch'] })).toMatchObject({ status: 'rejected' });
    expect(await ask({ ...main, lookup: ['branch'], map: ['ma*=fix'] })).toMatchObject({ status: 'approved' });
    const { text } = await ask({ ...main, lookup: ['branch'] });
    expect(text).toContain(`${fork} has no ${words.change} for`);
    expect(text).toContain('(sought by branch main): push the commit to');
  });

  test('by label', async () => {
    const { ask, conversation } = await openScene(traits);
    conversation.review('bob', 'approved');
    conversation.label('bob', 'to-main');
    const wanted = { branch: 'main', lookup: ['label:to-{branch}'] };
    const { status, exit, text } = await ask(wanted);
    if (labels) {
      expect(status, text).toBe('approved');
      expect(await ask({ ...wanted, branch: 'next' })).toMatchObject({ status: 'rejected' });
      return;
    }
    expect({ status, exit }).toEqual({ status: 'undetermined', exit: 2 });
    expect(text).toMatch(/Bitbucket .+ has no labels/);
    expect(text).toContain('Look pull requests up by branch or by commit.');
  });

  test('none at all is only good where it is allowed', async () => {
    const { ask, fork } = await openScene(traits);
    const elsewhere = { branch: 'elsewhere', sha: 'f'.repeat(40) };
    const { status, text } = await ask(elsewhere);
    expect(status, text).toBe('rejected');
    expect(text).toContain(`${fork} has no ${words.change} for ffffffffff`);
    expect(text).toContain(`push the commit to ${fork} and open one`);
    const allowed = await ask({ ...elsewhere, ifNoPr: 'allow' });
    expect(allowed.status, allowed.tree).toBe('approved');
    expect(allowed.tree).toContain('which is allowed');
  });

  test('two repositories: all of them, or any', async () => {
    const { ask, conversation, state, repo, fork, change } = await openScene(traits);
    const second = own('second');
    await state.addRepository(second, { resetOnPush: true, parent: repo });
    conversation.review('bob', 'approved');
    const both = { repo: [fork, `int:${second}`] };
    const { status, text } = await ask(both);
    expect(status, text).toBe('rejected');
    expect(text).toContain(`int:${second} has no ${words.change} for`);
    expect(await ask({ ...both, forks: 'any' })).toMatchObject({ status: 'approved' });

    const { number } = await state.addChange({ repo: second, branch: 'fix', author: 'ann' });
    await state.pushChange(second, number, { sha: change.head.sha });
    expect(await ask(both)).toMatchObject({ status: 'pending' });
    state.members.grant(second, 'cy', 'write');
    state.about(second, number).review('cy', 'approved');
    expect(await ask(both)).toMatchObject({ status: 'approved' });
  });

  test('a repository that is not there cannot be judged', async () => {
    const { ask } = await openScene(traits);
    const { status, exit, text } = await ask({ repo: [`int:${own('gone')}`], ifNoPr: 'allow' });
    expect({ status, exit }, text).toEqual({ status: 'undetermined', exit: 2 });
    expect(text).toContain(own('gone'));
  });
});

test('bitbucket: one that ended, and nobody knows with which commit, is in the way where none is demanded', async () => {
  const bitbucket = forges.find(({ name }) => name === 'bitbucket');
  if (bitbucket === undefined) throw new Error('bitbucket is missing');
  const { ask, state, repo, change, fake } = await openScene(bitbucket);
  state.setChangeState(repo, change.number, 'closed');
  // Its branch is gone.
  const gone = { kind: 'answer', status: 404, body: { error: { message: 'Not found' } } } as const;
  fake.fail({ path: /pullrequests\/1\/commits/, fault: gone });
  const { status, tree } = await ask({ ifNoPr: 'allow' });
  expect(status, tree).not.toBe('approved');
});
