import { generateKeyPairSync } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, onTestFinished, test } from 'vitest';
import type { ForgeApp, ForgeDefinition } from '../../../src/core/forges/definition.ts';
import type { Forge } from '../../../src/core/forges/forge.ts';
import { openForge } from '../../../src/core/forges/registry.ts';
import type { HttpSettings } from '../../../src/core/http/settings.ts';
import { Secret } from '../../../src/core/secret.ts';
import { corpusIsPresent, readCorpus } from '../../support/corpus.ts';
import { type FakeGithubOptions, startFakeGithub } from '../../support/fake-forge/github.ts';
import type { FakeForge } from '../../support/fake-forge/server.ts';
import { resolve } from '../../support/git-repo.ts';
import { type Description, parseDescription } from '../../support/openapi/description.ts';
import { describeForge } from './suite.ts';

const definition: ForgeDefinition = {
  type: 'github',
  load: async () => (await import('../../../src/core/forges/github/index.ts')).github,
};

// GitHub sends null for a deleted fork, and its description does not know that.
const nullable = ['pull-request/head/repo', 'pull-request-simple/head/repo'];

function parsed(text: string): Description {
  return parseDescription(text, { apiPath: '/api/v3', nullable });
}

const ownSlice = parsed(await readFile(join(import.meta.dirname, '../../support/openapi/github.json'), 'utf8'));

// Enterprise Server's, beside the checkout: slices that lack the operations on accounts. Skipped where they are absent.
const enterprise = corpusIsPresent
  ? [parsed(await readCorpus('openapi/ghes-3.17.json')), parsed(await readCorpus('openapi/ghes-3.19.json'))]
  : [];

/** Every request that any test of this file makes, and every answer that the fake gives, is held against GitHub's word. */
async function startChecked(options: FakeGithubOptions): Promise<FakeForge> {
  const fake = await startFakeGithub(options);
  onTestFinished(() => {
    const described = fake.requests.filter(({ url }) => url.pathname !== '/api/graphql');
    const violations = described.flatMap((request) => [
      ...ownSlice.violations(request),
      ...enterprise.filter((one) => one.describes(request)).flatMap((one) => one.violations(request)),
    ]);
    expect(violations).toEqual([]);
    for (const { headers } of fake.requests) {
      expect(headers).toMatchObject({
        accept: 'application/vnd.github+json',
        'x-github-api-version': '2022-11-28',
        'user-agent': expect.stringContaining('sluice'),
      });
    }
  });
  return fake;
}

describeForge('github', {
  definition,
  startFake: startChecked,
  words: { change: 'pull request', sigil: '#' },
  credential: (token) => ({ kind: 'basic', username: 'x-access-token', password: token }),
  urls: [
    ['https://forge.example.org/acme/app/pull/12', undefined],
    ['https://forge.example.org/acme/tools/app.git', undefined],
  ],
  statuses: {
    states: { pending: 'pending', running: 'pending', success: 'success', failure: 'failure', error: 'error' },
    right: /repo:status.*"Commit statuses: write"/,
    astral: false,
  },
  reviewing: {
    history: 'all',
    reviewCommit: true,
    reviewTime: true,
    // Collaborators may be readers; GraphQL tells (github-survey.test.ts).
    mayWrite: { stranger: false },
    commented: true,
    dismissed: true,
    bots: true,
    resetOnPush: false,
    apps: true,
    checkStates: {
      pending: 'pending',
      running: 'pending',
      success: 'success',
      failure: 'failure',
      cancelled: 'failure',
      neutral: 'neutral',
      skipped: 'skipped',
    },
    containing: true,
    team: (name) => `acme/${name}`,
    labels: true,
    headSince: true,
    association: true,
  },
});

test('a renamed repository is followed, as long as it stays on the API', async () => {
  const fake = await startChecked({ pageSize: 10 });
  onTestFinished(() => fake.close());
  await fake.state.addRepository('acme/new');
  const { webUrl, token } = fake;
  const forge = await openForge(definition, { alias: 'gh', webUrl, token: new Secret(token) }, { env: {} });
  const location = `${fake.apiUrl}/repos/acme/new`;
  fake.fail({ path: /acme\/old/, fault: { kind: 'answer', status: 301, headers: { location } } });
  expect(await forge.repositories?.find('acme/old')).toMatchObject({ path: 'acme/new' });
});

test('contexts that differ in case are one', async () => {
  const fake = await startChecked({ pageSize: 10 });
  onTestFinished(() => fake.close());
  const { gitDir } = await fake.state.addRepository('acme/app');
  const { webUrl, token } = fake;
  const forge = await openForge(definition, { alias: 'gh', webUrl, token: new Secret(token) }, { env: {} });
  const status = { sha: await resolve(gitDir, 'main'), description: '' };
  await forge.statuses?.set('acme/app', { ...status, state: 'pending', context: 'CI' });
  await forge.statuses?.set('acme/app', { ...status, state: 'success', context: 'ci' });
  expect(fake.state.statuses.of('acme/app', status.sha)).toMatchObject([{ context: 'ci', state: 'success' }]);
});

