import { describe, expect, onTestFinished, test } from 'vitest';
import { gitlab } from '../../../src/core/forges/gitlab/index.ts';
import type { CodeOwnersRole } from '../../../src/core/forges/review-roles.ts';
import type { Change } from '../../../src/core/model/change.ts';
import type { OwnedPart } from '../../../src/core/model/code-owners.ts';
import { Secret } from '../../../src/core/secret.ts';
import { startFakeGitlab } from '../../support/fake-forge/gitlab.ts';
import type { FakeOwnerRule } from '../../support/fake-forge/owner-book.ts';
import type { FakeForge } from '../../support/fake-forge/server.ts';
import type { FakeRepository } from '../../support/fake-forge/state.ts';
import { resolve, setRef } from '../../support/git-repo.ts';

const repo = 'acme/app';

interface Opened {
  readonly fake: FakeForge;
  readonly gitDir: string;
  readonly change: Change;
  list(change?: Change, sha?: string): Promise<readonly OwnedPart[] | undefined>;
}

async function open(
  rules: readonly FakeOwnerRule[],
  { text = '* @ann\n', ...more }: Partial<FakeRepository> & { readonly text?: string | null } = {},
): Promise<Opened> {
  const fake = await startFakeGitlab({ pageSize: 100 });
  onTestFinished(() => fake.close());
  const { gitDir } = await fake.state.addRepository(repo, more);
  if (text !== null) await fake.state.pushBase(repo, { '.gitlab/CODEOWNERS': text });
  const { head, base, ...rest } = await fake.state.addChange({ repo, branch: 'fix', author: 'ann' });
  fake.state.owners.set(repo, 1, rules);
  const change: Change = { ...rest, url: '', internal: true, head, base };
  const { webUrl, apiUrl, token } = fake;
  const forge = gitlab.create({ alias: 'gl', webUrl, apiUrl, token: new Secret(token) }, { env: {}, maxRetries: 0 });
  const role = forge.codeOwners as CodeOwnersRole;
  const list: Opened['list'] = (one = change, sha = one.head.sha ?? '') => role.list(repo, one, sha);
  return { fake, gitDir, change, list };
}

function told(parts: readonly OwnedPart[] | undefined): readonly string[] | undefined {
  return parts?.map(({ name, required, owners, paths }) => {
    expect(paths).toEqual([]);
    return `${name}: ${required} of ${owners.map((owner) => Object.values(owner).join(' ')).join(', ')}`;
  });
}

