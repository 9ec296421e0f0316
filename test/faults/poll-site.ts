import { appendFileSync, readFileSync } from 'node:fs';
import type { KillOrphan, RunPipeline, SendReport } from '../../src/core/poll/ports.ts';
import type { WatchedRepository } from '../../src/core/poll/repository.ts';
import type { WatchOptions, WatchPorts } from '../../src/core/poll/watch.ts';
import { eventLog, fileEndpoint, listThroughGit, noChangeHeads, quickWorld, watched } from '../unit/poll/site.ts';

/** What the world outside has seen, a line for each thing that happened, also when the process that did it is dead. */
export interface Journal {
  write(line: string): void;
  lines(): readonly string[];
}

export function openJournal(path: string): Journal {
  return {
    write: (line) => appendFileSync(path, `${line}\n`),
    lines: () =>
      readFileSync(path, { encoding: 'utf8', flag: 'a+' })
        .split('\n')
        .filter((line) => line !== ''),
  };
}

export function crashRepository(url: string): WatchedRepository {
  return watched('a', { endpoint: fileEndpoint(url), initial: 'run', results: ['status', 'notes'], concurrency: 4 });
}

/** Everything but the state: git for real, scripts and reports as lines of the journal, `point` between any two steps. */
export function crashPorts(
  journal: Journal,
  tempRoot: string,
  point: (label?: string) => void,
): Omit<WatchPorts, 'db'> {
  const run: RunPipeline = async ({ run: { id, ref, newOid, attempt }, onStart }) => {
    point();
    onStart({ group: { pid: 1_000_000 + id, startTime: String(attempt) }, log: `/log/${id}` });
    point();
    journal.write(`script ${ref} ${newOid}`);
    point(`script ${ref}`);
    return { state: 'success', exitStatus: 0 };
  };
  const send: SendReport = async (_repository, { key }) => {
    point();
    journal.write(`report ${key}`);
    point();
    return {};
  };
  const killOrphan: KillOrphan = async ({ pid }) => {
    point();
    journal.write(`killed ${pid - 1_000_000}`);
  };
  const list = listThroughGit(tempRoot);
  return {
    run,
    send,
    killOrphan,
    list: async (...call) => {
      const listing = await list(...call);
      point();
      return listing;
    },
    listChangeHeads: async () => noChangeHeads,
    removeLog: async () => {},
    onEvent: eventLog().onEvent,
    world: quickWorld(),
  };
}

export function onceOptions(repositories: readonly WatchedRepository[]): WatchOptions {
  return {
    repositories,
    once: true,
    concurrency: 4,
    supersedeRunning: false,
    graceMs: 0,
    requestLimitMs: 60_000,
    signal: new AbortController().signal,
  };
}
