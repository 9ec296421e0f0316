import { deadStates, isDead, isEnded, isFailed } from '../jobs/states.ts';
import type { JobRow, JobStore, Queue, RepositoryCounts, StoredDelivery } from '../jobs/store.ts';
import type { ChangeFeed } from './change-feed.ts';
import type {
  DeliveryFilter,
  DeliveryView,
  Page,
  QueueDepth,
  RepositoryHealth,
  RunFilter,
  RunView,
  ServeReads,
} from './read-model.ts';
import { logSize, readLogPart } from './run-log.ts';
import { type ForgeLinks, toRunView } from './run-view.ts';

export interface ReadsOptions {
  readonly store: JobStore;
  readonly feed: ChangeFeed;
  readonly links: ForgeLinks;
  /** Names as the configuration writes them, in its order; patterns among them. */
  readonly repositories: readonly string[];
  readonly sources: readonly string[];
  readonly logOf: (run: string) => string;
  /** How the last comparison with the forge ended. */
  readonly reconciled: (repo: string) => { readonly at: number; readonly problem: string | undefined } | undefined;
  readonly now: () => number;
}

/** What people came for; the rest serves these. */
export const mainQueues: readonly Queue[] = ['mirror', 'script'];

/** The store as the pages, the API and the commands read it. */
export function openServeReads(options: ReadsOptions): ServeReads {
  const { store, feed, logOf } = options;
  return {
    runs: (filter) => listRuns(options, filter),
    async run(id) {
      const row = await store.find(id);
      return row === undefined ? undefined : await viewOf(options, row);
    },
    async log(id, range) {
      const row = await store.find(id);
      if (row === undefined || !mainQueues.includes(row.queue)) return undefined;
      return await readLogPart(logOf(id), range, isEnded(row.state));
    },
    changes: (signal) => feed.listen(signal),
    deliveries: (filter) => listDeliveries(store, filter),
    async delivery(guid) {
      const stored = await store.delivery(guid);
      if (stored === undefined) return undefined;
      return { ...deliveryView(stored), headers: stored.headers, body: await store.body(guid) };
    },
    repositories: () => healths(options),
    sources: async () => options.sources,
    queue: () => depths(options),
    writable: () => store.remember('asked whether it is writable', String(options.now())),
  };
}

async function listRuns(options: ReadsOptions, filter: RunFilter): Promise<Page<RunView>> {
  const { repo, branch, delivery, before, limit, dead, states: wanted } = filter;
  const states = dead ? deadStates.filter((state) => wanted?.includes(state) ?? true) : wanted;
  const queues = dead || delivery !== undefined ? undefined : mainQueues;
  const rows = await options.store.list({ repo, branch, delivery, before, limit, states, queues, newest: dead });
  const views = await Promise.all(rows.map((row) => viewOf(options, row)));
  return { items: views, next: nextOf(rows, limit, ({ id }) => id) };
}

async function viewOf({ store, links, logOf }: ReadsOptions, row: JobRow): Promise<RunView> {
  const { id, key, queue, state } = row;
  const newest = isDead(state) && key !== undefined ? (await store.list({ key, limit: 1 }))[0] : undefined;
  const size = mainQueues.includes(queue) ? await logSize(logOf(id)) : undefined;
  const none = mainQueues.includes(queue) && !isEnded(state) ? 0 : undefined;
  return toRunView(row, { replaced: newest !== undefined && newest.id !== id, logBytes: size ?? none }, links);
}

async function listDeliveries(store: JobStore, filter: DeliveryFilter): Promise<Page<DeliveryView>> {
  const { source, repo, result, before, limit } = filter;
  const stored = await store.deliveries({ source, repo, result, before, limit });
  return { items: stored.map(deliveryView), next: nextOf(stored, limit, ({ seq }) => seq) };
}

function nextOf<T>(rows: readonly T[], limit: number, cursor: (row: T) => string): string | undefined {
  const last = rows.at(-1);
  return last === undefined || rows.length < limit ? undefined : cursor(last);
}

function deliveryView(stored: StoredDelivery): DeliveryView {
  const { guid, source, event, repo, receivedAt, reason, bytes, repeats, jobs } = stored;
  const result = reason === undefined ? 'accepted' : 'ignored';
  return { guid, source, event, repo, receivedAt, result, reason: reason ?? '', bytes, repeats, runs: jobs };
}

/** Configured repositories by name; a pattern stands for those that were heard of, or for itself while there is none. */
async function healths(options: ReadsOptions): Promise<readonly RepositoryHealth[]> {
  const { store, repositories } = options;
  const known = await store.knownRepositories();
  const heard = known.filter((repo) => !repositories.includes(repo));
  const names = [...repositories.filter((repo) => !repo.includes('*') || heard.length === 0), ...heard];
  const counts = await store.repositories(names);
  return counts.map((count) => healthOf(options, count));
}

function healthOf({ links, reconciled }: ReadsOptions, counts: RepositoryCounts): RepositoryHealth {
  const { repo, lastEnded, lastDeliveryAt, queued, running, dead } = counts;
  const compared = reconciled(repo);
  // What worked since then says more than a comparison that did not.
  const worked = lastEnded?.state === 'success' && (lastEnded.finishedAt ?? 0) > (compared?.at ?? 0);
  const lastRun = lastEnded && { id: lastEnded.id, state: lastEnded.state, at: lastEnded.finishedAt ?? 0 };
  return {
    repo,
    url: links.repository(repo),
    ...judged(worked ? undefined : compared?.problem, counts),
    lastDeliveryAt,
    lastRun,
    lastReconciledAt: compared?.at,
    queued,
    running,
    dead,
  };
}

function judged(
  problem: string | undefined,
  { lastEnded, lastDeliveryAt }: RepositoryCounts,
): Pick<RepositoryHealth, 'health' | 'detail'> {
  if (problem !== undefined) return { health: 'unreachable', detail: problem };
  if (lastEnded !== undefined && isFailed(lastEnded.state)) {
    const { id, name, state, detail, lastLine } = lastEnded;
    const why = detail || lastLine;
    return { health: 'failing', detail: `run ${id} (${name}) ended as ${state}${why === '' ? '' : `: ${why}`}` };
  }
  if (lastEnded === undefined && lastDeliveryAt === undefined) {
    return { health: 'quiet', detail: 'nothing was received yet: is its webhook registered?' };
  }
  return { health: 'ok', detail: '' };
}

async function depths({ store, now }: ReadsOptions): Promise<readonly QueueDepth[]> {
  const unsettled = (await store.counts()).filter(({ state }) => isDead(state) || !isFailed(state));
  const groups = Map.groupBy(unsettled, ({ queue, state }) => `${queue} ${isDead(state) ? 'dead' : state}`);
  return [...groups].map(([key, counts]) => {
    const [kind = '', state] = key.split(' ');
    return {
      kind,
      state: state as QueueDepth['state'],
      count: counts.reduce((sum, { count }) => sum + count, 0),
      oldestMs: Math.max(0, now() - Math.min(...counts.map(({ oldestAt }) => oldestAt))),
    };
  });
}
