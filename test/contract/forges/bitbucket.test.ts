import { describe, expect, onTestFinished, test } from 'vitest';
import { bitbucket } from '../../../src/core/forges/bitbucket/index.ts';
import type { Forge } from '../../../src/core/forges/forge.ts';
import { Secret } from '../../../src/core/secret.ts';
import { corpusIsPresent } from '../../support/corpus.ts';
import { startFakeBitbucket } from '../../support/fake-forge/bitbucket.ts';
import type { FakeForge } from '../../support/fake-forge/server.ts';
import { readForgeDescription } from '../../support/forge-description.ts';
import { resolve } from '../../support/git-repo.ts';
import { builtInForge } from './built-in.ts';
import { describeForge } from './suite.ts';

describeForge('bitbucket', {
  definition: builtInForge('bitbucket'),
  startFake: startFakeBitbucket,
  words: { change: 'pull request', sigil: '#' },
  credential: (token) => ({ kind: 'basic', username: 'x-token-auth', password: token }),
  urls: [['https://forge.example.org/acme/app/src/main', undefined]],
  // Its answers abbreviate every hash to 12 digits.
  fullHeadSha: false,
  fullBaseSha: false,
  // It keeps no refs for pull requests: with the fork goes the last place that git could read the head from.
  headOutlivesFork: false,
  statuses: {
    states: { pending: 'INPROGRESS', running: 'INPROGRESS', success: 'SUCCESSFUL', failure: 'FAILED', error: 'FAILED' },
    right: /scope repository/,
    page: (webUrl, repo, sha) => `${webUrl}/${repo}/commits/${sha}`,
    ref: 'fix/x',
    urlLimit: 450,
  },
  reviewing: {
    history: 'latest',
    // What everybody says now is all that it shows, in the pull request itself.
    reviewPages: false,
    reviewCommit: false,
    reviewTime: true,
    commented: false,
    dismissed: false,
    bots: true,
    resetOnPush: true,
    apps: false,
    // It has four words.
    checkStates: {
      pending: 'pending',
      running: 'pending',
      success: 'success',
      failure: 'failure',
      cancelled: 'failure',
    },
    containing: true,
    // Only the listing of a pull request's own commits has them whole.
    searchHeads: 'open',
    // An account is known by its uuid alone.
    loginCase: false,
    nameOf: (login) => `${login} by name`,
    labels: false,
    headSince: true,
    association: false,
  },
});

async function open(
  options: { readonly pageSize?: number; readonly username?: string } = {},
): Promise<{ fake: FakeForge; forge: Forge }> {
  const fake = await startFakeBitbucket({ pageSize: options.pageSize ?? 50 });
  onTestFinished(() => fake.close());
  const { webUrl, apiUrl, token } = fake;
  const account = { token: new Secret(token), username: options.username };
  return { fake, forge: bitbucket.create({ alias: 'bb', webUrl, apiUrl, ...account }, {}) };
}

test('without refs for pull requests, the head is a branch of its own repository', async () => {
  const { fake, forge } = await open();
  await fake.state.addRepository('acme/app');
  await fake.state.addRepository('ada/app', { parent: 'acme/app' });
  await fake.state.addChange({ repo: 'acme/app', from: 'ada/app', branch: 'fix/x' });
  const change = await forge.changes?.find('acme/app', 1);
  expect(change && forge.changes?.headLocation('acme/app', change)).toEqual({
    repo: 'ada/app',
    ref: 'refs/heads/fix/x',
  });

  await fake.state.deleteRepository('ada/app');
  const orphan = await forge.changes?.find('acme/app', 1);
  expect(orphan).toMatchObject({ head: { repo: undefined, branch: 'fix/x' }, internal: false });
  expect(orphan && forge.changes?.headLocation('acme/app', orphan)).toBeUndefined();
});

test('an API token goes with its account name', async () => {
  const { fake, forge } = await open({ username: 'me@example.org' });
  await fake.state.addRepository('acme/app', { private: true });
  expect(await forge.repositories?.find('acme/app')).toMatchObject({ path: 'acme/app', private: true });
  expect(await forge.gitCredential('acme/app')).toMatchObject({
    kind: 'basic',
    username: 'x-bitbucket-api-token-auth',
  });
});

