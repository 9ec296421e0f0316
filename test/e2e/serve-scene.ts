import { existsSync } from 'node:fs';
import { chmod, mkdir, symlink, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { createInterface } from 'node:readline';
import { onTestFinished, vi } from 'vitest';
import type { RunView } from '../../src/core/serve/read-model.ts';
import type { Scenario, ScenarioChange } from '../support/deliveries/scenario.ts';
import { deliveryOf } from '../support/deliveries/sign.ts';
import { startFakeGithub } from '../support/fake-forge/github.ts';
import type { FakeForge } from '../support/fake-forge/server.ts';
import type { FakeChange } from '../support/fake-forge/state.ts';
import { startGitHttpServer } from '../support/git-http-server.ts';
import { refs } from '../support/git-repo.ts';
import { document, type Ran, type Started, sluice, startSluice } from '../support/sluice.ts';
import { testDir } from '../support/temp-dir.ts';

export const secret = 'a secret of the webhook';

export interface Sent {
  readonly status: number;
  readonly body: Readonly<Record<string, unknown>>;
}

/** A running `sluice serve`. */
export interface Server extends Started {
  readonly url: string;
  /** Everything that `--json` has printed of runs. */
  readonly runs: readonly RunView[];
  /** Waits for a run that has come this far. */
  until(wanted: (run: RunView) => boolean): Promise<RunView>;
  send(scenario: Scenario, how?: { readonly guid?: string; readonly of?: 'app' | 'mirror' }): Promise<Sent>;
  kill(): Promise<void>;
  /** SIGTERM, and its end. */
  stop(): Promise<Ran>;
}

/** A GitHub with acme/app, its fork stranger/app and mirrors/app, and a configuration that serves acme/app. */
export interface ServeScene {
  readonly root: string;
  readonly fake: FakeForge;
  readonly dataDir: string;
  readonly env: Readonly<Record<string, string>>;
  hook(name: string, script: string): Promise<void>;
  start(args?: readonly string[]): Promise<Server>;
  /** Branches of a repository at the fake. */
  branches(path: string): Promise<Readonly<Record<string, string>>>;
  statuses(sha: string, path?: string): Promise<Readonly<Record<string, string>>>;
  /** Another command of the same configuration, with `--json`. */
  command(...args: readonly string[]): Promise<Record<string, unknown>>;
}

export async function openServeScene(
  repository: object = {},
  serve: object = {},
  variables: (root: string) => Promise<object> = async () => ({}),
): Promise<ServeScene> {
  const fake = await startFakeGithub({ pageSize: 5 });
  onTestFinished(() => fake.close());
  const root = await testDir();
  const gitRoot = join(root, 'git');
  await mkdir(gitRoot);
  const git = await startGitHttpServer(gitRoot);
  onTestFinished(() => git.close());
  fake.state.addAccount('acme', { kind: 'organization' });
  fake.state.addAccount('stranger');
  await fake.state.addRepository('acme/app');
  await fake.state.addRepository('stranger/app', { parent: 'acme/app' });
  await fake.state.addRepository('mirrors/app', { seed: false });
  git.options.fault = async () => {
    for (const { path, gitDir } of fake.state.repositories.values()) {
      const link = join(gitRoot, `${path}.git`);
      await mkdir(dirname(link), { recursive: true });
      if (!existsSync(link)) await symlink(gitDir, link).catch(() => {});
    }
    return undefined;
  };
  const dataDir = join(root, 'data');
  const hooksDir = join(root, 'hooks');
  const env = {
    HOME: join(root, 'home'),
    TMPDIR: join(root, 'tmp'),
    XDG_CACHE_HOME: join(root, 'cache'),
    HOOK_SECRET: secret,
    GH_TOKEN_OF_TEST: fake.token,
    CI: '1',
    ...(await variables(root)),
  };
  for (const dir of [env.HOME, env.TMPDIR, env.XDG_CACHE_HOME, hooksDir]) await mkdir(dir);
  const config = join(root, 'sluice.json');
  const gh = { type: 'github', url: git.origin, api: fake.apiUrl, token: { env: 'GH_TOKEN_OF_TEST' } };
  const webhook = { secrets: [{ env: 'HOOK_SECRET' }] };
  await writeFile(
    config,
    JSON.stringify({
      forges: { gh },
      repositories: [
        { repo: 'gh:acme/app', name: 'app', webhook, ...repository },
        { repo: 'gh:mirrors/app', name: 'mirror', webhook },
      ],
      serve: { listen: '127.0.0.1:0', baseUrl: 'http://ci.example.org', dataDir, hooksDir, ...serve },
    }),
  );
  const options = { cwd: root, env };
  return {
    root,
    fake,
    dataDir,
    env,
    async hook(name, script) {
      await writeFile(join(hooksDir, name), script);
      await chmod(join(hooksDir, name), 0o755);
    },
    start: async (args = []) =>
      await begin(startSluice(['serve', '-c', config, '--json', ...args], options), git.origin),
    async branches(path) {
      const gitDir = fake.state.repositories.get(path)?.gitDir ?? '';
      const heads = [...(await refs(gitDir))].filter(([name]) => name.startsWith('refs/heads/'));
      return Object.fromEntries(heads.map(([name, oid]) => [name.slice('refs/heads/'.length), oid]));
    },
    async statuses(sha, path = 'acme/app') {
      const all = fake.state.statuses.of(path, sha);
      return Object.fromEntries(
        [...all].map(({ context, state, description }) => [context, `${state}: ${description}`]),
      );
    },
    async command(...args) {
      return document(await sluice([...args, '-c', config, '--json'], options));
    },
  };
}

async function begin(started: Started, webUrl: string): Promise<Server> {
  const { child, ended } = started;
  onTestFinished(async () => {
    child.kill('SIGKILL');
    await ended;
  });
  const runs: RunView[] = [];
  const listening = Promise.withResolvers<string>();
  if (child.stdout !== null) {
    createInterface(child.stdout).on('line', (line) => {
      const event = JSON.parse(line) as { type?: string; address?: string; run?: RunView };
      if (event.type === 'listening') listening.resolve(event.address ?? '');
      if (event.run !== undefined) runs.push(event.run);
    });
  }
  const failed = ended.then(({ stderr, status }) => {
    throw new Error(`sluice serve ended with ${status}: ${stderr}`);
  });
  failed.catch(() => {});
  const url = await Promise.race([listening.promise, failed]);
  return {
    ...started,
    url,
    runs,
    async until(wanted) {
      return await vi.waitFor(
        () => {
          const run = runs.find(wanted);
          if (run === undefined)
            throw new Error(
              `no such run among ${JSON.stringify(runs.map(({ name, state, detail }) => [name, state, detail]))}`,
            );
          return run;
        },
        { timeout: 30_000, interval: 20 },
      );
    },
    async send(scenario, { guid, of = 'app' } = {}) {
      const repo = of === 'app' ? 'acme/app' : 'mirrors/app';
      const place = { repo, webUrl, actor: 'stranger' };
      const { headers, body } = deliveryOf('github', scenario, {
        place,
        secret,
        ...(guid === undefined ? {} : { guid }),
      });
      const answer = await fetch(`${url}/hooks/${of}`, { method: 'POST', headers, body: new Uint8Array(body) });
      return { status: answer.status, body: (await answer.json()) as Sent['body'] };
    },
    async kill() {
      child.kill('SIGKILL');
      await ended;
    },
    async stop() {
      child.kill('SIGTERM');
      return await ended;
    },
  };
}

/** A change of the fake as a payload names it. */
export function scenarioChange({ number, title, author, head, base }: FakeChange): ScenarioChange {
  return {
    number,
    title,
    author,
    headRepo: head.repo,
    headBranch: head.branch,
    headSha: head.sha,
    baseBranch: base.branch,
    baseSha: base.sha,
  };
}

export function changed(action: 'opened' | 'updated' | 'reopened' | 'closed', change: FakeChange): Scenario {
  return { kind: 'change', action, change: scenarioChange(change) };
}

/** Statuses are sent from an outbox: what is expected comes in a moment. */
export async function eventually(check: () => Promise<void>): Promise<void> {
  await vi.waitFor(check, { timeout: 20_000, interval: 50 });
}
