import { join } from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';
import {
  addChange,
  type ChangeRefStyle,
  isShallow,
  makeBareRepo,
  missingObjects,
  setRef,
} from '../support/git-repo.ts';
import { startSshServer } from '../support/ssh-server.ts';
import { tempDir } from '../support/temp-dir.ts';
import { expectDone, main, mirrorText, openSite, type Site, throughGit } from './mirror-scene.ts';

const sshRoot = await tempDir();
const ssh = await startSshServer(sshRoot.path);
afterAll(async () => {
  await ssh?.close();
  await sshRoot[Symbol.asyncDispose]();
});

interface Way {
  readonly name: string;
  url(site: Site, repo: string): string;
  readonly env: Readonly<Record<string, string>>;
}

const ways: readonly Way[] = [
  { name: 'file', url: (_site, repo) => repo, env: {} },
  { name: 'file://', url: (_site, repo) => `file://${repo}`, env: {} },
  { name: 'http', url: (site, repo) => site.server.url(repo), env: {} },
  {
    name: 'http through git',
    url: (site, repo) => site.server.url(repo),
    env: throughGit,
  },
  ...(ssh === undefined ? [] : [{ name: 'ssh', url: (_site: Site, repo: string) => ssh.url(repo), env: ssh.env }]),
];

describe.each(ways)('a change request over $name', ({ url, env }) => {
  test('becomes a branch of the same repository', async () => {
    const site = await openSite({ from: { hidePullRefs: true } });
    const { oid } = await addChange(site.from, 7, { from: 'main~1', commitsAhead: 3 });
    const mirrored = await site.mirror([url(site, site.from), '--pr', '7'], { env });
    await expectDone(site, mirrored, { 'refs/heads/pr/7': 'created' });
    expect(await site.refsOf(site.from)).toMatchObject({ 'refs/heads/pr/7': oid });
    expect(await missingObjects(site.from)).toEqual([]);
  });

  test('becomes a branch of another repository, follows its head, and then is unchanged', async () => {
    const site = await openSite();
    await addChange(site.from, 7, { from: 'main~1', commitsAhead: 3 });
    const args = [url(site, site.from), url(site, site.to)];
    await expectDone(site, await site.mirror([...args, '--branch', 'main'], { env }), { [main]: 'created' });
    await expectDone(site, await site.mirror([...args, '--pr', '7'], { env }), { 'refs/heads/pr/7': 'created' });
    const rebased = await addChange(site.from, 7, { from: 'main', commitsAhead: 2 });
    const moved = await site.mirror([...args, '--mr', '7'], { env });
    await expectDone(site, moved, { 'refs/heads/pr/7': 'forced' });
    expect(moved.report.refs[0]).toMatchObject({ source: 'refs/pull/7/head', new: rebased.oid });
    await expectDone(site, await site.mirror([...args, '--pr', '7'], { env }), { 'refs/heads/pr/7': 'unchanged' });
    expect(await site.refsOf(site.to)).toEqual({ [main]: site.commits[2], 'refs/heads/pr/7': rebased.oid });
    expect([await isShallow(site.to), await missingObjects(site.to)]).toEqual([false, []]);
  });
});

test.each<ChangeRefStyle>(['github', 'gitlab', 'bitbucket-datacenter'])('the ref of %s is found', async (style) => {
  const site = await openSite();
  const { oid, ref } = await addChange(site.from, 12, { from: 'main', style });
  const mirrored = await site.mirror([site.server.url(site.from), site.server.url(site.to), '--pr', '12']);
  await expectDone(site, mirrored, { 'refs/heads/pr/12': 'created' });
  expect(mirrored.report.refs).toEqual([{ source: ref, target: 'refs/heads/pr/12', status: 'created', new: oid }]);
});

