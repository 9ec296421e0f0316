import { existsSync } from 'node:fs';
import { mkdir, symlink, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { describe, expect, onTestFinished, test } from 'vitest';
import type { Forge, GitCredential } from '../../src/core/forges/forge.ts';
import { builtInForges, openForge } from '../../src/core/forges/registry.ts';
import { Secret } from '../../src/core/secret.ts';
import { startFakeBitbucket } from '../support/fake-forge/bitbucket.ts';
import { startFakeBitbucketDatacenter } from '../support/fake-forge/bitbucket-datacenter.ts';
import { startFakeGitea } from '../support/fake-forge/gitea.ts';
import { startFakeGithub } from '../support/fake-forge/github.ts';
import { startFakeGitlab } from '../support/fake-forge/gitlab.ts';
import type { FakeForge } from '../support/fake-forge/server.ts';
import { type GitHttpServer, startGitHttpServer } from '../support/git-http-server.ts';
import { refs } from '../support/git-repo.ts';
import { document, sluice } from '../support/sluice.ts';
import { testDir } from '../support/temp-dir.ts';

type RefRow = { target: string; status: string; reason?: string };

const starts: Record<string, () => Promise<FakeForge>> = {
  github: () => startFakeGithub({ pageSize: 2 }),
  gitlab: () => startFakeGitlab({ pageSize: 2 }),
  gitea: () => startFakeGitea({ pageSize: 2 }),
  bitbucket: () => startFakeBitbucket({ pageSize: 2 }),
  'bitbucket-datacenter': () => startFakeBitbucketDatacenter({ pageSize: 2 }),
};

/** The forge's API is the fake, its git is a real server on the fake's repositories; both want the same token. */
interface Site {
  readonly fake: FakeForge;
  readonly server: GitHttpServer;
  readonly app: string;
  readonly fork: string;
  mirror(
    args: readonly string[],
  ): Promise<{ status: number | null; rows: readonly RefRow[]; stdout: string; stderr: string }>;
}

async function openSite(type: string): Promise<Site> {
  const fake = await starts[type]?.();
  const definition = builtInForges.find((one) => one.type === type);
  if (fake === undefined || definition === undefined) throw new Error(type);
  onTestFinished(() => fake.close());
  const dir = await testDir();
  const root = join(dir, 'git');
  await mkdir(root);
  const server = await startGitHttpServer(root);
  onTestFinished(() => server.close());
  const token = new Secret(fake.token);
  const forge = await openForge(definition, { alias: 'it', webUrl: server.origin, apiUrl: fake.apiUrl, token });
  server.options.auth = authOf(await forge.gitCredential('acme/app'));
  server.options.fault = async () => {
    await linkRepositories(fake, forge, root);
    return undefined;
  };

  const [app, fork] = type === 'bitbucket-datacenter' ? ['ACME/app', '~stranger/app'] : ['acme/app', 'stranger/app'];
  fake.state.addAccount('acme', { kind: 'organization' });
  fake.state.addAccount('stranger');
  await fake.state.addRepository(app);
  await fake.state.addRepository(fork, { parent: app });
  const config = join(dir, 'sluice.json');
  const it = { type, url: server.origin, api: fake.apiUrl, token: { env: 'IT_TOKEN' } };
  await writeFile(config, JSON.stringify({ forges: { it } }));
  return {
    fake,
    server,
    app,
    fork,
    async mirror(args) {
      const ran = await sluice(['mirror', '-c', config, '--json', ...args], { env: { IT_TOKEN: fake.token } });
      return { ...ran, rows: (document(ran).refs ?? []) as RefRow[] };
    },
  };
}

function authOf(credential: GitCredential | undefined) {
  if (credential?.kind === 'bearer') return { tokens: [credential.token] };
  if (credential?.kind === 'basic') return { users: { [credential.username]: credential.password } };
  throw new Error('the forge has no credential for git');
}

/** Puts each of the fake's repositories where the forge's clone URL looks for it. */
async function linkRepositories(fake: FakeForge, forge: Forge, root: string): Promise<void> {
  for (const { path, gitDir } of fake.state.repositories.values()) {
    const link = join(root, decodeURIComponent(new URL(forge.cloneUrl(path)).pathname));
    await mkdir(dirname(link), { recursive: true });
    if (!existsSync(link)) await symlink(gitDir, link).catch(() => {});
  }
}

describe.each(Object.keys(starts))('mirror --prs on %s', (type) => {
  test('mirrors every open change request from forks, over all pages, and prunes what was closed', async () => {
    const { fake, app, fork, mirror } = await openSite(type);
    const made = [];
    for (const branch of ['a', 'b', 'c', 'd', 'e'])
      made.push(await fake.state.addChange({ repo: app, from: fork, branch }));
    await fake.state.addChange({ repo: app, branch: 'internal' });
    const first = await mirror([`it:${app}`, '--prs']);
    expect(first.stderr).toBe('');
    expect(first).toMatchObject({ status: 0 });
    expect(first.rows.map(({ target, status }) => `${status} ${target}`)).toEqual(
      [1, 2, 3, 4, 5].map((number) => `created refs/heads/pr/${number}`),
    );
    const gitDir = fake.state.repositories.get(app)?.gitDir ?? '';
    for (const { number, head } of made) expect((await refs(gitDir)).get(`refs/heads/pr/${number}`)).toBe(head.sha);

    fake.state.setChangeState(app, 2, 'closed');
    fake.state.setChangeState(app, 3, 'merged');
    const second = await mirror([`it:${app}`, '--prs', '--prune']);
    expect(second).toMatchObject({ status: 0 });
    expect(second.rows.map(({ target, status }) => `${status} ${target}`).sort()).toEqual([
      'deleted refs/heads/pr/2',
      'deleted refs/heads/pr/3',
      'unchanged refs/heads/pr/1',
      'unchanged refs/heads/pr/4',
      'unchanged refs/heads/pr/5',
    ]);
    expect([...(await refs(gitDir)).keys()].filter((name) => name.startsWith('refs/heads/')).sort()).toEqual(
      ['refs/heads/internal', 'refs/heads/main', 'refs/heads/pr/1', 'refs/heads/pr/4', 'refs/heads/pr/5'].sort(),
    );
  });

  test('internal ones only when asked, and names from the head', async () => {
    const { fake, app, fork, mirror } = await openSite(type);
    await fake.state.addChange({ repo: app, branch: 'own' });
    await fake.state.addChange({ repo: app, from: fork, branch: 'theirs' });
    const some = await mirror([`it:${app}`, '--prs', '--dry-run']);
    expect(some.rows).toHaveLength(1);
    const all = await mirror([
      `it:${app}`,
      '--prs',
      '--include-internal',
      '--as',
      'in/{head.owner}/{head.ref}-{number}',
    ]);
    expect(all).toMatchObject({ status: 0 });
    // git forbids the ~ of Bitbucket Data Center's personal repositories.
    const owner = (path: string) => path.split('/')[0]?.replace('~', '');
    expect(all.rows.map(({ target }) => target).sort()).toEqual(
      [`refs/heads/in/${owner(app)}/own-1`, `refs/heads/in/${owner(fork)}/theirs-2`].sort(),
    );
  });

  test('a listing that fails deletes nothing', async () => {
    const { fake, app, fork, mirror } = await openSite(type);
    await fake.state.addChange({ repo: app, from: fork, branch: 'a' });
    await mirror([`it:${app}`, '--prs']);
    const before = await refs(fake.state.repositories.get(app)?.gitDir ?? '');
    fake.fail({ fault: { kind: 'answer', status: 403, body: { message: 'no' } } });
    const ran = await mirror([`it:${app}`, '--prs', '--prune', '--retries', '0']);
    expect(ran.status).toBe(77);
    expect(await refs(fake.state.repositories.get(app)?.gitDir ?? '')).toEqual(before);
  });

  test('--create makes a private repository and fills it', async () => {
    const { fake, app, mirror } = await openSite(type);
    const copy = app.replace('app', 'copy');
    const dry = await mirror([`it:${app}`, `it:${copy}`, '--create', '--dry-run']);
    expect(dry).toMatchObject({ status: 0 });
    expect(fake.state.repositories.has(copy)).toBe(false);
    const ran = await mirror([`it:${app}`, `it:${copy}`, '--create']);
    expect(ran.stderr).toBe('');
    expect(ran.rows).toMatchObject([{ target: 'refs/heads/main', status: 'created' }]);
    expect(fake.state.repositories.get(copy)).toMatchObject({ private: true });
    expect(await mirror([`it:${app}`, `it:${copy}`, '--create'])).toMatchObject({
      status: 0,
      rows: [{ status: 'unchanged' }],
    });
  });

  test('a deleted fork is reported and its mirror is left alone', async () => {
    const { fake, app, fork, mirror } = await openSite(type);
    await fake.state.addChange({ repo: app, from: fork, branch: 'a' });
    await mirror([`it:${app}`, '--prs']);
    await fake.state.deleteRepository(fork);
    const ran = await mirror([`it:${app}`, '--prs', '--prune']);
    // Where the base repository keeps the head, nothing changed; Bitbucket Cloud keeps it in the fork, which is gone.
    const kept = type !== 'bitbucket';
    expect(ran.rows).toMatchObject([{ target: 'refs/heads/pr/1', status: kept ? 'unchanged' : 'refused' }]);
    expect(ran.status).toBe(kept ? 0 : 1);
    expect((await refs(fake.state.repositories.get(app)?.gitDir ?? '')).has('refs/heads/pr/1')).toBe(true);
  });
});
