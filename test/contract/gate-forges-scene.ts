import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { onTestFinished } from 'vitest';
import { gateOutcome } from '../../src/commands/gate-text.ts';
import { openGate, pushOf } from '../../src/core/app/gate.ts';
import { loadConfig } from '../../src/core/config/load.ts';
import type { GateFlags } from '../../src/core/gate/settings.ts';
import type { GateFacts } from '../../src/core/model/gate-facts.ts';
import type { Verdict, VerdictStatus } from '../../src/core/model/verdict.ts';
import type { CommandContext } from '../../src/core/plugins/command.ts';
import type { Conversation } from '../support/fake-forge/conversation.ts';
import type { FakeForge } from '../support/fake-forge/server.ts';
import type { FakeChange, FakeRepository, ForgeState, HeadPush, NewChange } from '../support/fake-forge/state.ts';
import { isolatedGitEnv } from '../support/git-repo.ts';
import { testDir } from '../support/temp-dir.ts';
import type { GateTraits } from './gate-forges-traits.ts';

export interface Asked {
  readonly status: VerdictStatus;
  readonly exit: number;
  readonly verdict: Verdict;
  readonly facts: GateFacts;
  /** What is missing, as a person sees it. */
  readonly text: string;
  /** The whole tree. */
  readonly tree: string;
}

/** A line of CODEOWNERS; owners are logins, teams and addresses. */
export interface OwnedLine {
  readonly pattern: string;
  readonly owners: readonly string[];
}

/** One internal repository on a fake forge, in it a change request of `ann` from the branch `fix`, and the gate over it. */
export interface GateScene {
  readonly fake: FakeForge;
  readonly state: ForgeState;
  /** The repository as the forge writes it, and as the user does: `int:acme/app`. */
  readonly repo: string;
  readonly fork: string;
  /** The change request's number as people see it. */
  readonly sigil: string;
  readonly change: FakeChange;
  readonly conversation: Conversation;
  add(more?: Partial<NewChange>): Promise<FakeChange>;
  /** Who owns what from now on: CODEOWNERS of the base branch, and what the forge makes of it for the change request. */
  own(lines: readonly OwnedLine[]): Promise<void>;
  /** Moves the head; the new commit. */
  push(push?: HeadPush): Promise<string>;
  /** Asks for `fix` at the first head unless told otherwise. */
  ask(flags?: GateFlags): Promise<Asked>;
  /** What the configuration says, for another way of asking. */
  readonly context: CommandContext;
}

export async function openScene(
  { type, start, own, words }: GateTraits,
  repository: Partial<Pick<FakeRepository, 'resetOnPush' | 'private'>> = {},
): Promise<GateScene> {
  const fake = await start({ pageSize: 30 });
  onTestFinished(() => fake.close());
  const { state } = fake;
  const repo = own('app');
  state.addAccount('acme', { kind: 'organization' });
  for (const login of ['ann', 'bob', 'cy', 'eve']) state.addAccount(login);
  // Where nothing but this setting tells of which commit an approval is, it has to be on.
  await state.addRepository(repo, { resetOnPush: true, ...repository });
  for (const login of ['ann', 'bob', 'cy']) state.members.grant(repo, login, 'write');
  const add = (more: Partial<NewChange> = {}) =>
    state.addChange({ repo, branch: 'fix', author: 'ann', title: 'Fix', ...more });
  const change = await add();
  const context = await contextFor(fake, type, [`int:${repo}`]);

  return {
    ...{ fake, state, repo, fork: `int:${repo}`, change, context, add },
    sigil: words.sigil,
    conversation: state.about(repo, change.number),
    async own(lines) {
      const written = lines.map(({ pattern, owners }) => {
        const names = owners.map((owner) => (/.@/.test(owner) ? owner : `@${owner}`));
        return [pattern, ...names].join(' ');
      });
      await state.pushBase(repo, { CODEOWNERS: `${written.join('\n')}\n` });
      const rules = lines.map(({ pattern: name, owners }) => ({ name, owners }));
      state.owners.set(repo, change.number, rules);
    },
    async push(push) {
      return (await state.pushChange(repo, change.number, push)).head.sha;
    },
    async ask(flags = {}) {
      const wanted: GateFlags = { branch: 'fix', sha: change.head.sha, ...flags };
      const gate = await openGate(context, wanted);
      const judged = await gate.ask(await pushOf(context, wanted));
      const quiet = { log: context.log, quiet: false };
      const { exit, text = '' } = gateOutcome('gate', judged, quiet, false);
      const { text: tree = '' } = gateOutcome('gate', judged, quiet, true);
      return { ...judged, status: judged.verdict.status, exit, text, tree };
    },
  };
}

/** As the program makes it, with a configuration file that names the fake as `int`. */
async function contextFor(fake: FakeForge, type: string, repos: readonly string[]): Promise<CommandContext> {
  const dir = await testDir();
  const int = { type, url: fake.webUrl, api: fake.apiUrl, token: { env: 'INT_TOKEN' } };
  await writeFile(join(dir, 'sluice.json'), JSON.stringify({ forges: { int }, gate: { repos, cacheTtl: 0 } }));
  const env = isolatedGitEnv({ HOME: dir, XDG_CACHE_HOME: join(dir, 'cache'), INT_TOKEN: fake.token });
  const silent = () => {};
  return {
    cwd: dir,
    env,
    signal: new AbortController().signal,
    json: false,
    quiet: false,
    configFile: join(dir, 'sluice.json'),
    config: async () => (await loadConfig({ cwd: dir, env, file: join(dir, 'sluice.json') })).config,
    forge: (alias) => Promise.reject(new Error(`the gate opens ${alias} by itself`)),
    log: { debug: silent, info: silent, warn: silent, error: silent },
    progress: silent,
    output: undefined,
    emit: silent,
  };
}
