import { describe, expect, test } from 'vitest';
import { authenticateWith, gitCredentialOf } from '../../../src/core/forges/bitbucket/auth.ts';
import { convertPullRequest, convertRepository } from '../../../src/core/forges/bitbucket/convert.ts';
import { nextPage } from '../../../src/core/forges/bitbucket/listing.ts';
import { apiUrlOf, cloneUrl, repoOf } from '../../../src/core/forges/bitbucket/urls.ts';
import {
  type PullRequest,
  pullRequestPageSchema,
  pullRequestSchema,
  repositorySchema,
  statusSchema,
} from '../../../src/core/forges/bitbucket/wire.ts';
import { Secret } from '../../../src/core/secret.ts';
import { corpusIsPresent, readCorpusJson } from '../../support/corpus.ts';

const native: PullRequest = {
  id: 7,
  title: 'Fix',
  state: 'OPEN',
  draft: true,
  author: { uuid: '{87bb15eb-47c1-49b3-9f16-ca824a2979a4}' },
  links: { html: { href: 'https://bitbucket.org/acme/app/pull-requests/7' } },
  source: { branch: { name: 'fix/x' }, commit: { hash: '31c54529bd80' }, repository: { full_name: 'ada/app' } },
  destination: { branch: { name: 'main' }, commit: { hash: '710db794f15b' }, repository: { full_name: 'acme/app' } },
};

test('urls', () => {
  const web = 'https://bitbucket.org';
  expect(apiUrlOf(web)).toBe('https://api.bitbucket.org/2.0');
  expect(cloneUrl(web, 'acme/app')).toBe('https://bitbucket.org/acme/app.git');
  expect(repoOf(web, 'https://ada@bitbucket.org/acme/app.git')).toBe('acme/app');
  expect(repoOf(web, 'ssh://git@altssh.bitbucket.org:443/acme/app.git')).toBe('acme/app');
  expect(repoOf(web, 'https://bitbucket.org/acme/app/src/main')).toBeUndefined();
});

describe('convert', () => {
  test('a pull request of a fork; abbreviated hashes are no object ids', () => {
    expect(convertPullRequest(native)).toEqual({
      number: 7,
      title: 'Fix',
      state: 'open',
      draft: true,
      author: '87bb15eb-47c1-49b3-9f16-ca824a2979a4',
      url: native.links.html.href,
      head: { repo: 'ada/app', branch: 'fix/x', sha: undefined },
      base: { repo: 'acme/app', branch: 'main', sha: undefined },
      internal: false,
    });
  });

  test('deleted fork, deleted account, a version without drafts', () => {
    const sparse = pullRequestSchema.parse({
      ...native,
      draft: undefined,
      author: null,
      source: { branch: { name: 'fix/x' }, commit: null, repository: null },
    });
    expect(convertPullRequest(sparse)).toMatchObject({
      draft: false,
      author: '',
      internal: false,
      head: { repo: undefined },
    });
  });

  test.each([
    ['MERGED', 'merged'],
    ['DECLINED', 'closed'],
    ['SUPERSEDED', 'closed'],
  ] as const)('state %s is %s', (state, expected) => {
    expect(convertPullRequest({ ...native, state }).state).toBe(expected);
  });
});

describe('auth', () => {
  const token = new Secret('ATCTT3-canary');

  test('an access token stands alone', async () => {
    expect(await authenticateWith({ token })()).toEqual({ authorization: 'Bearer ATCTT3-canary' });
    expect(gitCredentialOf({ token })).toEqual({ kind: 'basic', username: 'x-token-auth', password: 'ATCTT3-canary' });
  });

  test('an API token goes with the e-mail address, which git does not take', async () => {
    const account = { token, username: 'ada@example.org' };
    const pair = Buffer.from('ada@example.org:ATCTT3-canary').toString('base64');
    expect(await authenticateWith(account)()).toEqual({ authorization: `Basic ${pair}` });
    expect(gitCredentialOf(account)).toMatchObject({ username: 'x-bitbucket-api-token-auth' });
    expect(gitCredentialOf({ token, username: 'ada' })).toMatchObject({ username: 'ada' });
  });

  test('nothing configured', async () => {
    expect(await authenticateWith({})()).toEqual({});
    expect(gitCredentialOf({ username: 'ada' })).toBeUndefined();
  });
});

describe('next page', () => {
  const request = { path: '/x', decode: () => ({ values: [] }), purpose: 'list open pull requests of acme/app' };
  const follow = nextPage('https://api.bitbucket.org/2.0');
  const next = (url: string | undefined) =>
    follow({ status: 200, headers: {}, value: { values: [], next: url }, refusal: undefined }, request);

  test('keeps to the API', () => {
    expect(next('https://api.bitbucket.org/2.0/repositories/a/b%20c/pullrequests?page=2&state=OPEN')).toEqual({
      path: '/repositories/a/b%20c/pullrequests?page=2&state=OPEN',
    });
    expect(next(undefined)).toBeUndefined();
  });

  test.each([
    'https://evil.example/2.0/repositories/a/b/pullrequests?page=2',
    'https://api.bitbucket.org.evil.example/2.0/x',
    'http://api.bitbucket.org/2.0/x',
    'https://api.bitbucket.org/3.0/x',
    'http://',
  ])('refuses %s', (url) => {
    expect(() => next(url)).toThrow(expect.objectContaining({ code: 'unavailable' }));
  });
});

describe.skipIf(!corpusIsPresent)('recorded answers (need ../shared/corpus)', () => {
  test('pull requests', async () => {
    const page = pullRequestPageSchema.parse(await readCorpusJson('forges/bitbucket/prs.json'));
    const single = pullRequestSchema.parse(await readCorpusJson('forges/bitbucket/pr.json'));
    const expected = {
      number: 4982,
      state: 'open',
      author: 'ef9d9075-f870-417f-b424-83adbc8efa54',
      internal: false,
      base: { repo: 'atlassian/atlaskit', branch: 'master' },
    };
    expect(page.values.map(convertPullRequest)).toMatchObject([{ ...expected, head: { repo: 'lachlanv/atlaskit' } }]);
    expect(convertPullRequest(single)).toMatchObject({ number: 4982, state: 'open' });
  });

  test('a repository', async () => {
    const repository = repositorySchema.parse(await readCorpusJson('forges/bitbucket/repo.json'));
    expect(convertRepository(repository)).toMatchObject({ path: 'atlassian/stash-example-plugin' });
  });

  test('a commit status', async () => {
    expect(statusSchema.parse(await readCorpusJson('forges/bitbucket/status.json'))).toEqual({
      state: 'SUCCESSFUL',
      key: 'drone',
    });
  });
});
