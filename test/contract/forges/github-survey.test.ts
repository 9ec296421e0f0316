import { describe, expect, onTestFinished, test } from 'vitest';
import type { ForgeDefinition } from '../../../src/core/forges/definition.ts';
import type { Forge } from '../../../src/core/forges/forge.ts';
import { openForge } from '../../../src/core/forges/registry.ts';
import type { ChangeQuery, SurveyedChange, SurveyRole } from '../../../src/core/forges/review-roles.ts';
import type { Review } from '../../../src/core/model/review.ts';
import { Secret } from '../../../src/core/secret.ts';
import type { Fault } from '../../support/fake-forge/faults.ts';
import { startFakeGithub } from '../../support/fake-forge/github.ts';
import type { FakeForge } from '../../support/fake-forge/server.ts';

const definition: ForgeDefinition = {
  type: 'github',
  load: async () => (await import('../../../src/core/forges/github/index.ts')).github,
};

const needs = { reviews: true, checks: true, people: true };
const repo = 'acme/app';
const byBranch: ChangeQuery = { kind: 'branch', branch: 'fix' };

interface Surveying {
  readonly fake: FakeForge;
  readonly forge: Forge;
  survey: SurveyRole['survey'];
  /** Method and path of every request so far. */
  paths(): readonly string[];
}

async function open(pageSize = 20): Promise<Surveying> {
  const fake = await startFakeGithub({ pageSize });
  onTestFinished(() => fake.close());
  for (const login of ['ada', 'bob', 'eve']) fake.state.addAccount(login);
  fake.state.addAccount('robot[bot]', { kind: 'bot' });
  await fake.state.addRepository(repo);
  const options = { alias: 'gh', webUrl: fake.webUrl, token: new Secret(fake.token) };
  const forge = await openForge(definition, options, { env: {}, sleep: async () => undefined });
  const survey: SurveyRole['survey'] = async (...asked) => forge.survey?.survey(...asked);
  const paths = () => fake.requests.map(({ method, url }) => `${method} ${url.pathname}`);
  return { fake, forge, survey, paths };
}

/** A change with something of everything. */
async function withChange(pageSize?: number): Promise<Surveying & { readonly sha: string }> {
  const opened = await open(pageSize);
  const { state } = opened.fake;
  const { head } = await state.addChange({
    ...{ repo, branch: 'fix', author: 'ada', title: 'Fix "it"', draft: true },
    ...{ commitAuthor: 'ada', committer: 'bob', coAuthors: ['guest@mail.example'] },
  });
  const about = state.about(repo, 1);
  about.label('ada', 'out');
  about.review('bob', 'changes-requested');
  about.review('robot[bot]', 'approved');
  about.review('eve', 'approved');
  about.dismiss('bob');
  about.review('bob', 'commented');
  state.checks.add(repo, head.sha, { name: 'build', state: 'failure', app: 'ci-app', url: 'https://ci.example/1' });
  state.checks.add(repo, head.sha, { name: 'build', state: 'success', app: 'ci-app', url: 'https://ci.example/2' });
  state.checks.add(repo, head.sha, { name: 'slow', state: 'running', app: 'ci-app', url: 'https://ci.example/3' });
  state.checks.add(repo, head.sha, { name: 'gate', state: 'success', by: 'robot[bot]', url: 'https://ci.example/4' });
  state.checks.add(repo, head.sha, { name: 'gate2', state: 'pending', by: 'eve' });
  return { ...opened, sha: head.sha };
}

