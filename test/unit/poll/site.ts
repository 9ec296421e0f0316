import { join } from 'node:path';
import { onTestFinished } from 'vitest';
import type { Endpoint } from '../../../src/core/git/endpoint.ts';
import { listWithGit } from '../../../src/core/git/remote.ts';
import { takeLock } from '../../../src/core/lock.ts';
import type { PollEvent } from '../../../src/core/poll/events.ts';
import type { PollPlan } from '../../../src/core/poll/plan.ts';
import type {
  ChangeHead,
  ChangeHeads,
  ListRefsIfChanged,
  PipelineOutcome,
  PipelineRequest,
  Report,
  World,
} from '../../../src/core/poll/ports.ts';
import {
  isNoNews,
  openRepository,
  type Recorded,
  type RecordOptions,
  recordPlan,
} from '../../../src/core/poll/record.ts';
import type { WatchedRepository } from '../../../src/core/poll/repository.ts';
import type { StateDatabase } from '../../../src/core/poll/state/access.ts';
import { openState } from '../../../src/core/poll/state/database.ts';
import { isolatedGitEnv } from '../../support/git-repo.ts';
import { testDir } from '../../support/temp-dir.ts';

/** An object id that is easy to read: `oid(3)` is forty threes. */
export function oid(n: number): string {
  return String(n % 10).repeat(40);
}

export function fileEndpoint(url: string): Endpoint {
  return { url, display: url, transport: 'file' };
}

export function watched(key: string, more: Partial<WatchedRepository> = {}): WatchedRepository {
  return {
    key,
    endpoint: fileEndpoint(`/nowhere/${key}`),
    selection: { branches: ['**'], exclude: [], tags: [], changes: false },
    initial: 'run',
    intervalMs: 60_000,
    concurrency: 1,
    results: [],
    keepLogs: 50,
    ...more,
  };
}

/** What a forge says of its change requests when it can say all of it. */
export function changeHeads(heads: readonly ChangeHead[]): ChangeHeads {
  return { heads, undecided: new Set(), complete: true, failure: undefined };
}

export const noChangeHeads = changeHeads([]);

/** Time that passes only when somebody waits: every wait is over at the next turn of the event loop, in order, and is written down. */
export function quickWorld(): World & { readonly waits: number[] } {
  const waits: number[] = [];
  let now = 1_000_000;
  return {
    waits,
    now: () => now,
    random: () => 0.5,
    async wait(ms, signal) {
      if (signal.aborted) return;
      waits.push(ms);
      now += ms;
      await new Promise((resolve) => setImmediate(resolve));
    },
  };
}

export async function stateFile(): Promise<string> {
  return join(await testDir(), 'state', 'poll.db');
}

/** Closed with the test. */
export async function openTestState(path?: string): Promise<StateDatabase> {
  const db = await openState(path ?? (await stateFile()), takeLock);
  onTestFinished(async () => db[Symbol.asyncDispose]());
  return db;
}

/** What a look that has found this plan writes; nothing when there is no news. */
export function recordLook(
  db: StateDatabase,
  watcher: WatchedRepository,
  plan: PollPlan,
  more: Partial<RecordOptions> = {},
): Recorded {
  const repository = openRepository(db, watcher.key);
  const options = { repository, looked: watcher.selection, supersedeRunning: false, now: 1, ...more };
  if (isNoNews(plan, options)) return { runs: [], stopped: [] };
  return db.write('test', (tx) => recordPlan(tx, watcher, plan, options));
}

/** The real listing of the product, through git, with a digest as the wire has one. */
export function listThroughGit(tempRoot: string): ListRefsIfChanged & { readonly calls: string[] } {
  const calls: string[] = [];
  const list: ListRefsIfChanged = async (endpoint, _prefixes, { signal, unlessDigest }) => {
    calls.push(endpoint.url);
    const context = { env: isolatedGitEnv(), withheld: [], signal, tempRoot };
    const { refs } = await listWithGit(context, endpoint, 'branches-and-tags');
    const digest = JSON.stringify(refs);
    return { refs: digest === unlessDigest ? undefined : refs, digest };
  };
  return Object.assign(list, { calls });
}

/** A listing that says what the test tells it to. */
export function cannedListing(initial: Readonly<Record<string, string>> = {}) {
  const said = { refs: initial, error: undefined as Error | undefined, digests: [] as (string | undefined)[] };
  const list: ListRefsIfChanged = async (_endpoint, _prefixes, { unlessDigest }) => {
    said.digests.push(unlessDigest);
    if (said.error !== undefined) throw said.error;
    const digest = JSON.stringify(said.refs);
    if (digest === unlessDigest) return { refs: undefined, digest };
    return { refs: Object.entries(said.refs).map(([name, value]) => ({ name, oid: value })), digest };
  };
  return { said, list };
}

/** Lets everything else go on until this is so. */
export async function until(reached: () => boolean): Promise<void> {
  while (!reached()) await new Promise(setImmediate);
}

/** Collects events. */
export function eventLog() {
  const events: PollEvent[] = [];
  return {
    onEvent: (event: PollEvent) => void events.push(event),
    types: () => events.map(({ type }) => type),
    of<T extends PollEvent['type']>(type: T) {
      return events.filter((event): event is Extract<PollEvent, { type: T }> => event.type === type);
    },
  };
}

/** A pipeline whose scripts end when the test says so. */
export function heldPipeline() {
  const requests: PipelineRequest[] = [];
  const ends = new Map<number, (outcome: PipelineOutcome) => void>();
  async function run(request: PipelineRequest): Promise<PipelineOutcome> {
    requests.push(request);
    request.onStart({ group: undefined, log: undefined });
    const { promise, resolve } = Promise.withResolvers<PipelineOutcome>();
    ends.set(request.run.id, resolve);
    request.signal.addEventListener('abort', () => resolve({ state: 'cancelled' }), { once: true });
    return await promise;
  }
  /** Resolves when so many scripts have begun, counted from the first. */
  async function begun(count: number): Promise<void> {
    await until(() => requests.length >= count);
  }
  async function end(id: number, outcome: PipelineOutcome = { state: 'success' }): Promise<void> {
    await until(() => ends.has(id));
    ends.get(id)?.(outcome);
  }
  return { requests, run, begun, end };
}

export function sentReports() {
  const reports: Report[] = [];
  const send = async (_repository: WatchedRepository, report: Report) => {
    reports.push(report);
    return {};
  };
  return { reports, send };
}

export function unsentReports(db: StateDatabase): number | undefined {
  return db.get<{ count: number }>('SELECT count(*) AS count FROM report')?.count;
}
