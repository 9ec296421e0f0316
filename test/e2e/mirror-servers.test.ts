import { existsSync } from 'node:fs';
import { mkdir, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, onTestFinished, test } from 'vitest';
import { expectWhole } from '../contract/transfers/scene.ts';
import { startFakeGitea } from '../support/fake-forge/gitea.ts';
import { addChange, bulkHistory, deleteRef, git, isShallow } from '../support/git-repo.ts';
import { expectDone, main, openSite, type Site, type SiteOptions, throughGit } from './mirror-scene.ts';

/** Both have `main`; the source has a change request of three commits. */
async function openChange(
  options: SiteOptions = {},
): Promise<Site & { readonly sides: string[]; readonly oid: string }> {
  const site = await openSite(options);
  await git(['--git-dir', site.from, 'push', '-q', site.to, main]);
  const { oid } = await addChange(site.from, 7, { from: 'main~1', commitsAhead: 3 });
  return { ...site, oid, sides: [site.server.url(site.from), site.server.url(site.to)] };
}

describe('which way the objects take', () => {
  test.each([
    ['plain HTTP', {}, {}, [], ['relay']],
    ["a user agent of the user's own", {}, throughGit, [], ['thin']],
    ['--cache always', {}, {}, ['--cache', 'always'], ['full']],
    ['hidden change requests', { from: { hidePullRefs: true }, to: { hidePullRefs: true } }, throughGit, [], ['thin']],
    ['a source without filters', { from: { allowFilter: false } }, throughGit, [], ['thin']],
    ['servers of protocol version 0', { http: { protocolV0Only: true } }, {}, [], ['full']],
    ['the same without a cache', { http: { protocolV0Only: true } }, {}, ['--cache', 'never'], ['full']],
    ['SHA-256', { from: { objectFormat: 'sha256' }, to: { objectFormat: 'sha256' } }, throughGit, [], ['thin']],
    [
      'a user setting of git for HTTP',
      {},
      { GIT_CONFIG_COUNT: '1', GIT_CONFIG_KEY_0: 'http.extraHeader', GIT_CONFIG_VALUE_0: 'x-mine: 1' },
      [],
      ['thin'],
    ],
  ] as readonly (readonly [string, SiteOptions, Record<string, string>, string[], string[]])[])(
    '%s',
    async (_what, options, env, more, transfers) => {
      const site = await openChange(options);
      const mirrored = await site.mirror([...site.sides, '--pr', '7', ...more], { env });
      await expectDone(site, mirrored, { 'refs/heads/pr/7': 'created' });
      expect(mirrored.report.transfers).toEqual(transfers);
      expect((await site.refsOf(site.to))['refs/heads/pr/7']).toBe(site.oid);
      await expectWhole(site.to);
    },
  );

  test('what one way leaves goes the next, in one run', async () => {
    const site = await openChange();
    await bulkHistory(site.from, { commits: 5, filesPerCommit: 1, branch: 'foreign' });
    const args = [...site.sides, '--pr', '7', '--branch', 'foreign'];
    const mirrored = await site.mirror(args, { env: throughGit });
    await expectDone(site, mirrored, { 'refs/heads/foreign': 'created', 'refs/heads/pr/7': 'created' });
    expect(mirrored.report.transfers).toEqual(['thin', 'full']);
    expect(await isShallow(site.to)).toBe(false);
  });

  test('a rewritten source: the tip that was listed is gone when it is fetched', async () => {
    const site = await openChange();
    let listed = 0;
    site.server.options.fault = async ({ method, path }) => {
      // After the listing of the source and before its pack.
      if (method === 'POST' && path.endsWith('from.git/git-upload-pack')) listed += 1;
      if (listed === 2) {
        await deleteRef(site.from, 'refs/pull/7/head');
        await git(['--git-dir', site.from, 'reflog', 'expire', '--expire=now', '--all']);
        await git(['--git-dir', site.from, 'gc', '-q', '--prune=now']);
        listed += 1;
      }
      return undefined;
    };
    const mirrored = await site.mirror([...site.sides, '--pr', '7', '--retries', '0']);
    expect([mirrored.status, mirrored.error.code]).toEqual([69, 'unavailable']);
    expect(await site.refsOf(site.to)).toEqual({ [main]: site.commits[2] });
  });
});

