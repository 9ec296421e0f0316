import { describe, expect, onTestFinished, test } from 'vitest';
import type { Forge } from '../../../src/core/forges/forge.ts';
import { gitlab } from '../../../src/core/forges/gitlab/index.ts';
import type { CommitStatus } from '../../../src/core/model/status.ts';
import { Secret } from '../../../src/core/secret.ts';
import { startFakeGitlab } from '../../support/fake-forge/gitlab.ts';
import type { FakeForge } from '../../support/fake-forge/server.ts';
import { resolve } from '../../support/git-repo.ts';
import { builtInForge } from './built-in.ts';
import { describeForge } from './suite.ts';

describeForge('gitlab', {
  definition: builtInForge('gitlab'),
  startFake: startFakeGitlab,
  words: { change: 'merge request', sigil: '!' },
  credential: (token) => ({ kind: 'basic', username: 'oauth2', password: token }),
  urls: [
    ['https://forge.example.org/acme/tools/app.git', 'acme/tools/app'],
    ['git@forge.example.org:acme/tools/app.git', 'acme/tools/app'],
    ['https://forge.example.org/acme/app/-/merge_requests/7', 'acme/app'],
  ],
  // A merge request names its target branch, but not where that stands.
  fullBaseSha: false,
  // Only the number of the next page is taken: its links follow the server's configured address, which may be another.
  nextPage: 'number',
  statuses: {
    states: { pending: 'pending', running: 'running', success: 'success', failure: 'failed', error: 'failed' },
    right: /scope api.*Developer/,
    ref: 'fix/x',
    urlLimit: 255,
    // Its jobs move on and never back; what asks for that is refused and means that nothing is to be done.
    replacesUnfinished: false,
  },
  reviewing: {
    history: 'latest',
    // By its time: GitLab writes down when somebody approved and when the head moved.
    reviewCommit: true,
    reviewTime: true,
    commented: true,
    dismissed: false,
    // But for the users behind access tokens, whose names are made by GitLab.
    bots: false,
    resetOnPush: true,
    apps: false,
    checkStates: {
      pending: 'pending',
      running: 'pending',
      success: 'success',
      failure: 'failure',
      cancelled: 'failure',
      skipped: 'skipped',
    },
    containing: true,
    // The API of commits knows names and addresses only.
    linkedAuthors: false,
    team: (name) => `acme/${name}`,
    labels: true,
    headSince: true,
    association: false,
  },
});

async function open(options: { readonly pageSize?: number } = {}): Promise<{ fake: FakeForge; forge: Forge }> {
  const fake = await startFakeGitlab({ pageSize: options.pageSize ?? 100 });
  onTestFinished(() => fake.close());
  const { webUrl, apiUrl, token } = fake;
  return { fake, forge: gitlab.create({ alias: 'lab', webUrl, apiUrl, token: new Secret(token) }, {}) };
}

function paths(fake: FakeForge): readonly string[] {
  return fake.requests.map(({ method, url }) => `${method} ${url.pathname.replace('/api/v4', '')}`);
}

describe('nested groups', () => {
  test('a project is found by its whole path, as one segment', async () => {
    const { fake, forge } = await open();
    fake.state.addAccount('acme/tools', { kind: 'organization' });
    await fake.state.addRepository('acme/tools/app');
    expect(await forge.repositories?.find('acme/tools/app')).toMatchObject({ path: 'acme/tools/app' });
    expect(paths(fake)).toEqual(['GET /projects/acme%2Ftools%2Fapp']);
  });

  test('a project is created in its own group', async () => {
    const { fake, forge } = await open();
    const group = fake.state.addAccount('acme/tools', { kind: 'organization' });
    const done = await forge.repositories?.create('acme/tools/app', { private: true, description: 'A mirror' });
    expect(done).toMatchObject({ created: true, repository: { path: 'acme/tools/app', private: true } });
    expect(fake.requests.at(-1)?.body).toEqual({
      name: 'app',
      path: 'app',
      namespace_id: group.id,
      visibility: 'private',
      description: 'A mirror',
    });
  });

  test('a group that does not exist is named, and nothing is created elsewhere', async () => {
    const { fake, forge } = await open();
    await expect(forge.repositories?.create('acme/nowhere/app', { private: true })).rejects.toMatchObject({
      code: 'not-found',
      message: expect.stringContaining('acme/nowhere'),
    });
    expect(paths(fake).filter((path) => path.startsWith('POST'))).toEqual([]);
  });
});

