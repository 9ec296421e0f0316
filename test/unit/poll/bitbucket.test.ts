import { mkdir, readFile, symlink, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { builtInForges, openForge } from '../../../src/core/forges/registry.ts';
import { Secret } from '../../../src/core/secret.ts';
import { startFakeBitbucket } from '../../support/fake-forge/bitbucket.ts';
import { startGitHttpServer } from '../../support/git-http-server.ts';
import { commit, git } from '../../support/git-repo.ts';
import { testDir } from '../../support/temp-dir.ts';
import { openCommand } from './command-scene.ts';

/** `acme/app` of a Bitbucket Cloud and a fork of it; its API is the fake, its git a real server on the fake's repositories. */
async function openScene() {
  const root = await testDir();
  const fake = await startFakeBitbucket({ pageSize: 50 });
  onTestFinished(() => fake.close());
  await mkdir(join(root, 'git'));
  const server = await startGitHttpServer(join(root, 'git'));
  onTestFinished(() => server.close());
  const definition = builtInForges.find(({ type }) => type === 'bitbucket');
  if (definition === undefined) throw new Error('there is no bitbucket');
  const options = { alias: 'bb', webUrl: server.origin, apiUrl: fake.apiUrl, token: new Secret(fake.token) };
  const forge = await openForge(definition, options, {});
  fake.state.addAccount('acme', { kind: 'organization' });
  fake.state.addAccount('stranger');
  for (const [path, parent] of [['acme/app'], ['stranger/app', 'acme/app']] as const) {
    const { gitDir } = await fake.state.addRepository(path, parent === undefined ? {} : { parent });
    const link = join(root, 'git', new URL(forge.cloneUrl(path)).pathname);
    await mkdir(dirname(link), { recursive: true });
    await symlink(gitDir, link);
  }
  const bb = { type: 'bitbucket', url: server.origin, api: fake.apiUrl };
  await writeFile(join(root, 'sluice.json'), JSON.stringify({ forges: { bb } }));
  const command = openCommand(root, { forge: async () => forge });
  const journal = join(root, 'journal');
  const script = `echo "$SLUICE_EVENT $SLUICE_REPO $SLUICE_REF $SLUICE_CHANGE $(git log -1 --format=%s)" >> ${journal}`;
  return {
    fake,
    forkDir: fake.state.repositories.get('stranger/app')?.gitDir ?? '',
    poll: (more: object) => command.run(['bb:acme/app'], { once: true, prs: true, run: ['sh', '-c', script], ...more }),
    journal: async () => (await readFile(journal, 'utf8').catch(() => '')).split('\n').filter((line) => line !== ''),
  };
}

test('a pull request from a fork is watched at its branch there, and fetched from there', async () => {
  const { fake, forkDir, poll, journal } = await openScene();
  const trust = { trust: ['internal', 'author:stranger'] };
  expect(await poll(trust)).toMatchObject({ exit: 0 });
  // A branch of the same name is there in both repositories.
  const change = await fake.state.addChange({
    repo: 'acme/app',
    from: 'stranger/app',
    branch: 'main',
    author: 'stranger',
    title: 'Mine',
  });
  await fake.state.addChange({ repo: 'acme/app', branch: 'inside', title: 'Inside' });
  expect(await poll(trust)).toMatchObject({ exit: 0, warnings: [] });
  expect((await journal()).sort()).toEqual([
    'change bb:acme/app refs/sluice/changes/1 1 Mine',
    'change bb:acme/app refs/sluice/changes/2 2 Inside',
    'push bb:acme/app refs/heads/inside  Inside',
  ]);
  const again = await commit(forkDir, {
    parent: change.head.sha,
    message: 'Again',
    files: { x: 'y' },
    ref: 'refs/heads/main',
  });
  expect(await poll({ ...trust, result: ['status'] })).toMatchObject({ exit: 0, warnings: [] });
  expect((await journal()).at(-1)).toBe('change bb:acme/app refs/sluice/changes/1 1 Again');
  expect(await git(['--git-dir', forkDir, 'rev-parse', 'main'])).toBe(again);
  expect(await poll(trust)).toMatchObject({ stdout: [expect.stringMatching(/^nothing to run/)] });
  fake.state.setChangeState('acme/app', 1, 'closed');
  expect(await poll(trust)).toMatchObject({ stdout: [expect.stringMatching(/^nothing to run/)] });
});

test('one of a stranger waits, and one whose fork is gone is said', async () => {
  const { fake, poll, journal } = await openScene();
  await poll({});
  await fake.state.addChange({ repo: 'acme/app', from: 'stranger/app', branch: 'evil', author: 'stranger' });
  expect((await poll({})).stdout.at(-1)).toMatch(
    /refs\/sluice\/changes\/1: created, run 1, waits: it is not trusted here/,
  );
  await fake.state.deleteRepository('stranger/app');
  expect(await poll({})).toMatchObject({
    exit: 0,
    warnings: ['bb:acme/app: pull request #1 cannot be watched: the repository of its head is gone'],
  });
  expect(await journal()).toEqual([]);
});
