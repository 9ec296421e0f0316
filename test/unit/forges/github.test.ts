import { describe, expect, test } from 'vitest';
import { convertPullRequest, convertRepository } from '../../../src/core/forges/github/convert.ts';
import { apiUrlOf, repoOf } from '../../../src/core/forges/github/urls.ts';
import {
  type PullRequest,
  pullRequestSchema,
  pullRequestsSchema,
  repositorySchema,
  statusSchema,
} from '../../../src/core/forges/github/wire.ts';
import { corpusIsPresent, readCorpusJson } from '../../support/corpus.ts';

const sha = '4f5e7d8f15cf79387cfd8a0d30c58855ab61e138';
const app = { id: 1, full_name: 'acme/app', private: false, default_branch: 'main' };

const native: PullRequest = {
  number: 7,
  title: 'Fix',
  state: 'open',
  merged_at: null,
  user: { login: 'ada' },
  html_url: 'https://github.com/acme/app/pull/7',
  head: { ref: 'fix/x', sha: sha.toUpperCase(), repo: { id: 2, full_name: 'ada/app', private: false } },
  base: { ref: 'main', sha, repo: app },
};

test.each([
  ['https://github.com', 'https://api.github.com'],
  ['https://www.github.com', 'https://api.github.com'],
  ['https://octo.ghe.com', 'https://api.octo.ghe.com'],
  ['https://ghe.example.org', 'https://ghe.example.org/api/v3'],
  ['https://ghe.example.org:8443', 'https://ghe.example.org:8443/api/v3'],
  ['https://notghe.com', 'https://notghe.com/api/v3'],
])('the API of %s is %s', (web, api) => {
  expect(apiUrlOf(web)).toBe(api);
});

test('ssh over port 443 has a host of its own, on github.com only', () => {
  const url = 'ssh://git@ssh.github.com:443/acme/app.git';
  expect(repoOf('https://github.com', url)).toBe('acme/app');
  expect(repoOf('https://ghe.example.org', url)).toBeUndefined();
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
      base: { repo: 'acme/app', branch: 'main', sha },
      internal: false,
    });
  });

  test('one of a deleted account from a deleted fork', () => {
    const change = convertPullRequest({ ...native, user: null, head: { ...native.head, repo: null } }, 'acme/app');
    expect(change).toMatchObject({ author: '', internal: false, head: { repo: undefined, branch: 'fix/x', sha } });
  });

  test('a renamed repository is still the same one', () => {
    const head = { ...native.head, repo: { ...app, full_name: 'acme/renamed' } };
    expect(convertPullRequest({ ...native, head }, 'acme/app').internal).toBe(true);
  });

  test('an empty repository has no default branch', () => {
    expect(convertRepository({ ...app, default_branch: null })).toEqual({
      path: 'acme/app',
      private: false,
      defaultBranch: undefined,
    });
  });
});

describe.skipIf(!corpusIsPresent)('answers that GitHub gave (need ../shared/corpus)', () => {
  test('a pull request, a listing, a repository', async () => {
    const pull = pullRequestSchema.parse(await readCorpusJson('forges/github/pr.json'));
    expect(convertPullRequest(pull, 'octocat/Hello-World')).toMatchObject({
      number: 1347,
      state: 'merged',
      title: 'new-feature',
      author: 'octocat',
      head: { repo: 'octocat/Hello-World', branch: 'new-topic', sha: '6dcb09b5b57875f334f61aebed695e2e4193db5e' },
      base: { branch: 'master' },
      internal: true,
    });
    const [listed] = pullRequestsSchema.parse(await readCorpusJson('forges/github/pulls.json'));
    expect(listed?.number).toBe(1347);
    const repository = repositorySchema.parse(await readCorpusJson('forges/github/repo.json'));
    expect(convertRepository(repository)).toEqual({
      path: 'octocat/Hello-World',
      private: true,
      defaultBranch: 'master',
    });
  });

  test('a commit status', async () => {
    expect(statusSchema.parse(await readCorpusJson('forges/github/status.json'))).toEqual({
      state: 'success',
      context: 'continuous-integration/drone',
    });
  });
});