describe('a survey', () => {
  test.each<[string, (sha: string) => ChangeQuery]>([
    ['branch', () => byBranch],
    ['branch of a named repository', () => ({ kind: 'branch', branch: 'fix', headRepo: 'Acme/App' })],
    ['commit', (sha) => ({ kind: 'commit', sha })],
    ['label', () => ({ kind: 'label', label: 'out' })],
  ])('says in one request what the roles say in five: by %s', async (_, query) => {
    const { forge, survey, paths, sha } = await withChange();
    const surveyed = await survey(repo, query(sha), needs);
    expect(paths()).toEqual(['POST /api/graphql']);

    const [change] = (await forge.changeSearch?.search(repo, query(sha))) ?? [];
    if (change === undefined) throw new Error('nothing was found by REST');
    const checks = await forge.checks?.list(repo, sha);
    expect(surveyed?.[0]?.checks?.toSorted(byName)).toEqual(checks?.toSorted(byName));
    expect({ ...surveyed?.[0], checks: undefined, reviews: undefined }).toEqual({
      change,
      reviews: undefined,
      checks: undefined,
      people: await forge.commits?.people(repo, sha),
    });
    const reviews = await forge.reviews?.list(repo, change);
    expect(surveyed?.[0]?.reviews?.reviews.map(withoutRight)).toEqual(reviews?.reviews.map(withoutRight));
    expect(surveyed?.length).toBe(1);
    expect(paths().length).toBeGreaterThan(5);
  });

  test('co-authors are linked with their accounts, which REST cannot do', async () => {
    const { fake, survey } = await open();
    await fake.state.addChange({ repo, branch: 'fix', commitAuthor: 'ada', coAuthors: ['eve'] });
    const [found] = (await survey(repo, byBranch, needs)) ?? [];
    expect(found?.people?.map(({ account }) => account?.login)).toEqual(['ada', 'eve']);
  });

  test('whether a reviewer may push is told of everybody, machines too, which REST cannot do', async () => {
    const { fake, survey } = await withChange();
    for (const login of ['eve', 'robot[bot]']) fake.state.members.grant(repo, login, 'write');
    const [found] = (await survey(repo, byBranch, needs)) ?? [];
    expect(found?.reviews?.reviews.map(({ by, mayWrite }) => [by?.login, mayWrite])).toEqual([
      ['bob', false],
      ['robot[bot]', true],
      ['eve', true],
      ['bob', false],
    ]);
  });

  test('brings only what is asked for', async () => {
    const { fake, survey, sha } = await withChange();
    const found = await survey(repo, byBranch, { reviews: false, checks: false, people: false });
    expect(found).toMatchObject([{ change: { number: 1, head: { sha } }, reviews: undefined, people: undefined }]);
    expect(JSON.stringify(fake.requests[0]?.body)).not.toMatch(/reviews|statusCheckRollup|authors/);
  });

  test('nothing found, nothing reported', async () => {
    const { fake, survey } = await open();
    expect(await survey(repo, byBranch, needs)).toEqual([]);
    expect(await survey(repo, { kind: 'commit', sha: '1'.repeat(40) }, needs)).toEqual([]);
    await fake.state.addChange({ repo, branch: 'fix' });
    expect(await survey(repo, byBranch, needs)).toMatchObject([{ checks: [], reviews: { reviews: [] } }]);
  });

  test('all pages, the open ones first', async () => {
    const { fake, survey, paths } = await open(2);
    for (const state of ['closed', 'open', 'merged', 'open', 'closed'] as const) {
      await fake.state.addChange({ repo, branch: 'fix', state });
    }
    const found = (await survey(repo, byBranch, needs)) ?? [];
    expect(found.map(({ change }) => [change.number, change.state])).toEqual([
      ...[4, 2].map((number) => [number, 'open']),
      ...[[5, 'closed'] as const, [3, 'merged'] as const, [1, 'closed'] as const],
    ]);
    expect(paths()).toEqual(Array.from({ length: 3 }, () => 'POST /api/graphql'));
  });

  test('what does not fit is asked for by REST, of an open one', async () => {
    const { forge, survey, sha, paths } = await withChange(2);
    const [found] = (await survey(repo, byBranch, needs)) ?? [];
    if (found === undefined) throw new Error('nothing was found');
    expect(found.reviews).toEqual(await forge.reviews?.list(repo, found.change));
    expect(found.reviews?.reviews.length).toBe(4);
    expect(found.checks).toEqual(await forge.checks?.list(repo, sha));
    expect(paths().filter((path) => path.includes('graphql')).length).toBe(1);
  });

  test('checks of a fork’s change are asked for by REST, on the base repository', async () => {
    const { fake, survey } = await open();
    await fake.state.addRepository('eve/app', { parent: repo });
    const { head } = await fake.state.addChange({ repo, from: 'eve/app', branch: 'fix' });
    fake.state.checks.add('eve/app', head.sha, { name: 'gate', state: 'success', app: 'ci-app' });
    fake.state.checks.add(repo, head.sha, { name: 'gate', state: 'failure', app: 'ci-app' });
    const found = await survey(repo, { ...byBranch, headRepo: 'eve/app' }, needs);
    expect(found?.map(({ checks }) => checks)).toMatchObject([[{ name: 'gate', state: 'failure', repo }]]);
    expect(await survey(repo, byBranch, needs)).toEqual([]);
  });

  test('a server without GraphQL answers nothing', async () => {
    for (const status of [400, 404, 501]) {
      const { fake, survey } = await withChange();
      fake.fail({ path: /graphql/, fault: { kind: 'answer', status, body: { message: 'GraphQL is disabled' } } });
      expect(await survey(repo, byBranch, needs)).toBeUndefined();
    }
  });

  test('without a credential there is no survey', async () => {
    const { fake } = await open();
    const forge = await openForge(definition, { alias: 'gh', webUrl: fake.webUrl }, { env: {} });
    expect(forge.survey).toBeUndefined();
  });

  test.each<[string, unknown, string | undefined]>([
    ['a right that is missing', { type: 'FORBIDDEN', message: 'Resource not accessible by integration' }, undefined],
    ['a scope that is missing', { type: 'INSUFFICIENT_SCOPES', message: 'needs read:org' }, undefined],
    ['a limit', { type: 'RATE_LIMITED', message: 'API rate limit exceeded' }, 'rate-limited'],
    ['anything else', { message: 'Something went wrong while executing your query.' }, 'unavailable'],
  ])('data with errors is no answer: %s', async (_, problem, code) => {
    const { fake, survey } = await withChange();
    const data = {
      repository: {
        nameWithOwner: repo,
        pullRequests: { pageInfo: { hasNextPage: false, endCursor: null }, nodes: [] },
      },
    };
    fake.fail({ path: /graphql/, fault: { kind: 'answer', status: 200, body: { data, errors: [problem] } } });
    const answer = survey(repo, byBranch, needs);
    if (code === undefined) expect(await answer).toBeUndefined();
    else await expect(answer).rejects.toMatchObject({ code, hint: expect.any(String) });
  });

  test('a repository that does not exist', async () => {
    const { survey } = await open();
    await expect(survey('acme/none', byBranch, needs)).rejects.toMatchObject({ code: 'not-found' });
  });

  test.each<[string, string, Fault]>([
    ['401', 'denied', { kind: 'answer', status: 401, body: { message: 'Bad credentials' } }],
    ['403', 'denied', { kind: 'answer', status: 403, body: { message: 'no' } }],
    ['429', 'rate-limited', { kind: 'answer', status: 429, headers: { 'retry-after': '3600' } }],
    ['502', 'unavailable', { kind: 'answer', status: 502, body: '<html>' }],
    ['a web page', 'unavailable', { kind: 'html' }],
    ['an empty body', 'unavailable', { kind: 'answer', status: 200 }],
    ['no data', 'unavailable', { kind: 'answer', status: 200, body: {} }],
    ['half of the JSON', 'unavailable', { kind: 'half-json' }],
    ['wrong types', 'unavailable', { kind: 'wrong-types' }],
  ])('%s is a failure', async (_, code, fault) => {
    const { fake, survey } = await withChange();
    fake.fail({ path: /graphql/, fault });
    await expect(survey(repo, byBranch, needs)).rejects.toMatchObject({ code });
  });

  test('pages in a circle', async () => {
    const { fake, survey } = await open();
    const page = { pageInfo: { hasNextPage: true, endCursor: 'x' }, nodes: [] };
    const body = { data: { repository: { nameWithOwner: repo, pullRequests: page } } };
    fake.fail({ path: /graphql/, fault: { kind: 'answer', status: 200, body } });
    await expect(survey(repo, byBranch, needs)).rejects.toMatchObject({ code: 'unavailable' });
    expect(fake.requests.length).toBe(2);
  });
});

function withoutRight({ mayWrite: _, ...review }: Review): Omit<Review, 'mayWrite'> {
  return review;
}

function byName(a: NonNullable<SurveyedChange['checks']>[number], b: typeof a): number {
  return a.name < b.name ? -1 : 1;
}
