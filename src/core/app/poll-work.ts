import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { diskError } from '../disk-error.ts';
import { toSluiceError } from '../errors.ts';
import type { CacheOptions } from '../git/cache.ts';
import type { GitContext } from '../git/remote.ts';
import { makeDirectory } from '../make-directory.ts';
import type { Oid } from '../model/ref.ts';
import type { Isolation } from '../pipeline/isolation.ts';
import { endOrphan } from '../pipeline/remains.ts';
import { removeTree } from '../pipeline/remove-tree.ts';
import type { CommandContext } from '../plugins/command.ts';
import type { Run } from '../poll/run.ts';
import type { StateDatabase } from '../poll/state/access.ts';
import { history } from '../poll/state/history.ts';
import type { WatchPorts } from '../poll/watch.ts';
import { openPipeline, type PipelineOptions, toGroupIdentity } from './pipeline.ts';
import { openResults } from './results.ts';

export interface WorkPlaces {
  readonly stateDir: string;
  readonly cache: CacheOptions;
  /** Parent of the runs' directories. */
  readonly workDir: string;
  /** Of the temporary repositories in which results are made. */
  readonly gitDir: string;
}

export interface OpenWorkOptions extends WorkPlaces, Pick<PipelineOptions, 'settingsOf'> {
  readonly context: CommandContext;
  readonly git: GitContext;
  readonly db: StateDatabase;
  /** How runs are shut in here. */
  readonly isolations: readonly Isolation[];
}

/** Everything that is needed only when there is something to run or to report. */
export type Work = Pick<WatchPorts, 'run' | 'send' | 'killOrphan'>;

export function openWork(options: OpenWorkOptions): Work {
  const { context, db, workDir, gitDir, stateDir, cache, settingsOf } = options;
  const git: GitContext = { ...options.git, tempRoot: gitDir };
  const gitSwept = once(async () => {
    await sweep(options, rm(gitDir, { recursive: true, force: true }));
    await makeDirectory(gitDir, 0o700).catch((error: unknown) => {
      throw diskError(`cannot make the directory ${gitDir}`, error, 'Is its disk writable, and not full?');
    });
  });
  const pipeline = openPipeline({
    ...{ git, cache, workDir, settingsOf },
    logDir: join(stateDir, 'logs'),
    wasTested: (run, commit) => wasTested(db, run, commit),
    onOutput: context.output,
    warn: (message) => context.log.warn(message),
  });
  return {
    // `watch` has ended the processes of a sluice before that might still write there.
    run: after(
      once(() => Promise.all([sweep(options, removeTree(workDir)), gitSwept()])),
      pipeline,
    ),
    send: after(gitSwept, openResults(git)),
    killOrphan: (group) => endOrphan(toGroupIdentity(group), { isolations: options.isolations, env: git.env }),
  };
}

/** Removes what there may be left. */
export async function closeWork(options: Pick<OpenWorkOptions, 'workDir' | 'gitDir' | 'context'>): Promise<void> {
  const { workDir, gitDir } = options;
  await sweep(options, removeTree(workDir));
  await sweep(options, rm(gitDir, { recursive: true, force: true }));
}

/** What cannot be removed (a mount or an immutable file of a script that ran as root) is told, and is in nobody's way. */
async function sweep({ context }: Pick<OpenWorkOptions, 'context'>, removal: Promise<void>): Promise<void> {
  await removal.catch((error: unknown) => {
    const { message, hint } = toSluiceError(error);
    context.log.warn(hint === undefined ? message : `${message} (${hint})`);
  });
}

/**
 * The state's lock is ours, so whatever lies in the working directories belongs to a sluice that was killed. It is removed before they
 * are used for the first time.
 */
function after<Args extends readonly unknown[], T>(
  sweep: () => Promise<unknown>,
  step: (...args: Args) => Promise<T>,
): (...args: Args) => Promise<T> {
  return async (...args) => {
    await sweep();
    return await step(...args);
  };
}

/** Until it has succeeded: a disk that was full has room again some day. */
function once<T>(step: () => Promise<T>): () => Promise<T> {
  let done: Promise<T> | undefined;
  return () => {
    done ??= step().catch((error: unknown) => {
      done = undefined;
      throw error;
    });
    return done;
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
