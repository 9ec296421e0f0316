import { chmod, mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { onTestFinished, vi } from 'vitest';
import type { ForgeType } from '../../src/core/forges/forge.ts';
import type { Delivery, Scenario } from '../support/deliveries/scenario.ts';
import { deliveryOf } from '../support/deliveries/sign.ts';
import { startFakeBitbucket } from '../support/fake-forge/bitbucket.ts';
import { startFakeBitbucketDatacenter } from '../support/fake-forge/bitbucket-datacenter.ts';
import { startGitSide } from '../support/fake-forge/git-side.ts';
import { startFakeGitea } from '../support/fake-forge/gitea.ts';
import { startFakeGithub } from '../support/fake-forge/github.ts';
import { startFakeGitlab } from '../support/fake-forge/gitlab.ts';
import type { FakeForge } from '../support/fake-forge/server.ts';
import type { GitHttpServer } from '../support/git-http-server.ts';
import { document, type Ran, sluice } from '../support/sluice.ts';
import { testDir } from '../support/temp-dir.ts';
import { type ServeProcess, startServe } from './serve-process.ts';

const starts = {
  github: () => startFakeGithub({ pageSize: 5 }),
  gitlab: () => startFakeGitlab({ pageSize: 5 }),
  gitea: () => startFakeGitea({ pageSize: 5 }),
  bitbucket: () => startFakeBitbucket({ pageSize: 5 }),
  'bitbucket-datacenter': () => startFakeBitbucketDatacenter({ pageSize: 5 }),
} as const;

export const forgeTypes = Object.keys(starts) as readonly ForgeType[];

/** One forge of a site with its `acme/app`; the forge's type is alias and name of the source too. */
export interface SiteForge {
  readonly type: ForgeType;
  readonly fake: FakeForge;
  /** Web address, where git is too. */
  readonly webUrl: string;
  readonly git: GitHttpServer;
  /** As the forge spells it. */
  readonly repo: string;
  delivery(scenario: Scenario, how?: { readonly guid?: string; readonly secret?: string }): Delivery;
}

/** Forges, a home for sluice, and a configuration that serves `acme/app` of each. */
export interface ServeSite {
  readonly root: string;
  readonly dataDir: string;
  readonly env: Record<string, string>;
  forge(type: ForgeType): SiteForge;
  hook(name: string, script: string): Promise<void>;
  /** Writes the configuration anew: keys of `serve`, and keys that every entry of `repositories` has. */
  configure(serve: object, repository?: object): Promise<void>;
  start(args?: readonly string[]): Promise<ServeProcess>;
  /** To its end: `serve` that does not start, and other commands of the same configuration. */
  run(...args: readonly string[]): Promise<Ran>;
  /** The same with `--json`. */
  ask(...args: readonly string[]): Promise<Record<string, unknown>>;
}

/** In `HOOK_SECRET` of the site's environment. */
export const secret = 'a secret of the webhook';

export async function openServeSite(types: readonly ForgeType[] = ['github']): Promise<ServeSite> {
  const root = await testDir();
  const forges = await Promise.all(types.map((type) => openForge(type, join(root, `git-${type}`))));
  const dataDir = join(root, 'data');
  const hooksDir = join(root, 'hooks');
  const config = join(root, 'sluice.json');
  const env: Record<string, string> = {
    HOME: join(root, 'home'),
    TMPDIR: join(root, 'tmp'),
    XDG_CACHE_HOME: join(root, 'cache'),
    HOOK_SECRET: secret,
    CI: '1',
  };
  for (const { type, fake } of forges) env[tokenVariable(type)] = fake.token;
  for (const dir of [env.HOME, env.TMPDIR, env.XDG_CACHE_HOME, hooksDir]) if (dir !== undefined) await mkdir(dir);
  const run = (...args: readonly string[]) => sluice([...args, '-c', config], { cwd: root, env });

  async function configure(serve: object, repository: object = {}): Promise<void> {
    const webhook = { secrets: [{ env: 'HOOK_SECRET' }] };
    const text = JSON.stringify({
      forges: Object.fromEntries(
        forges.map(({ type, webUrl, fake }) => [
          type,
          { type, url: webUrl, api: fake.apiUrl, token: { env: tokenVariable(type) } },
        ]),
      ),
      repositories: forges.map(({ type, repo }) => ({ repo: `${type}:${repo}`, name: type, webhook, ...repository })),
      serve: { listen: '127.0.0.1:0', dataDir, hooksDir, reconcile: 0, ...serve },
    });
    await writeFile(config, text);
  }

  await configure({});
  return {
    root,
    dataDir,
    env,
    forge(type) {
      const found = forges.find((one) => one.type === type);
      if (found === undefined) throw new Error(`there is no ${type} in this site`);
      return found;
    },
    async hook(name, script) {
      await writeFile(join(hooksDir, name), script);
      await chmod(join(hooksDir, name), 0o755);
    },
    configure,
    start: (args = []) => startServe(['-c', config, ...args], { cwd: root, env }),
    run,
    ask: async (...args) => document(await run(...args, '--json')),
  };
}

async function openForge(type: ForgeType, gitRoot: string): Promise<SiteForge> {
  const fake = await starts[type]();
  onTestFinished(() => fake.close());
  const owner = type === 'bitbucket-datacenter' ? 'ACME' : 'acme';
  const repo = `${owner}/app`;
  fake.state.addAccount(owner, { kind: 'organization' });
  fake.state.addAccount('stranger');
  // Bitbucket Cloud does not say which commit an approval was for; only this setting makes it one of the head.
  await fake.state.addRepository(repo, { resetOnPush: type === 'bitbucket' });
  await fake.state.addRepository('stranger/app', { parent: repo });
  await fake.state.addRepository('mirrors/app', { seed: false });
  await mkdir(gitRoot);
  const git = await startGitSide(type, fake, gitRoot);
  onTestFinished(() => git.close());
  const place = { repo, webUrl: git.origin, actor: 'stranger' };
  return {
    type,
    fake,
    git,
    webUrl: git.origin,
    repo,
    delivery: (scenario, { guid, secret: used = secret } = {}) =>
      deliveryOf(type, scenario, { place, secret: used, ...(guid === undefined ? {} : { guid }) }),
  };
}

function tokenVariable(type: ForgeType): string {
  return `TOKEN_OF_${type.replaceAll('-', '_').toUpperCase()}`;
}

/** What happens behind the answer is seen in a moment. */
export async function eventually(check: () => Promise<void> | void): Promise<void> {
  await vi.waitFor(check, { timeout: 40_000, interval: 50 });
}
