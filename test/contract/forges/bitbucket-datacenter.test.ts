import { describe, expect, onTestFinished, test } from 'vitest';
import { bitbucketDatacenter } from '../../../src/core/forges/bitbucket-datacenter/index.ts';
import type { Forge } from '../../../src/core/forges/forge.ts';
import { Secret } from '../../../src/core/secret.ts';
import { startFakeBitbucketDatacenter } from '../../support/fake-forge/bitbucket-datacenter.ts';
import type { FakeForge } from '../../support/fake-forge/server.ts';
import { resolve } from '../../support/git-repo.ts';
import { builtInForge } from './built-in.ts';
import { describeForge } from './suite.ts';

describeForge('bitbucket-datacenter', {
  definition: builtInForge('bitbucket-datacenter'),
  startFake: startFakeBitbucketDatacenter,
  words: { change: 'pull request', sigil: '#' },
  // Project keys are written in upper case, and people have a project of their own behind a tilde.
  path: (owner, name, kind) => (kind === 'person' ? `~${owner}/${name}` : `${owner.toUpperCase()}/${name}`),
  credential: (token) => ({ kind: 'bearer', token }),
  cloneUrl: (webUrl, path) => `${webUrl}/scm/${path.toLowerCase()}.git`,
  urls: [
    ['https://forge.example.org/projects/acme/repos/app/browse', 'ACME/app'],
    ['https://forge.example.org/users/ada/repos/app', '~ada/app'],
    ['ssh://git@forge.example.org:7999/~Ada/app.git', '~ada/app'],
    ['https://forge.example.org/acme/app.git', undefined],
  ],
  // Pages are cut by an offset in the answer's body.
  nextPage: 'number',
  statuses: {
    states: { pending: 'INPROGRESS', running: 'INPROGRESS', success: 'SUCCESSFUL', failure: 'FAILED', error: 'FAILED' },
    right: /"Repository read"/,
    page: (webUrl, repo, sha) => `${webUrl}/projects/${repo.replace('/', '/repos/')}/commits/${sha}`,
    ref: 'refs/heads/fix/x',
    urlLimit: 450,
  },
  reviewing: {
    history: 'latest',
    // What everybody says now is all that it shows, in the pull request itself.
    reviewPages: false,
    reviewCommit: true,
    reviewTime: false,
    commented: false,
    dismissed: false,
    bots: true,
    resetOnPush: true,
    apps: false,
    checkStates: {
      pending: 'pending',
      running: 'pending',
      success: 'success',
      failure: 'failure',
      cancelled: 'failure',
    },
    containing: true,
    // It cuts off what does not fit on the one page.
    pathPages: false,
    team: (name) => name,
    labels: false,
    headSince: true,
    association: false,
  },
});

async function open(
  options: { readonly pageSize?: number; readonly username?: string; readonly olderBuilds?: boolean } = {},
): Promise<{ fake: FakeForge; forge: Forge }> {
  const fake = await startFakeBitbucketDatacenter({ pageSize: 100, ...options });
  onTestFinished(() => fake.close());
  fake.state.addAccount('acme', { kind: 'organization' });
  const { webUrl, apiUrl, token } = fake;
  const account = { token: new Secret(token), username: options.username };
  return { fake, forge: bitbucketDatacenter.create({ alias: 'bb', webUrl, apiUrl, ...account }, {}) };
}

test('the API stands under the path prefix of the pages', async () => {
  const { fake, forge } = await open();
  expect(forge.apiUrl).toBe(`${fake.webUrl}/rest/api/1.0`);
  expect(bitbucketDatacenter.create({ alias: 'bb', webUrl: `${fake.webUrl}/` }, {}).apiUrl).toBe(fake.apiUrl);
});