test('several change requests, one of them twice', async () => {
  const site = await openSite();
  for (const number of [3, 4]) await addChange(site.from, number, { from: 'main' });
  await setRef(site.from, 'refs/pull/3/merge', site.commits[0]);
  const mirrored = await site.mirror([site.server.url(site.from), '--pr', '3', '--pr', '4', '--mr', '3']);
  await expectDone(site, mirrored, { 'refs/heads/pr/3': 'created', 'refs/heads/pr/4': 'created' });
});

test('one that does not exist stops the run before anything is written, and says what was looked for', async () => {
  const site = await openSite();
  await addChange(site.from, 3, { from: 'main' });
  const before = await site.refsOf(site.from);
  const { status, error } = await site.mirror([site.server.url(site.from), '--pr', '3', '--pr', '99']);
  expect([status, error.code]).toEqual([69, 'not-found']);
  expect(error.message).toContain('refs/pull/99/head, refs/merge-requests/99/head, refs/pull-requests/99/from');
  expect(await site.refsOf(site.from)).toEqual(before);
});

test('the report for people is a line per ref and a sentence; --quiet says nothing when all is well', async () => {
  const site = await openSite();
  const { oid } = await addChange(site.from, 7, { from: 'main' });
  const url = site.server.url(site.from);
  const first = await mirrorText(site, [url, '--pr', '7']);
  expect(first).toMatchObject({ status: 0, stderr: '' });
  expect(first.stdout).toBe(`created  refs/pull/7/head → pr/7  ${oid.slice(0, 10)}\n${url} → ${url}: 1 created\n`);
  const second = await mirrorText(site, [url, '--pr', '7']);
  expect(second.stdout).toBe(`${url} → ${url}: nothing to do, everything is up to date (1 unchanged)\n`);
  expect(await mirrorText(site, [url, '--pr', '7', '--quiet'])).toMatchObject({ status: 0, stdout: '', stderr: '' });
});

test('an editor, a pager and git settings in the environment do not matter', async () => {
  const site = await openSite({ from: { hidePullRefs: true } });
  await addChange(site.from, 7, { from: 'main' });
  const env = {
    EDITOR: 'vi',
    VISUAL: 'vi',
    PAGER: 'less',
    PREFIX: '/usr',
    GIT_EDITOR: 'vi',
    GIT_PAGER: 'cat',
    GIT_ASKPASS: '/bin/false',
    SSH_ASKPASS: '/bin/false',
    GIT_SSH_COMMAND: 'ssh -v',
    GIT_CONFIG_COUNT: '1',
    GIT_CONFIG_KEY_0: 'credential.helper',
    GIT_CONFIG_VALUE_0: 'store',
    GIT_CONFIG_PARAMETERS: "'user.name=x'",
    ...throughGit,
  };
  await expectDone(site, await site.mirror([site.server.url(site.from), '--pr', '7'], { env }), {
    'refs/heads/pr/7': 'created',
  });
});

test('a repository that needs a login only for pushes gets it from the credential helper of git', async () => {
  const site = await openSite({ http: { auth: { users: { ann: 'pass-word' }, anonymousRead: true } } });
  await addChange(site.from, 7, { from: 'main' });
  const helper = '!f() { echo username=ann; echo password=pass-word; }; f';
  const env = { GIT_CONFIG_COUNT: '1', GIT_CONFIG_KEY_0: 'credential.helper', GIT_CONFIG_VALUE_0: helper };
  const url = site.server.url(site.from);
  expect((await site.mirror([url, '--pr', '7'])).status).toBe(77);
  await expectDone(site, await site.mirror([url, '--pr', '7'], { env }), { 'refs/heads/pr/7': 'created' });
});

test('an unborn repository with only a change request', async () => {
  const site = await openSite();
  const lonely = await makeBareRepo(join(site.root, 'lonely.git'));
  await site.mirror([site.from, lonely, '--ref', 'main:refs/pull/1/head']);
  await expectDone(site, await site.mirror([lonely, '--pr', '1']), { 'refs/heads/pr/1': 'created' });
});