describe('source projects', () => {
  test('each fork is asked for once; one that the token may not see leaves no head repository', async () => {
    const { fake, forge } = await open({ pageSize: 4 });
    await fake.state.addRepository('acme/app');
    for (const person of ['ada', 'bob']) {
      fake.state.addAccount(person);
      await fake.state.addRepository(`${person}/app`, { parent: 'acme/app' });
    }
    for (const [at, from] of ['ada/app', 'bob/app', 'ada/app', 'acme/app', 'bob/app', 'ada/app'].entries()) {
      await fake.state.addChange({ repo: 'acme/app', from, branch: `b${at}` });
    }
    const hidden = fake.state.repositories.get('bob/app')?.id;
    fake.fail({
      path: new RegExp(`/projects/${hidden}$`),
      fault: { kind: 'answer', status: 404, body: { message: '404 Project Not Found' } },
    });

    const changes = await forge.changes?.listOpen('acme/app');
    expect(changes?.map(({ head, internal }) => [head.repo, internal])).toEqual([
      ['ada/app', false],
      [undefined, false],
      ['ada/app', false],
      ['acme/app', true],
      [undefined, false],
      ['ada/app', false],
    ]);
    expect(paths(fake).filter((path) => /\/projects\/\d+$/.test(path)).length).toBe(2);
  });

  test('a fork that cannot be asked for now fails the listing: nobody may take it for a deleted one', async () => {
    const { fake, forge } = await open();
    await fake.state.addRepository('acme/app');
    await fake.state.addRepository('ada/app', { parent: 'acme/app' });
    await fake.state.addChange({ repo: 'acme/app', from: 'ada/app', branch: 'x' });
    fake.fail({ path: /\/projects\/\d+$/, fault: { kind: 'answer', status: 403, body: { message: '403 Forbidden' } } });
    await expect(forge.changes?.listOpen('acme/app')).rejects.toMatchObject({ code: 'denied' });
  });
});

test('a proxy that rewrites the host of links does no harm: only page numbers are taken', async () => {
  const { fake, forge } = await open({ pageSize: 1 });
  await fake.state.addRepository('acme/app');
  await fake.state.addChange({ repo: 'acme/app', branch: 'x' });
  await fake.state.addChange({ repo: 'acme/app', branch: 'y' });
  fake.fail({ path: /page=1$/, fault: { kind: 'next-page', url: 'https://internal.example/api/v4/x?page=2' } });
  const changes = await forge.changes?.listOpen('acme/app');
  expect(changes?.map(({ number }) => number)).toEqual([1, 2]);
});

describe('commit statuses', () => {
  async function withStatuses(): Promise<{ fake: FakeForge; forge: Forge; status: CommitStatus }> {
    const { fake, forge } = await open();
    const { gitDir } = await fake.state.addRepository('acme/app');
    const sha = await resolve(gitDir, 'main');
    return { fake, forge, status: { sha, state: 'success', context: 'ci', description: '' } };
  }

  test.each([
    ['refs/heads/fix/x', 'fix/x'],
    ['refs/tags/v1', 'v1'],
    ['refs/merge-requests/7/head', 'refs/merge-requests/7/head'],
    [`refs/heads/${'x/'.repeat(127)}xx`, undefined],
  ])('%s is the ref %s', async (ref, name) => {
    const { fake, forge, status } = await withStatuses();
    await forge.statuses?.set('acme/app', { ...status, ref });
    expect(fake.requests.at(-1)?.body).toEqual({ state: 'success', name: 'ci', ...(name && { ref: name }) });
  });

  test('while another update is under way, there is something to wait for', async () => {
    const { fake, forge, status } = await withStatuses();
    const body = { message: 'Another update to this commit status is in progress' };
    fake.fail({ fault: { kind: 'answer', status: 409, body } });
    await expect(forge.statuses?.set('acme/app', status)).rejects.toMatchObject({
      code: 'unavailable',
      retryable: true,
      message: expect.stringContaining(body.message),
    });
  });

  test('any other transition that GitLab refuses is an error', async () => {
    const { fake, forge, status } = await withStatuses();
    const body = { message: 'Cannot transition status via :drop from :success (Reason(s): …)' };
    fake.fail({ fault: { kind: 'answer', status: 400, body } });
    await expect(forge.statuses?.set('acme/app', status)).rejects.toMatchObject({ code: 'usage' });
  });
});
