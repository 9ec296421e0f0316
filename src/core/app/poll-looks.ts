import { tmpdir } from 'node:os';
import type { PollConfig } from '../config/config.ts';
import { pollDefaults } from '../config/defaults.ts';
import { type InProcess, openInProcess } from '../git/in-process.ts';
import type { GitContext } from '../git/remote.ts';
import type { CommandContext } from '../plugins/command.ts';
import type { LookPorts } from '../poll/look.ts';
import type { ListRefsIfChanged } from '../poll/ports.ts';
import type { WatchedRepository } from '../poll/repository.ts';
import type { PollFlags } from '../poll/settings.ts';
import { version } from '../version.ts';
import { listThroughGit, secretVariables } from './git.ts';
import { listChangeHeads } from './poll-changes.ts';
import { polledRepositories } from './poll-repositories.ts';

/** The longest that one remote or forge may take to answer. */
export const requestLimitMs = 120_000;

/** What it takes to look at the chosen repositories, and writes nothing. */
export interface OpenLooks {
  readonly repositories: readonly WatchedRepository[];
  readonly settingsOf: (key: string) => PollConfig;
  readonly ports: Pick<LookPorts, 'list' | 'listChangeHeads'>;
  readonly git: GitContext;
  close(): void;
}

/** Fills the ports of a look with git, the wire and the forges. Throws for whatever can be known to be impossible before the first look. */
export async function openLooks(
  context: CommandContext,
  repos: readonly string[],
  flags: PollFlags,
): Promise<OpenLooks> {
  const config = await context.config();
  const git: GitContext = {
    env: context.env,
    withheld: secretVariables(config, context.env),
    tempRoot: tmpdir(),
  };
  const watched = await polledRepositories(context, config, repos, flags, git);
  const debug = (message: string) => context.log.debug(message);
  const inProcess = openInProcess({ context: git, userAgent: `git/sluice-${version}`, debug });
  const list = listIfChanged(git, inProcess);
  // git is asked for its settings while the state is being opened; what goes wrong here goes wrong again at the look, and is told then.
  for (const { repository } of watched.slice(0, 1)) void inProcess.session(repository.endpoint).catch(() => undefined);
  const byKey = new Map(watched.map((one) => [one.repository.key, one]));
  return {
    repositories: watched.map(({ repository }) => repository),
    settingsOf: (key) => byKey.get(key)?.settings ?? pollDefaults,
    ports: {
      list,
      listChangeHeads: listChangeHeads({
        rulesOf: (key) => byKey.get(key)?.rules ?? { policies: [] },
        listBranch: async (endpoint, ref, signal) =>
          (await list(endpoint, [ref], { signal, unlessDigest: undefined })).refs ?? [],
        warn: (message) => context.log.warn(message),
        random: Math.random,
      }),
    },
    git,
    close: () => inProcess.close(),
  };
}

function listIfChanged(git: GitContext, inProcess: InProcess): ListRefsIfChanged {
  return async (endpoint, prefixes, call) => {
    const answer = await inProcess.listIfChanged(endpoint, prefixes, call);
    if (answer !== undefined) return answer;
    const { refs } = await listThroughGit({ ...git, signal: call.signal }, inProcess, endpoint, prefixes);
    return { refs, digest: undefined };
  };
}
