import { existsSync } from 'node:fs';
import { followLog, readTail } from '../pipeline/read-log.ts';
import type { CommandContext } from '../plugins/command.ts';
import type { Run } from '../poll/run.ts';
import { openStateReader } from '../poll/state/database.ts';
import { findRun, type HistoryQuery, history } from '../poll/state/history.ts';
import { stateDirectory, stateFile } from './poll.ts';

/** The runs of a state directory, read beside a watcher that may be writing. */
export interface RunHistory extends AsyncDisposable {
  list(query: HistoryQuery): readonly Run[];
  find(id: number): Run | undefined;
  /** The log's text, or its end when it is longer than this; undefined when there is none, or no longer. */
  log(run: Run, mostBytes: number): Promise<string | undefined>;
  /** The log from its start and as it grows, until the run has ended. */
  follow(run: Run, signal: AbortSignal): AsyncIterable<Uint8Array>;
}

/** Opens it; a state directory without a state is an empty history. */
export async function openHistory(context: CommandContext, stateDir: string | undefined): Promise<RunHistory> {
  const reader = await openStateReader(stateFile(stateDirectory(context, stateDir)));
  return {
    list: (query) => (reader === undefined ? [] : history(reader, query)),
    find: (id) => (reader === undefined ? undefined : findRun(reader, id)),
    async log({ log }, mostBytes) {
      if (log === undefined || !existsSync(log)) return undefined;
      return (await readTail(log, mostBytes)).toString('utf8');
    },
    follow({ id, log }, signal) {
      const ended = () => {
        const state = reader === undefined ? undefined : findRun(reader, id)?.state;
        return state !== 'queued' && state !== 'running';
      };
      return followLog(log ?? '', { ended, signal });
    },
    async [Symbol.asyncDispose]() {
      await reader?.[Symbol.asyncDispose]();
    },
  };
}
