import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { onTestFinished } from 'vitest';
import type { GateFacts } from '../../src/core/model/gate-facts.ts';
import type { Verdict } from '../../src/core/model/verdict.ts';
import { startFakeGitea } from '../support/fake-forge/gitea.ts';
import { startFakeGithub } from '../support/fake-forge/github.ts';
import type { FakeForge } from '../support/fake-forge/server.ts';
import type { FakeChange, NewChange } from '../support/fake-forge/state.ts';
import { isolatedGitEnv } from '../support/git-repo.ts';
import { document, type Ran, type Started, sluice, startSluice } from '../support/sluice.ts';
import { testDir } from '../support/temp-dir.ts';

export interface Gated extends Ran {
  readonly status: number | null;
  readonly verdict: Verdict;
  readonly facts: GateFacts;
}

/** A fake forge with one internal repository, and a change request of `ann` in it. */
export interface GateScene {
  readonly fake: FakeForge;
  readonly dir: string;
  readonly config: string;
  readonly env: Readonly<Record<string, string>>;
  /** What the pushed commit belongs to. */
  readonly change: FakeChange;
  addChange(more: Partial<NewChange>): Promise<FakeChange>;
  /** `sluice gate` for the change's head and branch, with `--json`. */
  gate(...args: readonly string[]): Promise<Gated>;
  /** The same for a person. */
  say(...args: readonly string[]): Promise<Ran>;
  start(...args: readonly string[]): Started;
}

export const repo = 'acme/app';

const starts = {
  github: () => startFakeGithub({ pageSize: 30 }),
  gitea: () => startFakeGitea({ pageSize: 30 }),
};

export async function gateScene(
  type: keyof typeof starts = 'github',
  settings: Readonly<Record<string, unknown>> = {},
): Promise<GateScene> {
  const fake = await starts[type]();
  onTestFinished(() => fake.close());
  const dir = await testDir();
  fake.state.addAccount('acme', { kind: 'organization' });
  for (const login of ['ann', 'bob', 'cy']) fake.state.addAccount(login);
  await fake.state.addRepository(repo);
  for (const login of ['ann', 'bob', 'cy']) fake.state.members.grant(repo, login, 'write');
  const addChange = (more: Partial<NewChange>) =>
    fake.state.addChange({ repo, branch: 'fix', author: 'ann', title: 'Fix', ...more });
  const change = await addChange({});
  const config = join(dir, 'sluice.json');
  const int = { type, url: fake.webUrl, api: fake.apiUrl, token: { env: 'INT_TOKEN' } };
  const { plugins, ...gate } = settings;
  await writeFile(
    config,
    JSON.stringify({ plugins, forges: { int }, gate: { repos: [`int:${repo}`], cacheTtl: 0, ...gate } }),
  );
  const env = {
    ...(isolatedGitEnv() as Record<string, string>),
    INT_TOKEN: fake.token,
    XDG_CACHE_HOME: join(dir, 'cache'),
  };
  const words = (args: readonly string[]) => {
    const pushed = args.includes('--sha') ? [] : ['--sha', change.head.sha];
    return ['gate', '-c', config, '--branch', change.head.branch, ...pushed, ...args];
  };
  return {
    fake,
    dir,
    config,
    env,
    change,
    addChange,
    async gate(...args) {
      const ran = await sluice([...words(args), '--json'], { cwd: dir, env });
      const { verdict, facts } = document(ran) as unknown as Pick<Gated, 'verdict' | 'facts'>;
      return { ...ran, verdict, facts };
    },
    say: (...args) => sluice(words(args), { cwd: dir, env }),
    start: (...args) => startSluice(words(args), { cwd: dir, env }),
  };
}

/** What people see of the change request's own reviews. */
export function reviewsOf({ fake, change }: GateScene) {
  return fake.state.about(repo, change.number);
}
