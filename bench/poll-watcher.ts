import { setTimeout as sleep } from 'node:timers/promises';
import { openPoll } from '../src/core/app/poll.ts';
import { defaultConfig } from '../src/core/config/defaults.ts';
import type { CommandContext } from '../src/core/plugins/command.ts';
import type { ListRefsIfChanged } from '../src/core/poll/ports.ts';
import { watch } from '../src/core/poll/watch.ts';
import { answerParent } from './poll-child.ts';

export interface WatcherQuestion {
  /** Only in the first question. */
  readonly task?: {
    readonly urls: readonly string[];
    readonly dir: string;
    /** Forgets each time what it has seen, so that every answer is read and compared with the state. */
    readonly reread: boolean;
  };
  /** So many cycles, each of one look at every repository. */
  readonly cycles: number;
}

export interface WatcherAnswer {
  /** Sum over the cycles, from the first look that begins to the last one that ends. */
  readonly wallMs: number;
  readonly cpuMs: number;
  readonly rss: number;
  /** What was told besides the first sight: nothing, when nothing has changed. */
  readonly told: readonly string[];
}

/** `sluice poll` without its command line: the same ports, only that the bench says when the next look is due. */
let arrived = 0;
let awaited = Number.POSITIVE_INFINITY;
let begun: number | undefined;
let gate = Promise.withResolvers<void>();
let allArrived = Promise.withResolvers<void>();
let told: string[] = [];

answerParent(async ({ task, cycles }: WatcherQuestion): Promise<WatcherAnswer> => {
  if (task !== undefined) await begin(task);
  told = [];
  const before = process.cpuUsage();
  let wallMs = 0;
  for (let cycle = 0; cycle < cycles; cycle += 1) wallMs += await runCycle();
  const { user, system } = process.cpuUsage(before);
  return { wallMs, cpuMs: (user + system) / 1000, rss: process.memoryUsage.rss(), told };
});

async function begin({ urls, dir, reread }: NonNullable<WatcherQuestion['task']>): Promise<void> {
  awaited = urls.length;
  const open = await openPoll(contextIn(dir), urls, { stateDir: dir }, (event) => void told.push(event.type));
  const { ports } = open;
  const list: ListRefsIfChanged = (endpoint, prefixes, call) =>
    ports.list(endpoint, prefixes, reread ? { ...call, unlessDigest: undefined } : call);
  const watching = watch(open.options, { ...ports, list, world: { ...ports.world, wait } });
  watching.catch((error: unknown) => {
    console.error(error);
    process.exit(1);
  });
  await allArrived.promise;
}

async function runCycle(): Promise<number> {
  const opened = gate;
  gate = Promise.withResolvers();
  allArrived = Promise.withResolvers();
  arrived = 0;
  begun = undefined;
  opened.resolve();
  await allArrived.promise;
  return performance.now() - (begun ?? Number.NaN);
}

async function wait(_ms: number, signal: AbortSignal): Promise<void> {
  arrived += 1;
  const { promise } = gate;
  if (arrived === awaited) allArrived.resolve();
  await promise;
  // The timer of the real one belongs to the cost of a look.
  await sleep(1, undefined, { signal }).catch(() => {});
  begun ??= performance.now();
}

function contextIn(dir: string): CommandContext {
  const silent = () => {};
  return {
    cwd: dir,
    env: process.env,
    signal: new AbortController().signal,
    json: true,
    quiet: true,
    config: async () => defaultConfig(dir),
    forge: (alias) => Promise.reject(new Error(`there is no forge ${alias}`)),
    log: { debug: silent, info: silent, warn: console.error, error: console.error },
    progress: silent,
    output: undefined,
    emit: silent,
  };
}
