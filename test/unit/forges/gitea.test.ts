import { describe, expect, test } from 'vitest';
import { convertPullRequest, convertRepository } from '../../../src/core/forges/gitea/convert.ts';
import { cloneUrl, repoOf } from '../../../src/core/forges/gitea/urls.ts';
import {
  type PullRequest,
  pullRequestSchema,
  pullRequestsSchema,
  repositorySchema,
  statusSchema,
} from '../../../src/core/forges/gitea/wire.ts';
import { corpusIsPresent, readCorpusJson } from '../../support/corpus.ts';

const sha = '4f5e7d8f15cf79387cfd8a0d30c58855ab61e138';
const base = {
  label: 'main',
  ref: 'main',
  sha: '39af58f1eff02aa308e16913e887c8d50362b474',
  repo: { full_name: 'acme/app' },
};

const native: PullRequest = {
  number: 7,
  title: 'Fix',
  state: 'open',
  user: { login: 'ada' },
  html_url: 'https://codeberg.org/acme/app/pulls/7',
  head: { label: 'fix/x', ref: 'fix/x', sha, repo: { full_name: 'ada/app' } },
  base,
};

test('urls', () => {
  const web = 'https://codeberg.org';
  expect(cloneUrl(web, 'acme/a.b')).toBe('https://codeberg.org/acme/a.b.git');
  expect(repoOf(web, 'ssh://git@codeberg.org/acme/app.git')).toBe('acme/app');
  expect(repoOf(web, 'https://codeberg.org/acme/app/pulls/7')).toBeUndefined();
  expect(() => cloneUrl(web, 'a/b/c')).toThrow(expect.objectContaining({ code: 'usage' }));
});

describe('convert', () => {
  test('a pull request of a fork', () => {
    expect(convertPullRequest(native, 'acme/app')).toEqual({
      number: 7,
      title: 'Fix',
      state: 'open',
      draft: false,
      author: 'ada',
      url: native.html_url,
      head: { repo: 'ada/app', branch: 'fix/x', sha },
      base: { repo: 'acme/app', branch: 'main', sha: base.sha },
      internal: false,
    });
  });

  test('an author whose account is gone is nobody', () => {
    expect(convertPullRequest({ ...native, user: { id: -1, login: 'Ghost' } }, 'acme/app').author).toBe('');
  });

  test('once the fork is gone, the branch is known by its label', () => {
    const head = { label: 'fix/x', ref: 'refs/pull/7/head', sha, repo: null };
    const change = convertPullRequest({ ...native, head }, 'acme/app');
    expect(change.head).toEqual({ repo: undefined, branch: 'fix/x', sha });
    expect(change.internal).toBe(false);
  });

  test('a deleted branch of the same repository stays internal', () => {
    const head = { label: 'fix/x', ref: 'refs/pull/7/head', sha, repo: { full_name: 'acme/app' } };
    expect(convertPullRequest({ ...native, head }, 'acme/app')).toMatchObject({
      internal: true,
      head: { branch: 'fix/x' },
    });
  });

  test('AGit: a head that claims the base repository without a branch in it is not internal', () => {
    const head = { label: '', ref: 'refs/pull/7/head', sha, repo: { full_name: 'acme/app' } };
    expect(convertPullRequest({ ...native, head }, 'acme/app')).toMatchObject({
      internal: false,
      head: { repo: undefined, branch: 'refs/pull/7/head', sha },
    });
  });

  test('merged is closed to Gitea; nulls nearly everywhere', () => {
    const sparse = pullRequestSchema.parse({ ...native, state: 'closed', merged: true, user: null, draft: null });
    expect(convertPullRequest(sparse, 'acme/app')).toMatchObject({ state: 'merged', author: '', draft: false });
    expect(convertPullRequest({ ...native, state: 'closed', merged: false }, 'acme/app').state).toBe('closed');
    const lost = pullRequestSchema.parse({ ...native, base: { label: null, ref: 'main', sha: '', repo: null } });
    expect(convertPullRequest(lost, 'acme/app').base).toEqual({ repo: 'acme/app', branch: 'main', sha: undefined });
  });

  test('before there was a field for drafts, the title said it', () => {
    expect(convertPullRequest({ ...native, title: 'WIP: x' }, 'acme/app').draft).toBe(true);
    expect(convertPullRequest({ ...native, title: '[wip] x' }, 'acme/app').draft).toBe(true);
    expect(convertPullRequest({ ...native, title: 'WIP: x', draft: false }, 'acme/app').draft).toBe(false);
    expect(convertPullRequest({ ...native, title: 'wipe x' }, 'acme/app').draft).toBe(false);
  });

  test('a listing with a hole is not decoded', () => {
    expect(() => pullRequestsSchema.parse([native, null])).toThrow();
  });

  test('a repository', () => {
    expect(convertRepository({ full_name: 'acme/app', private: null, default_branch: '' })).toEqual({
      path: 'acme/app',
      private: false,
      defaultBranch: undefined,
    });
  });
});

describe.skipIf(!corpusIsPresent)('recorded answers (need ../shared/corpus)', () => {
  test('pull requests', async () => {
    const [first] = pullRequestsSchema.parse(await readCorpusJson('forges/gitea/prs.json'));
    const single = pullRequestSchema.parse(await readCorpusJson('forges/gitea/pr.json'));
    const expected = {
      number: 1,
      state: 'open',
      internal: true,
      head: { repo: 'jcitizen/my-repo', branch: 'feature', sha },
    };
    expect(first && convertPullRequest(first, 'jcitizen/my-repo')).toMatchObject(expected);
    expect(convertPullRequest(single, 'jcitizen/my-repo')).toMatchObject(expected);
  });

  test('a repository', async () => {
    const repository = repositorySchema.parse(await readCorpusJson('forges/gitea/repo.json'));
    expect(convertRepository(repository)).toEqual({ path: 'go-gitea/gitea', private: true, defaultBranch: 'master' });
  });

  test('a commit status', async () => {
    expect(statusSchema.parse(await readCorpusJson('forges/gitea/status.json'))).toEqual({
      status: 'success',
      context: 'continuous-integration/drone',
    });
  });
});