describe('code owners of GitLab', () => {
  test('are the rules that it made of the file', async () => {
    const { list } = await open([
      { name: '*', owners: ['ann', 'bob'], eligible: ['bob', 'member-of-a-group'] },
      { name: 'db/', section: 'Database', required: 2, owners: ['dba'] },
      { name: 'License-Check', type: 'report_approver', owners: ['eve'] },
      { name: 'All Members', type: 'any_approver', required: 3, owners: [] },
    ]);
    expect(told(await list())).toEqual([
      '*: 1 of login bob, login member-of-a-group, login ann',
      'db/ of [Database]: 2 of login dba',
    ]);
  });

  test('are also those that the branch does not require by itself, but not the optional ones', async () => {
    const text = ['* @ann', '^[Docs]', '*.md @bob', '[Code]', '*.ts @cy', 'gen/', ''].join('\n');
    const { list } = await open(
      [
        { name: '*', required: 0, owners: ['ann'] },
        { name: '*.md', section: 'Docs', required: 0, owners: ['bob'] },
        { name: '*.ts', section: 'Code', required: 0, owners: ['cy'] },
        { name: 'gen/', section: 'Code', required: 0, owners: [] },
      ],
      { text },
    );
    expect(told(await list())).toEqual(['*: 1 of login ann', '*.ts of [Code]: 1 of login cy']);
  });

  test('are as many as the section asks for, also where the branch does not require them by itself', async () => {
    const rules = [
      { name: '*', required: 0, owners: ['ann'] },
      { name: 'db/', section: 'Database', required: 0, owners: ['dba', 'bob'] },
    ];
    const { list } = await open(rules, { text: '* @ann\n[DATABASE][2] @dba @bob\ndb/\n' });
    expect(told(await list())).toEqual(['*: 1 of login ann', 'db/ of [Database]: 2 of login dba, login bob']);
  });

  test('owners whom GitLab lets not approve are still owners', async () => {
    const { list } = await open([{ name: '*', required: 0, owners: [] }]);
    expect(told(await list())).toEqual(['*: 1 of ']);
  });

  test('that are hidden from the credential are not known', async () => {
    const { list } = await open([{ name: '*', required: 0, owners: ['bob'], hidden: true }]);
    await expect(list()).rejects.toMatchObject({
      code: 'denied',
      message: expect.stringContaining('are hidden from the credential'),
      hint: expect.stringContaining('Use a token of a member'),
    });
  });

  test('none are touched, which only a paid project can say; and no file is no answer', async () => {
    expect(await (await open([])).list()).toEqual([]);
    expect(await (await open([], { text: null })).list()).toBeUndefined();
    await expect((await open([], { edition: 'free' })).list()).rejects.toMatchObject({
      message: expect.stringContaining('its GitLab makes no approval rules'),
      hint: expect.stringContaining('Premium or Ultimate'),
    });
    await expect((await open([], { edition: 'community' })).list()).rejects.toMatchObject({
      code: 'not-found',
      hint: expect.stringContaining('Premium or Ultimate'),
    });
  });

  test('are told of the head alone, which has to be it since a minute', async () => {
    const { fake, change, list } = await open([{ name: '*', owners: ['bob'] }]);
    await expect(list(change, change.base.sha)).rejects.toMatchObject({
      code: 'unavailable',
      message: expect.stringContaining('GitLab tells only of its head, which is another commit'),
    });
    const { head } = await fake.state.pushChange(repo, 1);
    await expect(list()).rejects.toMatchObject({ message: expect.stringContaining('another commit') });
    expect(told(await list(change, head.sha))).toEqual(['*: 1 of login bob']);
    // Back again, but just now.
    const versions = [
      { id: 3, head_commit_sha: change.head.sha, created_at: new Date().toISOString() },
      { id: 2, head_commit_sha: head.sha, created_at: '2025-01-01T00:00:00Z' },
      { id: 1, head_commit_sha: change.head.sha, created_at: '2024-01-01T00:00:00Z' },
    ];
    fake.fail({
      path: /versions/,
      fault: { kind: 'answer', status: 200, headers: { 'x-page': '1', 'x-next-page': '' }, body: versions },
    });
    await expect(list()).rejects.toMatchObject({
      message: expect.stringContaining('has to make its approval rules anew after a push'),
      hint: expect.stringContaining('Try again in a minute.'),
    });
  });

  test.each(['approvals_syncing', 'preparing'])('while GitLab says %s they may be those of before', async (word) => {
    const { fake, list } = await open([{ name: '*', owners: ['bob'] }]);
    const body = { labels: [], detailed_merge_status: word };
    fake.fail({ path: /merge_requests\/1$/, fault: { kind: 'answer', status: 200, body } });
    await expect(list()).rejects.toMatchObject({ code: 'unavailable', message: expect.stringContaining('anew') });
  });

  test.each(['a/b', 'a#b', 'a%2Fb', 'ä+b&c=d', '$(x)`y`', 'heads/main'])(
    'a base branch that is called %s, whatever tags there are',
    async (branch) => {
      const { gitDir, change, list } = await open([{ name: '*', required: 0, owners: ['bob'] }]);
      await setRef(gitDir, `refs/heads/${branch}`, await resolve(gitDir, 'refs/heads/main'));
      await setRef(gitDir, `refs/tags/${branch}`, change.head.sha ?? '');
      expect(told(await list({ ...change, base: { ...change.base, branch } }))).toEqual(['*: 1 of login bob']);
      await expect(list({ ...change, base: { ...change.base, branch: `${branch}x` } })).rejects.toMatchObject({
        code: 'not-found',
        hint: expect.stringContaining('read_api'),
      });
    },
  );

  test.each([
    ['another branch', /branches/, { name: 'other', commit: { id: '1'.repeat(40) } }],
    ['half a file', /files\/.gitlab/, { encoding: 'base64', size: 7, content: 'Kg==' }],
    ['rules without their kind', /approval_state/, { rules: [{ name: '*' }] }],
  ])('%s in place of what was asked for is a failure', async (_, path, body) => {
    const { fake, list } = await open([{ name: '*', owners: ['bob'] }]);
    fake.fail({ path, fault: { kind: 'answer', status: 200, body } });
    await expect(list()).rejects.toMatchObject({ code: 'unavailable' });
  });
});
