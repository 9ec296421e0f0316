import { describe, expect, onTestFinished, test } from 'vitest';
import type { Forge } from '../../../src/core/forges/forge.ts';
import { gitea } from '../../../src/core/forges/gitea/index.ts';
import { Secret } from '../../../src/core/secret.ts';
import { corpusIsPresent } from '../../support/corpus.ts';
import { startFakeGitea } from '../../support/fake-forge/gitea.ts';
import type { FakeForge } from '../../support/fake-forge/server.ts';
import { readForgeDescription } from '../../support/forge-description.ts';
import { builtInForge } from './built-in.ts';
import { describeForge } from './suite.ts';

describeForge('gitea', {
  definition: builtInForge('gitea'),
  startFake: startFakeGitea,
  words: { change: 'pull request', sigil: '#' },
  credential: (token) => ({ kind: 'basic', username: 'oauth2', password: token }),
  urls: [['https://forge.example.org/acme/app/pulls/7', undefined]],
  // As with GitLab: its links follow ROOT_URL, which may be another address than the one that is called.
  nextPage: 'number',
  statuses: {
    states: { pending: 'pending', running: 'pending', success: 'success', failure: 'failure', error: 'error' },
    right: /write:repository/,
  },
  reviewing: {
    history: 'all',
    reviewCommit: true,
    commentPages: false,
    nullIsEmpty: 'head since',
    reviewTime: true,
    // What is not official may be so because the branch's protection names others.
    mayWrite: { collaborator: true },
    commented: true,
    dismissed: true,
    bots: false,
    resetOnPush: false,
    apps: false,
    checkStates: {
      pending: 'pending',
      running: 'pending',
      success: 'success',
      failure: 'failure',
      cancelled: 'failure',
      neutral: 'neutral',
      skipped: 'skipped',
    },
    // Only a merge commit leads to its pull request.
    containing: false,
    team: (name) => `acme/${name}`,
    labels: true,
    headSince: true,
    association: false,
  },
});

async function open(options: { readonly pageSize?: number } = {}): Promise<{ fake: FakeForge; forge: Forge }> {
  const fake = await startFakeGitea({ pageSize: options.pageSize ?? 50 });
  onTestFinished(() => fake.close());
  const { webUrl, apiUrl, token } = fake;
  return { fake, forge: gitea.create({ alias: 'tea', webUrl, apiUrl, token: new Secret(token) }, {}) };
}

function paths(fake: FakeForge): readonly string[] {
  return fake.requests.map(({ method, url }) => `${method} ${url.pathname.replace('/api/v1', '')}`);
}

