import { createHash } from 'node:crypto';
import { rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { pollDefaults } from '../config/defaults.ts';
import { type InProcess, openInProcess } from '../git/in-process.ts';
import type { GitContext } from '../git/remote.ts';
import { takeLock } from '../lock.ts';
import type { Oid } from '../model/ref.ts';
import { killOrphan } from '../pipeline/process-group.ts';
import { removeTree } from '../pipeline/remove-tree.ts';
import type { CommandContext } from '../plugins/command.ts';
import type { OnPollEvent } from '../poll/events.ts';
import type { ListRefsIfChanged, RunPipeline } from '../poll/ports.ts';
import type { Run } from '../poll/run.ts';
import type { PollFlags } from '../poll/settings.ts';
import type { StateDatabase } from '../poll/state/access.ts';
import { openState } from '../poll/state/database.ts';
import { history } from '../poll/state/history.ts';
import type { WatchOptions, WatchPorts } from '../poll/watch.ts';
import { version } from '../version.ts';
import { cacheDirectory, listThroughGit, secretVariables } from './git.ts';
import { openPipeline, toGroupIdentity } from './pipeline.ts';
import { listChangeHeads } from './poll-changes.ts';
import { polledRepositories } from './poll-repositories.ts';
import { stateDirectory, stateFile } from './poll-state.ts';
import { openResults } from './results.ts';

/** What watching needs, opened; disposing closes it in reverse order. */
export interface OpenPoll extends AsyncDisposable {
  readonly options: WatchOptions;
  readonly ports: WatchPorts;
}

const requestLimitMs = 120_000;
const graceMs = 10_000;

/** Opens the state (one watcher at a time) and fills the ports of `watch` with git, the wire, the forges and the pipeline. */
export async function openPoll(
  context: CommandContext,
  repos: readonly string[],
  flags: PollFlags,
  onEvent: OnPollEvent,
): Promise<OpenPoll> {
  const config = await context.config();
  const git: GitContext = {
    env: context.env,
    withheld: secretVariables(config, context.env),
    tempRoot: tmpdir(),
  };
  const watched = await polledRepositories(context, config, repos, flags, git);
  const stateDir = await stateDirectory(context, flags.stateDir);
  const cacheDir = cacheDirectory(context, config.mirror.cacheDir);
  const workDir = join(cacheDir, 'runs', createHash('sha256').update(stateDir).digest('hex').slice(0, 16));
  const db = await openState(stateFile(stateDir), takeLock);
  const debug = (message: string) => context.log.debug(message);
  const inProcess = openInProcess({ context: git, userAgent: `git/sluice-${version}`, debug });
  const byKey = new Map(watched.map((one) => [one.repository.key, one]));
  const settingsOf = (key: string) => byKey.get(key)?.settings ?? pollDefaults;
  return {
    options: {
      repositories: watched.map(({ repository }) => repository),
      once: flags.once === true,
      concurrency: flags.concurrency ?? Math.max(1, ...watched.map(({ repository }) => repository.concurrency)),
      supersedeRunning: false,
      graceMs,
      requestLimitMs,
      signal: context.signal,
    },
    ports: {
      db,
      onEvent,
      list: listIfChanged(git, inProcess),
      listChangeHeads: listChangeHeads((key) => byKey.get(key)?.policies ?? []),
      run: afterSweep(
        workDir,
        openPipeline({
          git,
          cache: { cacheDir, waitMs: 600_000 },
          workDir,
          logDir: join(stateDir, 'logs'),
          settingsOf,
          wasTested: (run, commit) => wasTested(db, run, commit),
          onOutput: context.output,
          warn: (message) => context.log.warn(message),
        }),
      ),
      killOrphan: async (group) => void (await killOrphan(toGroupIdentity(group))),
      removeLog: (path) => rm(path, { force: true }),
      send: openResults(git),
      world: {
        now: Date.now,
        random: Math.random,
        wait: (ms, signal) => sleep(ms, undefined, { signal }).catch(() => {}),
      },
    },
    async [Symbol.asyncDispose]() {
      inProcess.close();
      await removeTree(workDir);
      await db[Symbol.asyncDispose]();
    },
  };
}

/**
 * The state's lock is ours, so whatever lies in the working directory belongs to a sluice that was killed. It is removed before the
 * first run, and not earlier: `watch` has then ended the processes that might still write there.
 */
function afterSweep(workDir: string, run: RunPipeline): RunPipeline {
  let swept: Promise<void> | undefined;
  return async (request) => {
    swept ??= removeTree(workDir);
    await swept;
    return await run(request);
  };
}

const runsLookedAt = 200;

/**
 * A commit whose run was superseded or cancelled has no result, although a later run calls it the old value; one that never had a run
 * is settled when the state remembers it (a baseline).
 */
function wasTested(db: StateDatabase, { repository, ref, oldOid }: Run, commit: Oid): boolean {
  const runs = history(db, { repository, ref, limit: runsLookedAt }).filter((run) => run.newOid === commit);
  if (runs.length === 0) return oldOid === commit;
  return runs.some(({ state }) => !['queued', 'running', 'superseded', 'cancelled'].includes(state));
}

function listIfChanged(git: GitContext, inProcess: InProcess): ListRefsIfChanged {
  return async (endpoint, prefixes, call) => {
    const answer = await inProcess.listIfChanged(endpoint, prefixes, call);
    if (answer !== undefined) return answer;
    const { refs } = await listThroughGit({ ...git, signal: call.signal }, inProcess, endpoint, prefixes);
    return { refs, digest: undefined };
  };
}