describe('--prs through the API of a forge', () => {
  async function openForge() {
    const site = await openSite();
    const forge = await startFakeGitea({ pageSize: 2 });
    onTestFinished(() => forge.close());
    forge.state.addAccount('team', { kind: 'organization' });
    forge.state.addAccount('ann');
    const app = await forge.state.addRepository('team/app');
    await forge.state.addRepository('ann/app', { parent: 'team/app' });
    await mkdir(join(site.root, 'team'));
    await symlink(app.gitDir, join(site.root, 'team/app.git'));
    await writeFile(join(site.root, 'token'), forge.token, { mode: 0o600 });
    const alias = `{ type: gitea, url: "${site.server.origin}", api: "${forge.apiUrl}", token: { file: token } }`;
    await writeFile(join(site.root, 'sluice.yaml'), `forges:\n  tea: ${alias}\n`);
    for (const branch of ['one', 'two', 'three'])
      await forge.state.addChange({ repo: 'team/app', from: 'ann/app', branch });
    await forge.state.addChange({ repo: 'team/app', branch: 'internal' });
    return { site, forge, app };
  }

  test('mirrors open ones from forks, all of them on demand, and prunes those that were closed', async () => {
    const { site, forge, app } = await openForge();
    const created = { 'refs/heads/pr/1': 'created', 'refs/heads/pr/2': 'created', 'refs/heads/pr/3': 'created' };
    await expectDone(site, await site.mirror(['tea:team/app', site.to, '--prs']), created);
    await git(['--git-dir', app.gitDir, 'push', '-q', site.to, 'main:refs/heads/pr/notes', 'main:refs/heads/pr/99']);
    forge.state.setChangeState('team/app', 1, 'merged');
    forge.state.setChangeState('team/app', 2, 'closed');
    const pruned = await site.mirror(['tea:team/app', site.to, '--prs', '--include-internal', '--prune']);
    await expectDone(site, pruned, {
      'refs/heads/pr/1': 'deleted',
      'refs/heads/pr/2': 'deleted',
      'refs/heads/pr/99': 'deleted',
      'refs/heads/pr/3': 'unchanged',
      'refs/heads/pr/4': 'created',
    });
    expect(Object.keys(await site.refsOf(site.to))).toEqual([
      'refs/heads/pr/3',
      'refs/heads/pr/4',
      'refs/heads/pr/notes',
    ]);
  });

  test('--pr N --prune deletes the mirror of N once N is closed', async () => {
    const { site, forge } = await openForge();
    await site.mirror(['tea:team/app', site.to, '--pr', '1', '--pr', '2']);
    forge.state.setChangeState('team/app', 1, 'closed');
    const pruned = await site.mirror(['tea:team/app', site.to, '--pr', '1', '--pr', '2', '--prune']);
    await expectDone(site, pruned, { 'refs/heads/pr/1': 'deleted', 'refs/heads/pr/2': 'unchanged' });
  });

  test('{head.owner} and {head.ref} name the branch, also of a fork that is gone', async () => {
    const { site, forge } = await openForge();
    const args = ['tea:team/app', site.to, '--prs', '--as', 'forks/{head.owner}/{head.ref}'];
    const names = ['one', 'two', 'three'].map((branch) => [`refs/heads/forks/ann/${branch}`, 'created']);
    const mirrored = await site.mirror(args);
    expect([mirrored.status, mirrored.statuses]).toEqual([0, Object.fromEntries(names)]);
    await forge.state.deleteRepository('ann/app');
    const after = await site.mirror(args);
    expect([after.status, Object.values(after.statuses)]).toEqual([0, ['created', 'created', 'created']]);
    expect(Object.keys(after.statuses)[0]).toMatch(/^refs\/heads\/forks\/unknown\//);
  });

  test('an API that fails stops the run before anything is written or deleted', async () => {
    const { site, forge } = await openForge();
    await site.mirror(['tea:team/app', site.to, '--prs']);
    const before = await site.refsOf(site.to);
    forge.fail({ fault: { kind: 'answer', status: 403, body: { message: 'forbidden' } } });
    const { status } = await site.mirror(['tea:team/app', site.to, '--prs', '--prune']);
    expect([69, 75, 77]).toContain(status);
    expect(await site.refsOf(site.to)).toEqual(before);
  });
});

test.each(['<html>login</html>', ''])('a 200 that is not git is no empty repository: %j', async (body) => {
  const site = await openSite();
  site.server.options.fault = () => ({ status: 200, body, headers: { 'content-type': 'text/html' } });
  const to = join(site.root, 'copy.git');
  const ran = await site.mirror([site.server.url(site.from), to, '--create', '--retries', '0']);
  expect([ran.status, ran.error.code]).toEqual([69, 'unavailable']);
  expect(existsSync(to)).toBe(false);
});

test('a copy that --create makes can be cloned: its HEAD is that of the source', async () => {
  const site = await openSite();
  await git(['--git-dir', site.from, 'update-ref', 'refs/heads/trunk', 'refs/heads/main']);
  await git(['--git-dir', site.from, 'symbolic-ref', 'HEAD', 'refs/heads/trunk']);
  const to = join(site.root, 'copy.git');
  expect((await site.mirror([site.server.url(site.from), to, '--create'])).status).toBe(0);
  expect((await git(['--git-dir', to, 'symbolic-ref', 'HEAD'])).trim()).toBe('refs/heads/trunk');
});
