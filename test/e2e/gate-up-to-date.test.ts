import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { hideInHistory } from '../contract/gate-forges-hidden.ts';
import { type GateScene, openScene } from '../contract/gate-forges-scene.ts';
import { forges } from '../contract/gate-forges-traits.ts';
import { changedFiles, readBlob } from '../support/fake-forge/git-history.ts';
import { document, sluice } from '../support/sluice.ts';

/** `sluice gate` for the branch `typo` at this commit. */
function gate({ context }: GateScene, sha: string, ...args: readonly string[]) {
  const { cwd, env, configFile = '' } = context;
  return sluice(['gate', '-c', configFile, '--branch', 'typo', '--sha', sha, ...args], { cwd, env });
}

async function configure({ context }: GateScene, more: Readonly<Record<string, unknown>>): Promise<void> {
  const file = context.configFile ?? '';
  const { gate: before, ...rest } = JSON.parse(await readFile(file, 'utf8'));
  await writeFile(file, JSON.stringify({ ...rest, gate: { ...before, ...more } }));
}

const demanded = ['--up-to-date', '--base', 'main'] as const;

describe.each(forges.filter(({ name }) => name === 'github' || name === 'gitlab'))(
  'sluice gate --up-to-date on $name',
  (traits) => {
    const { words } = traits;

    test('what the base branch took back: 0 without, 1 with it; and 0 when it is up to date and approved anew', async () => {
      const scene = await openScene(traits);
      const { state, repo, context, fake } = scene;
      const { number, sha, gitDir, path, update } = await hideInHistory(scene);
      state.about(repo, number).review('bob', 'approved');
      // What reviewers see, and what an upstream that never had it would get.
      expect(await changedFiles(gitDir, 'main', sha)).toMatchObject([{ path: 'typo.txt' }]);
      expect(await readBlob(gitDir, 'main', path)).toBeUndefined();
      expect(await readBlob(gitDir, sha, path)).toBeDefined();
      expect(await gate(scene, sha, '--base', 'main')).toMatchObject({ status: 0 });

      const refused = await gate(scene, sha, ...demanded);
      expect(refused).toMatchObject({ status: 1, stderr: '' });
      expect(refused.stdout).toContain(
        `- main has commits that ${sha.slice(0, 10)} does not have: bring the ${words.change} up to date and have it approved anew\n`,
      );

      const merged = await update();
      expect(await readBlob(gitDir, merged, path)).toBeUndefined();
      expect(await gate(scene, merged, ...demanded)).toMatchObject({ status: 1 });
      state.about(repo, number).review('bob', 'approved');
      const explained = await gate(scene, merged, ...demanded, '--explain');
      expect(explained).toMatchObject({ status: 0, stderr: '' });
      expect(explained.stdout).toContain(`up-to-date: ${merged.slice(0, 10)} contains all of main`);

      await configure(scene, { upToDate: true, bases: ['main'] });
      const asked = await gate(scene, merged, '--json');
      expect(document(asked)).toMatchObject({ status: 'approved', exit: 0 });
      expect(asked.stdout).not.toContain(fake.token);
      const facts = join(context.cwd, 'facts.json');
      await writeFile(facts, asked.stdout);
      const simulate = () =>
        sluice(['gate', 'simulate', facts, ...demanded], { cwd: context.cwd, env: { HOME: context.cwd } });
      expect(await simulate()).toMatchObject({ status: 0 });
      // Facts of a gate that did not ask hold none.
      await configure(scene, { upToDate: false });
      await writeFile(facts, (await gate(scene, merged, '--json')).stdout);
      expect(await simulate()).toMatchObject({ status: 2, stdout: expect.stringContaining('was not asked for') });
    });

    test('kept answers do not say it to a gate that did not ask', async () => {
      const scene = await openScene(traits);
      await configure(scene, { cacheTtl: '1h', bases: ['main'] });
      const { number, sha } = await hideInHistory(scene);
      scene.state.about(scene.repo, number).review('bob', 'approved');
      expect(await gate(scene, sha)).toMatchObject({ status: 0 });
      expect(await gate(scene, sha, '--up-to-date')).toMatchObject({ status: 1 });
      expect(await gate(scene, sha, '--up-to-date')).toMatchObject({ status: 1 });
      expect(await gate(scene, sha)).toMatchObject({ status: 0 });
    });
  },
);

test('--up-to-date needs the branches that count: whoever opens a change request chooses its base', async () => {
  const [github] = forges;
  if (github === undefined) throw new Error('there is no forge');
  const scene = await openScene(github);
  const words = 'upToDate needs the base branches that count (--base, gate.bases)';
  const { sha } = scene.change.head;
  expect(await gate(scene, sha, '--up-to-date')).toMatchObject({
    status: 64,
    stdout: '',
    stderr: expect.stringContaining(words),
  });
  await configure(scene, { upToDate: true });
  expect(await gate(scene, sha)).toMatchObject({ status: 78, stderr: expect.stringContaining(words) });
  await configure(scene, { upToDate: 'yes', bases: ['main'] });
  expect(await gate(scene, sha)).toMatchObject({ status: 78 });
});
