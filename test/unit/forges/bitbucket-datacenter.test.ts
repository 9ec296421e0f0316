import { describe, expect, test } from 'vitest';
import { authenticateWith, gitCredentialOf } from '../../../src/core/forges/bitbucket-datacenter/auth.ts';
import { convertPullRequest, convertRepository } from '../../../src/core/forges/bitbucket-datacenter/convert.ts';
import {
  buildStatusUrlOf,
  canonicalRepo,
  cloneUrl,
  repoOf,
  repositoryPath,
} from '../../../src/core/forges/bitbucket-datacenter/urls.ts';
import {
  type PullRequest,
  pullRequestPageSchema,
  pullRequestSchema,
  repositorySchema,
} from '../../../src/core/forges/bitbucket-datacenter/wire.ts';
import { Secret } from '../../../src/core/secret.ts';
import { corpusIsPresent, readCorpusJson } from '../../support/corpus.ts';

const web = 'https://git.example.org/bitbucket';
const sha = '131cb13f4aed12e725177bc4b7c28db67839bf9f';
const app = { slug: 'app', project: { key: 'ACME' }, public: false };

const native: PullRequest = {
  id: 7,
  title: 'Fix',
  state: 'OPEN',
  author: { user: { name: 'ada' } },
  fromRef: { id: 'refs/heads/fix/x', latestCommit: sha, repository: { slug: 'app', project: { key: '~ADA' } } },
  toRef: { id: 'refs/heads/main', latestCommit: sha, repository: app },
};

describe('urls', () => {
  test.each([
    ['https://git.example.org/bitbucket/scm/acme/app.git', 'ACME/app'],
    ['https://git.example.org/bitbucket/scm/~Ada/app.git', '~ada/app'],
    ['https://git.example.org/bitbucket/projects/Acme/repos/app', 'ACME/app'],
    ['https://git.example.org/bitbucket/projects/ACME/repos/app/pull-requests/7', 'ACME/app'],
    ['https://git.example.org/bitbucket/users/ada/repos/app/browse', '~ada/app'],
    ['ssh://git@git.example.org:7999/acme/app.git', 'ACME/app'],
    ['ssh://git@git.example.org:7999/projects/app.git', 'PROJECTS/app'],
    ['ssh://git@git.example.org:7999/~ada/app.git', '~ada/app'],
    ['https://git.example.org/scm/acme/app.git', undefined],
    ['https://git.example.org/bitbucket/projects/ACME', undefined],
    ['ssh://git@other.example.org:7999/acme/app.git', undefined],
  ])('repoOf %s', (url, path) => {
    expect(repoOf(web, url)).toBe(path);
  });

  test('every spelling of a repository leads to one address', () => {
    expect(canonicalRepo('acme/app')).toBe('ACME/app');
    expect(canonicalRepo('~ADA/app')).toBe('~ada/app');
    expect(cloneUrl(web, 'ACME/app')).toBe(`${web}/scm/acme/app.git`);
    expect(repositoryPath('~ADA/a.b')).toBe('/projects/~ada/repos/a.b');
  });

  test.each([
    [`${web}/rest/api/1.0`, `${web}/rest/build-status/1.0`],
    ['http://10.0.0.1:7990/rest/api/latest', 'http://10.0.0.1:7990/rest/build-status/1.0'],
    ['https://proxy.example.org/stash', `${web}/rest/build-status/1.0`],
  ])('build statuses of old servers stand beside %s', (api, builds) => {
    expect(buildStatusUrlOf(web, api)).toBe(builds);
  });
});

describe('convert', () => {
  test('a pull request of a personal fork', () => {
    expect(convertPullRequest(native, 'ACME/app', web)).toEqual({
      number: 7,
      title: 'Fix',
      state: 'open',
      draft: false,
      author: 'ada',
      url: `${web}/projects/ACME/repos/app/pull-requests/7`,
      head: { repo: '~ada/app', branch: 'fix/x', sha },
      base: { repo: 'ACME/app', branch: 'main', sha },
      internal: false,
    });
  });

  test('internal, draft, merged, and a fork that is gone', () => {
    const change = {
      ...native,
      fromRef: { ...native.fromRef, repository: app },
      draft: true,
      state: 'MERGED',
    } as const;
    expect(convertPullRequest(change, 'acme/app', web)).toMatchObject({ internal: true, draft: true, state: 'merged' });
    const gone = pullRequestSchema.parse({
      ...native,
      state: 'DECLINED',
      author: null,
      fromRef: { id: 'refs/heads/fix/x' },
    });
    expect(convertPullRequest(gone, 'acme/app', web)).toMatchObject({
      state: 'closed',
      author: '',
      internal: false,
      head: { repo: undefined, branch: 'fix/x', sha: undefined },
    });
  });
});

test('a token stands alone or belongs to a user name', async () => {
  const token = new Secret('BBDC-canary');
  expect(await authenticateWith({ token })()).toEqual({ authorization: 'Bearer BBDC-canary' });
  expect(gitCredentialOf({ token })).toEqual({ kind: 'bearer', token: 'BBDC-canary' });
  const pair = Buffer.from('ada:BBDC-canary').toString('base64');
  expect(await authenticateWith({ token, username: 'ada' })()).toEqual({ authorization: `Basic ${pair}` });
  expect(gitCredentialOf({ token, username: 'ada' })).toEqual({
    kind: 'basic',
    username: 'ada',
    password: 'BBDC-canary',
  });
  expect(await authenticateWith({ username: 'ada' })()).toEqual({});
  expect(gitCredentialOf({ username: 'ada' })).toBeUndefined();
});

describe.skipIf(!corpusIsPresent)('recorded answers (need ../shared/corpus)', () => {
  test.each(['pr.json', 'pr_iso_dates.json'])('%s', async (file) => {
    const change = convertPullRequest(
      pullRequestSchema.parse(await readCorpusJson(`forges/bitbucket-datacenter/${file}`)),
      'PRJ/my-repo',
      'http://example.com:7990',
    );
    expect(change).toMatchObject({
      number: 1,
      author: 'jcitizen',
      internal: true,
      url: 'http://example.com:7990/projects/PRJ/repos/my-repo/pull-requests/1',
      head: { repo: 'PRJ/my-repo', branch: 'feature/x', sha },
    });
  });

  test('a page and a repository', async () => {
    const page = pullRequestPageSchema.parse(await readCorpusJson('forges/bitbucket-datacenter/prs.json'));
    expect(page).toMatchObject({ isLastPage: true, values: [{ id: 1 }] });
    const repository = repositorySchema.parse(await readCorpusJson('forges/bitbucket-datacenter/repo.json'));
    expect(convertRepository(repository, 'main')).toEqual({
      path: 'PRJ/my-repo',
      private: true,
      defaultBranch: 'main',
    });
  });
});