test('keys in any case lead to one repository, and a personal one keeps its tilde', async () => {
  const { fake, forge } = await open();
  await fake.state.addRepository('ACME/app');
  await fake.state.addRepository('~me/app', { parent: 'ACME/app' });
  await fake.state.addChange({ repo: 'ACME/app', from: '~me/app', branch: 'fix/x' });
  await fake.state.addChange({ repo: 'ACME/app', branch: 'own' });
  expect(await forge.repositories?.find('acme/app')).toEqual({
    path: 'ACME/app',
    private: false,
    defaultBranch: 'main',
  });
  const changes = await forge.changes?.listOpen('acme/app');
  expect(changes?.map(({ head, base, internal }) => [head.repo, base.repo, internal])).toEqual([
    ['~me/app', 'ACME/app', false],
    ['ACME/app', 'ACME/app', true],
  ]);
});

test('a personal repository is created in the person’s own project', async () => {
  const { fake, forge } = await open();
  expect(await forge.repositories?.create('~me/new', { private: true })).toMatchObject({
    created: true,
    repository: { path: '~me/new' },
  });
  expect(fake.requests.at(-1)).toMatchObject({ method: 'POST', body: { name: 'new', scmId: 'git', public: false } });
});

test('a user name makes it Basic, for the API and for git', async () => {
  const { fake, forge } = await open({ username: 'me' });
  await fake.state.addRepository('ACME/app', { private: true });
  expect(await forge.repositories?.find('ACME/app')).toMatchObject({ path: 'ACME/app' });
  expect(await forge.gitCredential('acme/app')).toEqual({ kind: 'basic', username: 'me', password: fake.token });
});

test('a page that is not the last but names no next one is not taken for the end', async () => {
  const { fake, forge } = await open();
  await fake.state.addRepository('ACME/app');
  fake.fail({
    path: /pull-requests/,
    fault: { kind: 'answer', status: 200, body: { values: [], isLastPage: false, nextPageStart: null } },
  });
  await expect(forge.changes?.listOpen('ACME/app')).rejects.toMatchObject({ code: 'unavailable' });
});

describe('build statuses', () => {
  const status = { state: 'success', context: 'ci', description: 'done', ref: 'refs/heads/main' } as const;

  test('name their plan and branch, as required builds want it', async () => {
    const { fake, forge } = await open();
    const { gitDir } = await fake.state.addRepository('ACME/app');
    const sha = await resolve(gitDir, 'main');
    const url = 'https://ci.example.org/1';
    await forge.statuses?.set('acme/app', { ...status, sha, targetUrl: url });
    const body = {
      key: 'ci',
      parent: 'ci',
      name: 'ci',
      state: 'SUCCESSFUL',
      url,
      description: 'done',
      ref: status.ref,
    };
    expect(fake.requests.map((request) => request.body)).toEqual([body]);
    await forge.statuses?.set('acme/app', { ...status, sha, ref: 'refs/pull-requests/7/from' });
    expect(fake.requests.at(-1)?.body).not.toHaveProperty('ref');
  });

  test('of a server before 7.4 belong to the commit alone', async () => {
    const { fake, forge } = await open({ olderBuilds: true });
    const { gitDir } = await fake.state.addRepository('ACME/app', { private: true });
    const sha = await resolve(gitDir, 'main');
    await forge.statuses?.set('ACME/app', { ...status, sha });
    const url = `${fake.webUrl}/projects/ACME/repos/app/commits/${sha}`;
    expect(fake.state.statuses.of('', sha)).toEqual([
      { context: 'ci', state: 'SUCCESSFUL', description: 'done', url, ref: undefined },
    ]);

    const unknown = '12'.repeat(20);
    await expect(forge.statuses?.set('ACME/app', { ...status, sha: unknown })).rejects.toMatchObject({
      code: 'not-found',
    });
    await expect(forge.statuses?.set('ACME/other', { ...status, sha })).rejects.toMatchObject({ code: 'not-found' });
    expect(fake.state.statuses.of('', unknown)).toEqual([]);
  });
});
