import { existsSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { followLog, readTail } from '../pipeline/read-log.ts';
import type { CommandContext } from '../plugins/command.ts';
import type { Run } from '../poll/run.ts';
import { openStateReader } from '../poll/state/database.ts';
import { findRun, type HistoryQuery, history, repositoryKeys } from '../poll/state/history.ts';
import { stateDirectory, stateFile } from './poll-state.ts';

const pollMs = 200;

/** The runs of a state directory, read beside a watcher that may be writing. */
export interface RunHistory extends AsyncDisposable {
  /** Where no watcher has kept a state yet; undefined: there is one. */
  readonly emptyDir: string | undefined;
  list(query: HistoryQuery): readonly Run[];
  /** Keys of all repositories that it knows. */
  repositories(): readonly string[];
  find(id: number): Run | undefined;
  /** The log's text, or its end when it is longer than this; undefined when there is none, or no longer. */
  log(run: Run, mostBytes: number): Promise<string | undefined>;
  /** The log from its start and as it grows, until the run has ended. */
  follow(run: Run, signal: AbortSignal): AsyncIterable<Uint8Array>;
}

/** Opens it; a state directory without a state is an empty history. */
export async function openHistory(context: CommandContext, stateDir: string | undefined): Promise<RunHistory> {
  const dir = await stateDirectory(context, stateDir);
  const reader = await openStateReader(stateFile(dir));
  return {
    emptyDir: reader === undefined ? dir : undefined,
    list: (query) => (reader === undefined ? [] : history(reader, query)),
    repositories: () => (reader === undefined ? [] : repositoryKeys(reader)),
    find: (id) => (reader === undefined ? undefined : findRun(reader, id)),
    async log({ log }, mostBytes) {
      if (log === undefined || !existsSync(log)) return undefined;
      return (await readTail(log, mostBytes)).toString('utf8');
    },
    async *follow({ id }, signal) {
      const find = () => (reader === undefined ? undefined : findRun(reader, id));
      const ended = () => !isOnItsWay(find());
      // A run that waits for its turn has no log yet.
      while (find()?.log === undefined && !ended() && !signal.aborted) {
        await sleep(pollMs, undefined, { signal }).catch(() => undefined);
      }
      yield* followLog(find()?.log ?? '', { ended, signal });
    },
    async [Symbol.asyncDispose]() {
      await reader?.[Symbol.asyncDispose]();
    },
  };
}

/** Whether there is more to come of this run. */
export function isOnItsWay(run: Run | undefined): boolean {
  return run?.state === 'queued' || run?.state === 'running';
}