describe('creating', () => {
  test('in an organisation', async () => {
    const { fake, forge } = await open();
    fake.state.addAccount('acme', { kind: 'organization' });
    expect(await forge.repositories?.create('acme/new', { private: true })).toMatchObject({ created: true });
    expect(paths(fake)).toEqual(['GET /repos/acme/new', 'POST /orgs/acme/repos']);
  });

  test('for oneself', async () => {
    const { fake, forge } = await open();
    expect(await forge.repositories?.create('me/new', { private: true })).toMatchObject({ created: true });
    expect(fake.state.repositories.has('me/new')).toBe(true);
  });

  test('for oneself with a token whose scopes leave organizations out', async () => {
    const { fake, forge } = await open();
    const body = { message: 'token does not have at least one of required scope(s): [write:organization]' };
    fake.fail({ path: /^\/api\/v1\/orgs\//, fault: { kind: 'answer', status: 403, body } });
    expect(await forge.repositories?.create('me/new', { private: true })).toMatchObject({ created: true });
  });

  test('never under one’s own name when another was meant', async () => {
    const { fake, forge } = await open();
    fake.state.addAccount('ada');
    await expect(forge.repositories?.create('ada/new', { private: true })).rejects.toMatchObject({
      code: 'not-found',
      message: expect.stringContaining('ada/new'),
    });
    expect([...fake.state.repositories.keys()]).toEqual([]);
  });
});

test('pages of a server that allows fewer items than were asked for', async () => {
  const { fake, forge } = await open({ pageSize: 2 });
  await fake.state.addRepository('acme/app');
  for (let at = 1; at <= 5; at += 1) await fake.state.addChange({ repo: 'acme/app', branch: `b${at}` });
  expect((await forge.changes?.listOpen('acme/app'))?.map(({ number }) => number)).toEqual([1, 2, 3, 4, 5]);
  expect(fake.requests.map(({ url }) => url.searchParams.get('page'))).toEqual(['1', '2', '3']);
});

describe.skipIf(!corpusIsPresent)('the descriptions of the forges themselves (need ../shared/corpus)', () => {
  test.each(['gitea-1.27.1.json', 'forgejo-11.0.3.json'])('%s', async (file) => {
    const { fake, forge } = await open({ pageSize: 2 });
    fake.state.addAccount('acme', { kind: 'organization' });
    await fake.state.addRepository('acme/app', { private: true });
    await fake.state.addRepository('ada/app', { parent: 'acme/app' });
    await fake.state.addChange({ repo: 'acme/app', branch: 'a', draft: true });
    await fake.state.addChange({ repo: 'acme/app', from: 'ada/app', branch: 'b' });
    await fake.state.addChange({ repo: 'acme/app', from: 'ada/app', branch: 'c', state: 'merged' });
    await fake.state.addChange({ repo: 'acme/app', branch: 'd' });
    await fake.state.deleteRepository('ada/app');

    await forge.changes?.listOpen('acme/app');
    await forge.changes?.find('acme/app', 3);
    await forge.repositories?.find('acme/app');
    await forge.repositories?.create('acme/new', { private: true, description: 'x' });
    await forge.repositories?.create('me/new', { private: false });
    const status = {
      context: 'ci',
      state: 'success',
      description: 'x',
      targetUrl: 'https://ci.example.org/1',
    } as const;
    const [change] = fake.state.changesOf('acme/app');
    await forge.statuses?.set('acme/app', { ...status, sha: change?.head.sha ?? '' });
    await expect(forge.statuses?.set('acme/app', { ...status, sha: '1'.repeat(40) })).rejects.toThrow('this commit');

    const sha = change?.head.sha ?? '';
    const about = fake.state.about('acme/app', 1);
    about.label('ada', 'ok');
    about.comment('ada', 'talk');
    for (const verdict of ['approved', 'changes-requested', 'commented'] as const) about.review('ada', verdict);
    fake.state.members.addTeam('acme/reviewers', ['ada']);
    fake.state.checks.add('acme/app', sha, { name: 'x', state: 'skipped' });
    const [found] = (await forge.changeSearch?.search('acme/app', { kind: 'commit', sha })) ?? [];
    await forge.changeSearch?.search('acme/app', { kind: 'label', label: 'ok' });
    if (found !== undefined) await forge.reviews?.list('acme/app', found);
    if (found !== undefined) await forge.discussion?.headSince('acme/app', found);
    expect(await forge.checks?.list('acme/app', sha)).toHaveLength(2);
    await forge.commits?.people('acme/app', sha);
    await forge.commits?.people('acme/app', '1'.repeat(40));
    expect(await forge.commits?.tip('acme/app', 'main')).toBe(change?.base.sha);
    expect(await forge.commits?.tip('acme/app', 'gone')).toBeUndefined();
    await forge.commits?.isAncestor('acme/app', change?.base.sha ?? '', sha);
    await forge.commits?.isAncestor('acme/app', sha, change?.base.sha ?? '');
    await forge.members?.canWrite('acme/app', 'ada');
    await forge.members?.canWrite('acme/app', 'nobody');
    await forge.members?.team?.('acme/reviewers');
    await forge.discussion?.labels?.('acme/app', 1);
    await forge.discussion?.comments('acme/app', 1);
    await forge.discussion?.changedPaths('acme/app', 1);

    const description = await readForgeDescription(`openapi/${file}`, { apiPath: '/api/v1' });
    expect(fake.requests.length).toBeGreaterThan(8);
    // Go writes an empty timeline as null, whatever the description says.
    const described = fake.requests.filter(({ answer }) => answer?.body !== null);
    expect(described.flatMap((request) => description.problems(request))).toEqual([]);
  });
});
