import { describe, expect, test } from 'vitest';
import { openScene } from './gate-forges-scene.ts';
import { forges } from './gate-forges-traits.ts';

const demanded = { requireCodeOwners: true, base: ['main'] };

describe.each(forges.filter(({ owners }) => owners === undefined))(
  'the gate on $name, which tells no owners',
  (traits) => {
    test('says so, and never yes', async () => {
      const scene = await openScene(traits);
      scene.conversation.review('bob', 'approved');
      expect(await scene.ask()).toMatchObject({ status: 'approved' });
      await scene.own([{ pattern: '*', owners: ['bob'] }]);
      expect(await scene.ask(demanded)).toMatchObject({
        status: 'undetermined',
        exit: 2,
        text: expect.stringContaining('tells nobody who owns a path. Leave out --require-code-owners.'),
      });
    });
  },
);

describe.each(forges.filter(({ owners }) => owners !== undefined))('the gate on $name: code owners', (traits) => {
  test('an owner approves what is theirs, and nobody else does', async () => {
    const scene = await openScene(traits);
    const { conversation, fork, fake } = scene;
    await scene.own([{ pattern: '*', owners: ['bob'] }]);
    conversation.review('cy', 'approved');
    expect(await scene.ask(demanded)).toMatchObject({
      status: 'pending',
      exit: 1,
      text: expect.stringMatching(/an approval of \* .*by bob is needed/),
    });
    conversation.review('bob', 'approved');
    const asked = await scene.ask(demanded);
    expect(asked).toMatchObject({ status: 'approved', exit: 0 });
    expect(asked.tree).toMatch(/code-owner: bob approved \*/);
    const before = fake.requests.length;
    expect(await scene.ask()).toMatchObject({ status: 'approved' });
    const urls = fake.requests.slice(before).map(({ url }) => url.pathname);
    expect(urls.filter((path) => /CODEOWNERS|compare|approval_state|branches|git\/ref/.test(path))).toEqual([]);
    expect(asked.facts.forks[0]?.fork).toBe(fork);
  });

  test('the author and an approval of an earlier commit count for nothing', async () => {
    const scene = await openScene(traits);
    const { conversation } = scene;
    await scene.own([{ pattern: '*', owners: ['ann', 'bob'] }]);
    conversation.review('ann', 'approved');
    conversation.review('cy', 'approved');
    expect(await scene.ask(demanded)).toMatchObject({
      status: 'pending',
      text: expect.stringContaining('ann does not count: is the author'),
    });
    conversation.review('bob', 'approved');
    expect(await scene.ask(demanded)).toMatchObject({ status: 'approved' });
    const sha = await scene.push({ by: 'ann' });
    conversation.review('cy', 'approved');
    expect(await scene.ask({ ...demanded, sha })).toMatchObject({ status: 'pending', exit: 1 });
    expect(await scene.ask({ sha })).toMatchObject({ status: 'approved' });
  });

  test('a base branch without CODEOWNERS is no yes', async () => {
    const scene = await openScene(traits);
    scene.conversation.review('bob', 'approved');
    expect(await scene.ask(demanded)).toMatchObject({
      status: 'undetermined',
      exit: 2,
      text: expect.stringContaining(`main of ${scene.fork} has no CODEOWNERS file`),
    });
  });

  test('what has no owners needs none', async () => {
    const scene = await openScene(traits);
    const { state, repo, change, conversation } = scene;
    conversation.review('bob', 'approved');
    await scene.own([{ pattern: '/docs/', owners: ['cy'] }]);
    state.owners.set(repo, change.number, []);
    const asked = await scene.ask(demanded);
    expect(asked).toMatchObject({ status: 'approved' });
    expect(asked.tree).toContain('no path that has code owners was changed');
  });

  test('a change request of a stranger does not speak, whoever owns it', async () => {
    const scene = await openScene(traits);
    await scene.own([{ pattern: '*', owners: ['bob'] }]);
    expect(await scene.ask({ ...demanded, sha: 'f'.repeat(40), branch: 'none' })).toMatchObject({ status: 'rejected' });
  });
});

describe.each(forges.filter(({ owners }) => owners === 'file'))('the gate on $name: owners of a file', (traits) => {
  test('a member of a team is an owner of what the team owns', async () => {
    const scene = await openScene(traits);
    const { state, conversation } = scene;
    await scene.own([{ pattern: '*', owners: ['acme/web'] }]);
    conversation.review('cy', 'approved');
    expect(await scene.ask(demanded)).toMatchObject({
      status: 'undetermined',
      text: expect.stringContaining('there is no such team'),
    });
    state.members.addTeam('acme/web', ['bob']);
    expect(await scene.ask(demanded)).toMatchObject({ status: 'pending', text: expect.stringContaining('acme/web') });
    conversation.review('bob', 'approved');
    expect(await scene.ask(demanded)).toMatchObject({ status: 'approved' });
  });

  test('nobody knows whose an address is', async () => {
    const scene = await openScene(traits);
    const { conversation } = scene;
    await scene.own([{ pattern: '*', owners: ['web@acme.example'] }]);
    expect(await scene.ask(demanded)).toMatchObject({ status: 'pending' });
    conversation.review('bob', 'approved');
    expect(await scene.ask(demanded)).toMatchObject({
      status: 'undetermined',
      text: expect.stringContaining('Name the owner by login in CODEOWNERS.'),
    });
    await scene.own([{ pattern: '*', owners: ['web@acme.example', 'bob'] }]);
    expect(await scene.ask(demanded)).toMatchObject({ status: 'approved' });
  });

  test('with --allow-ancestor it is what the pushed commit brings that counts', async () => {
    const scene = await openScene(traits);
    const { conversation } = scene;
    await scene.own([{ pattern: '/later/', owners: ['cy'] }]);
    const sha = await scene.push({ by: 'ann', files: { 'later/x': 'x' } });
    conversation.review('bob', 'approved');
    const rules = { ...demanded, allowAncestor: true };
    expect(await scene.ask(rules)).toMatchObject({ status: 'approved' });
    expect(await scene.ask({ ...rules, sha })).toMatchObject({ status: 'pending' });
  });
});

describe.each(forges.filter(({ owners }) => owners === 'rules'))('the gate on $name: owners of a rule', (traits) => {
  test('it is only told who owns what the head brings', async () => {
    const scene = await openScene(traits);
    await scene.own([{ pattern: '*', owners: ['bob'] }]);
    await scene.push({ by: 'ann' });
    scene.conversation.review('bob', 'approved');
    expect(await scene.ask({ ...demanded, allowAncestor: true })).toMatchObject({
      status: 'undetermined',
      text: expect.stringContaining('GitLab tells only of its head'),
    });
  });
});