describe('as a GitHub App', () => {
  const { publicKey, privateKey } = generateKeyPairSync('rsa', { modulusLength: 2048 });
  const pem = privateKey.export({ type: 'pkcs1', format: 'pem' }).toString();

  async function openApp(
    http: HttpSettings = {},
    app: Partial<ForgeApp> = {},
  ): Promise<{ readonly fake: FakeForge; readonly forge: Forge; paths(): readonly string[] }> {
    const installations = { acme: 41, other: 42 };
    const now = http.now ?? Date.now;
    const fake = await startChecked({ pageSize: 10, app: { id: 7, publicKey, installations, now } });
    onTestFinished(() => fake.close());
    fake.state.addAccount('acme', { kind: 'organization' });
    for (const path of ['acme/app', 'acme/lib', 'other/app']) await fake.state.addRepository(path, { private: true });
    const credential = { app: { id: 7, privateKey: new Secret(pem), ...app } };
    const forge = await openForge(
      definition,
      { alias: 'gh', webUrl: fake.webUrl, ...credential },
      { env: {}, ...http },
    );
    const paths = () => fake.requests.map(({ method, url }) => `${method} ${url.pathname.replace('/api/v3', '')}`);
    return { fake, forge, paths };
  }

  test('the token of the repository’s installation is found, and kept for its owner', async () => {
    const { forge, paths } = await openApp();
    expect(await forge.repositories?.find('acme/app')).toMatchObject({ path: 'acme/app' });
    expect(await forge.changes?.listOpen('acme/lib')).toEqual([]);
    expect(paths()).toEqual([
      'GET /repos/acme/app/installation',
      'POST /app/installations/41/access_tokens',
      'GET /repos/acme/app',
      'GET /repos/acme/lib/pulls',
    ]);
  });

  test('every owner has its own token', async () => {
    const { forge } = await openApp();
    const [acme, other] = [await forge.gitCredential('acme/app'), await forge.gitCredential('other/app')];
    expect(acme).toMatchObject({ kind: 'basic', username: 'x-access-token', password: expect.stringMatching(/^ghs_/) });
    expect(other).not.toEqual(acme);
    expect(await forge.gitCredential('acme/lib')).toEqual(acme);
  });

  test('a token is renewed five minutes before it ends', async () => {
    let now = Date.parse('2026-01-02T03:04:05Z');
    const { forge } = await openApp({ now: () => now });
    const first = await forge.gitCredential('acme/app');
    now += 54 * 60_000;
    expect(await forge.gitCredential('acme/app')).toEqual(first);
    now += 2 * 60_000;
    const second = await forge.gitCredential('acme/app');
    expect(second).not.toEqual(first);
    expect(await forge.repositories?.find('acme/app')).toMatchObject({ path: 'acme/app' });
  });

  test('a repository that does not exist yet is created through the organization’s installation', async () => {
    const { forge, paths } = await openApp();
    expect(await forge.repositories?.create('acme/fresh', { private: true })).toMatchObject({ created: true });
    expect(paths().slice(0, 2)).toEqual([
      'GET /repos/acme/fresh/installation',
      'POST /app/installations/41/access_tokens',
    ]);
  });

  test('a configured installation is not looked for', async () => {
    const { forge, paths } = await openApp({}, { installationId: 42 });
    await forge.repositories?.find('other/app');
    expect(paths()).toEqual(['POST /app/installations/42/access_tokens', 'GET /repos/other/app']);
  });

  test('an owner who has not installed it is named', async () => {
    const { forge } = await openApp();
    await expect(forge.repositories?.find('nobody/app')).rejects.toMatchObject({
      code: 'denied',
      message: expect.stringContaining('nobody/app'),
    });
  });

  test('another App’s key is refused by the server, and shown nowhere', async () => {
    const stranger = generateKeyPairSync('rsa', { modulusLength: 2048 }).privateKey;
    const wrong = stranger.export({ type: 'pkcs8', format: 'pem' }).toString();
    const { forge } = await openApp({}, { privateKey: new Secret(wrong) });
    await expect(forge.gitCredential('acme/app')).rejects.toMatchObject({ code: 'denied' });
  });

  test('a key that came through an environment variable may have \\n for its line ends', async () => {
    const { forge } = await openApp({}, { privateKey: new Secret(pem.replaceAll('\n', '\\n')) });
    expect(await forge.gitCredential('acme/app')).toMatchObject({ kind: 'basic' });
  });

  test.each([
    ['no key', 'not a key'],
    ['a key of another kind', ed25519()],
  ])('%s is an error of the configuration that does not repeat it', async (_, privateKey) => {
    const opening = openApp({}, { privateKey: new Secret(privateKey) });
    await expect(opening).rejects.toMatchObject({ code: 'config', message: expect.not.stringContaining(privateKey) });
  });
});

function ed25519(): string {
  return generateKeyPairSync('ed25519').privateKey.export({ type: 'pkcs8', format: 'pem' }).toString();
}
