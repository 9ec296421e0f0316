import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { onTestFinished } from 'vitest';
import { startFakeGithub } from '../support/fake-forge/github.ts';
import type { FakeForge } from '../support/fake-forge/server.ts';
import type { FakeChange } from '../support/fake-forge/state.ts';
import { type GitResult, git, isolatedGitEnv, makeBareRepo, refs, runGit } from '../support/git-repo.ts';
import { type Ran, type Started, sluice, startSluice } from '../support/sluice.ts';
import { testDir } from '../support/temp-dir.ts';

export const internal = 'security/app';

/** An internal fork on a fake forge, an empty upstream, and a clone with the commits of the fork's change requests. */
export interface GateSite {
  readonly root: string;
  readonly fake: FakeForge;
  /** Bare, served by nobody yet. */
  readonly upstream: string;
  readonly clone: string;
  /** For `--config`. */
  readonly config: string;
  readonly env: Readonly<Record<string, string>>;
  /** Opens a change request in the fork and brings its head into the clone, as a branch of the same name. */
  propose(branch: string): Promise<FakeChange>;
  /** Everything that the policy asks for: an approval of the present head, and a green check. */
  approve(change: FakeChange): void;
  /** Writes the configuration anew with these settings of the gate. */
  configure(gate: Readonly<Record<string, unknown>>): Promise<void>;
  sluice(args: readonly string[], cwd?: string): Promise<Ran>;
  start(args: readonly string[]): Started;
  /** The user's own git in the clone. */
  git(args: readonly string[], env?: Readonly<Record<string, string>>): Promise<GitResult>;
  /** Ref → commit of the upstream repository. */
  landed(): Promise<Readonly<Record<string, string>>>;
}

/** `dir`: name of the directory that everything is in, for hostile ones. */
export async function openGateSite(dir = 'site'): Promise<GateSite> {
  const root = join(await testDir(), dir);
  await mkdir(root);
  const fake = await startFakeGithub({ pageSize: 100 });
  onTestFinished(() => fake.close());
  fake.state.addAccount('security', { kind: 'organization' });
  for (const login of ['ada', 'bob']) fake.state.addAccount(login);
  const { gitDir } = await fake.state.addRepository(internal);
  for (const login of ['ada', 'bob']) fake.state.members.grant(internal, login, 'write');
  const upstream = await makeBareRepo(join(root, 'upstream.git'));
  const clone = join(root, 'clone');
  await git(['clone', '-q', '--', gitDir, clone]);
  await git(['-C', clone, 'remote', 'add', 'upstream', upstream]);
  const env = { HOME: join(root, 'home'), XDG_CACHE_HOME: join(root, 'cache') };
  await mkdir(env.HOME);
  await mkdir(env.XDG_CACHE_HOME);
  const token = join(root, 'token');
  await writeFile(token, fake.token, { mode: 0o600 });
  const config = join(root, 'sluice.json');
  const forges = { int: { type: 'github', url: fake.webUrl, api: fake.apiUrl, token: { file: token } } };

  const site: GateSite = {
    root,
    fake,
    upstream,
    clone,
    config,
    env,
    async propose(branch) {
      const change = await fake.state.addChange({ repo: internal, branch, author: 'bob' });
      await git(['-C', clone, 'fetch', '-q', gitDir, `+refs/heads/${branch}:refs/heads/${branch}`]);
      return change;
    },
    approve({ number, head }) {
      fake.state.about(internal, number).review('ada', 'approved');
      fake.state.checks.add(internal, head.sha, { name: 'ci', state: 'success', app: 'actions' });
    },
    configure: (gate) =>
      writeFile(config, JSON.stringify({ forges, gate: { repos: [`int:${internal}`], cacheTtl: 0, ...gate } })),
    sluice: (args, cwd = clone) => sluice(args, { cwd, env }),
    start: (args) => startSluice(args, { cwd: clone, env }),
    git: (args, more = {}) => runGit(args, { cwd: clone, env: isolatedGitEnv({ ...env, ...more }) }),
    landed: async () => Object.fromEntries(await refs(upstream)),
  };
  await site.configure({ requiredChecks: ['ci@actions'] });
  return site;
}