test('a context too long for a key is told apart by a hash, and shown whole', async () => {
  const { fake, forge } = await open();
  const { gitDir } = await fake.state.addRepository('acme/app');
  const status = {
    sha: await resolve(gitDir, 'main'),
    state: 'success',
    description: '',
    ref: 'refs/tags/v1',
  } as const;
  const contexts = ['sluice/a-pipeline-with-a-name-of-40-letters', 'sluice/a-pipeline-with-a-name-of-41-letters', 'ci'];
  for (const context of contexts) await forge.statuses?.set('acme/app', { ...status, context });
  const url = `${fake.webUrl}/acme/app/commits/${status.sha}`;
  const key = expect.stringMatching(/^sluice\/a-pipeline-with-a-n-[0-9a-f]{12}$/);
  expect(fake.requests.map(({ body }) => body)).toEqual([
    { key, state: 'SUCCESSFUL', url, name: contexts[0] },
    { key, state: 'SUCCESSFUL', url, name: contexts[1] },
    { key: 'ci', state: 'SUCCESSFUL', url, name: 'ci' },
  ]);
  expect(fake.state.statuses.of('acme/app', status.sha).length).toBe(3);
});

describe.skipIf(!corpusIsPresent)('the description of the forge itself (needs ../shared/corpus)', () => {
  test('bitbucket-cloud.yaml', async () => {
    const { fake, forge } = await open({ pageSize: 2 });
    fake.state.addAccount('acme', { kind: 'organization' });
    await fake.state.addRepository('acme/app');
    for (const branch of ['a', 'b', 'c']) await fake.state.addChange({ repo: 'acme/app', branch });

    await forge.changes?.listOpen('acme/app');
    await forge.changes?.find('acme/app', 3);
    await forge.repositories?.find('acme/app');
    await forge.repositories?.create('acme/new', { private: true, description: 'x' });
    const [change] = fake.state.changesOf('acme/app');
    const status = { sha: change?.head.sha ?? '', context: 'ci', description: 'x', ref: 'refs/heads/a' };
    await forge.statuses?.set('acme/app', { ...status, state: 'success', targetUrl: 'https://ci.example.org/1' });

    const [found] = (await forge.changeSearch?.search('acme/app', { kind: 'branch', branch: 'a' })) ?? [];
    await forge.changeSearch?.search('acme/app', { kind: 'commit', sha: change?.head.sha ?? '' });
    if (found !== undefined) await forge.reviews?.list('acme/app', found);
    await forge.checks?.list('acme/app', change?.head.sha ?? '');
    await forge.commits?.people('acme/app', change?.head.sha ?? '');
    await forge.commits?.isAncestor('acme/app', change?.base.sha ?? '', change?.head.sha ?? '');
    expect(await forge.commits?.tip('acme/app', 'main')).toBe(change?.base.sha);
    await forge.discussion?.comments('acme/app', 1);
    if (found !== undefined) await forge.discussion?.headSince('acme/app', found);
    await forge.discussion?.changedPaths('acme/app', 1);

    // Paging, sorting and filtering are described in prose, once for all listings, and so are what commits are listed by.
    const genericQuery = ['pagelen', 'page', 'sort', 'q', 'include', 'exclude'];
    const description = await readForgeDescription('openapi/bitbucket-cloud.yaml', { apiPath: '/2.0', genericQuery });
    expect(fake.requests.length).toBe(22);
    const problems = fake.requests.flatMap((request) => description.problems(request));
    // Two deviations: its schemas demand a `type`, which its own examples of what to send leave out; and the address of a
    // diffstat, which its own answers give, has a slash where the description has none.
    expect(problems.filter((problem) => !problem.includes('/diffstat/acme/app:'))).toEqual([
      "POST /2.0/repositories/acme/new body must have required property 'type'",
      `POST /2.0/repositories/acme/app/commit/${status.sha}/statuses/build body must have required property 'type'`,
    ]);
  });
});
