import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { type GateScene, openScene } from '../contract/gate-forges-scene.ts';
import { forges } from '../contract/gate-forges-traits.ts';
import { document, sluice } from '../support/sluice.ts';

/** `sluice gate` for the head of the change request. */
function gate({ context, state, repo }: GateScene, ...args: readonly string[]) {
  const { cwd, env, configFile = '' } = context;
  const [change] = state.changesOf(repo);
  return sluice(['gate', '-c', configFile, '--branch', 'fix', '--sha', change?.head.sha ?? '', ...args], { cwd, env });
}

async function configure({ context }: GateScene, more: Readonly<Record<string, unknown>>): Promise<void> {
  const file = context.configFile ?? '';
  const { gate: before, ...rest } = JSON.parse(await readFile(file, 'utf8'));
  await writeFile(file, JSON.stringify({ ...rest, gate: { ...before, ...more } }));
}

const owners = ['--require-code-owners', '--base', 'main'] as const;

describe.each(forges.filter(({ owners }) => owners !== undefined))(
  'sluice gate --require-code-owners on $name',
  (traits) => {
    test('0 for an owner, 1 for somebody else, 2 without a file; and its facts are judged again', async () => {
      const scene = await openScene(traits);
      const { conversation, context, fake } = scene;
      conversation.review('cy', 'approved');
      const without = await gate(scene, ...owners);
      expect(without).toMatchObject({ status: 2, stdout: expect.stringContaining('has no CODEOWNERS file') });

      await scene.own([{ pattern: '*', owners: ['bob'] }]);
      const other = await gate(scene, ...owners);
      expect(other).toMatchObject({ status: 1, stderr: '' });
      expect(other.stdout).toMatch(/^pending: fix/);
      expect(other.stdout).toMatch(/- an approval of \* .*by bob is needed\n.*\/1\n/);
      expect(await gate(scene)).toMatchObject({ status: 0 });

      conversation.review('bob', 'approved');
      const explained = await gate(scene, ...owners, '--explain');
      expect(explained).toMatchObject({ status: 0, stderr: '' });
      expect(explained.stdout).toMatch(/code-owners: the code owners of everything that was changed approved/);
      expect(explained.stdout).toMatch(/code-owner: bob approved \*/);

      await configure(scene, { requireCodeOwners: true, bases: ['main'] });
      const asked = await gate(scene, '--json');
      expect(document(asked)).toMatchObject({ status: 'approved', exit: 0 });
      expect(asked.stdout).not.toContain(fake.token);
      const facts = join(context.cwd, 'facts.json');
      await writeFile(facts, asked.stdout);
      const simulate = () =>
        sluice(['gate', 'simulate', facts, ...owners], { cwd: context.cwd, env: { HOME: context.cwd } });
      expect(await simulate()).toMatchObject({ status: 0 });
      // Facts of a gate that did not ask hold none.
      await configure(scene, { requireCodeOwners: false });
      await writeFile(facts, (await gate(scene, '--json')).stdout);
      expect(await simulate()).toMatchObject({ status: 2, stdout: expect.stringContaining('was not asked for') });
    });

    test('kept answers do not say who owns what to a gate that did not ask for it', async () => {
      const scene = await openScene(traits);
      await configure(scene, { cacheTtl: '1h' });
      scene.conversation.review('cy', 'approved');
      await scene.own([{ pattern: '*', owners: ['bob'] }]);
      expect(await gate(scene)).toMatchObject({ status: 0 });
      expect(await gate(scene, ...owners)).toMatchObject({ status: 1 });
      expect(await gate(scene, ...owners)).toMatchObject({ status: 1 });
      expect(await gate(scene)).toMatchObject({ status: 0 });
    });
  },
);

const [github] = forges;
if (github?.type !== 'github') throw new Error('the first row is GitHub');

describe('sluice gate --require-code-owners', () => {
  test('a team, an address, and a file that cannot be read', async () => {
    const scene = await openScene(github);
    const { state, repo, conversation } = scene;
    conversation.review('bob', 'approved');
    await scene.own([{ pattern: '*', owners: ['acme/web', 'web@acme.example'] }]);
    state.members.addTeam('acme/web', ['cy']);
    expect(await gate(scene, ...owners)).toMatchObject({
      status: 2,
      stdout: expect.stringContaining('whose account web@acme.example is. Name the owner by login in CODEOWNERS.'),
    });
    state.members.addTeam('acme/web', ['cy', 'bob']);
    expect(await gate(scene, ...owners)).toMatchObject({ status: 0 });
    await state.pushBase(repo, { CODEOWNERS: '* @bob\n[a-z].md @cy\n' });
    expect(await gate(scene, ...owners)).toMatchObject({
      status: 2,
      stdout: expect.stringContaining('its line 2 cannot be read: the pattern [a-z].md has "[" or "]"'),
    });
  });

  test('more files than GitHub shows are no yes', async () => {
    const scene = await openScene(github);
    await scene.own([{ pattern: '/owned', owners: ['cy'] }]);
    const files = Object.fromEntries(Array.from({ length: 301 }, (_, at) => [`f/${at}`, `${at}`]));
    await scene.push({ by: 'ann', files });
    scene.conversation.review('bob', 'approved');
    expect(await gate(scene, ...owners)).toMatchObject({
      status: 2,
      stdout: expect.stringContaining('GitHub shows no more than 300 of them. Split the pull request.'),
    });
  });

  test('names of files and owners are shown, and do nothing', async () => {
    const scene = await openScene(github);
    const hostile = 'src/\u001b[31m$(touch x)`y`';
    await scene.own([{ pattern: '/src/', owners: ['bob'] }]);
    await scene.push({ by: 'ann', files: { [hostile]: 'x' } });
    scene.conversation.review('cy', 'approved');
    const ran = await gate(scene, ...owners);
    expect(ran).toMatchObject({ status: 1, stdout: expect.stringContaining('$(touch x)`y`) by bob is needed') });
    expect(ran.stdout).not.toContain('\u001b[31m');
  });

  test('is enough to ask for where no number of approvals is', async () => {
    const scene = await openScene(github);
    await scene.own([{ pattern: '*', owners: ['bob'] }]);
    expect(await gate(scene, '--min-approvals', '0')).toMatchObject({ status: 64 });
    expect(await gate(scene, '--min-approvals', '0', ...owners)).toMatchObject({ status: 1 });
    scene.conversation.review('bob', 'approved');
    expect(await gate(scene, '--min-approvals', '0', ...owners)).toMatchObject({ status: 0 });
    await configure(scene, { requireCodeOwners: 'yes' });
    expect(await gate(scene)).toMatchObject({ status: 78 });
  });

  test('who opens a change request cannot choose the branch whose CODEOWNERS counts', async () => {
    const scene = await openScene(github);
    await scene.own([{ pattern: '*', owners: ['bob'] }]);
    scene.conversation.review('bob', 'approved');
    const words = 'code owners need the base branches whose CODEOWNERS counts (--base, gate.bases)';
    expect(await gate(scene, '--require-code-owners')).toMatchObject({
      status: 64,
      stdout: '',
      stderr: expect.stringContaining(words),
    });
    expect(await gate(scene, '--require-code-owners', '--base', 'release/*')).toMatchObject({
      status: 1,
      stdout: expect.stringContaining('only one into release/* counts'),
    });
    await configure(scene, { requireCodeOwners: true });
    expect(await gate(scene)).toMatchObject({ status: 78, stderr: expect.stringContaining(words) });
    await configure(scene, { bases: ['main'] });
    expect(await gate(scene)).toMatchObject({ status: 0 });
  });
});
