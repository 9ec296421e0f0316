import { toSluiceError } from '../errors.ts';
import type { JobStore, NewJob } from '../jobs/store.ts';
import { formatDuration } from '../model/duration.ts';
import type { Log } from '../plugins/command.ts';
import { mirrorJob } from './mirror-jobs.ts';
import { type LostDelivery, openRedeliveries } from './redeliveries.ts';
import { type RepoName, repoText } from './repo-pattern.ts';

/** What one repository has at the forge and its mirror has not, or the other way round. */
export interface Differences {
  /** Numbers of change requests. */
  readonly changes: readonly number[];
  /** Branches, tags or other refs differ. */
  readonly refs: boolean;
}

export interface ReconciledRepository {
  readonly repo: RepoName;
  readonly reports: boolean;
}

/** A webhook whose failed deliveries the forge lists. */
export interface LossSource {
  /** Where its deliveries arrive: `/hooks/NAME`. */
  readonly name: string;
  /** Those that failed since then (milliseconds since the epoch). */
  readonly lost: (since: number, signal: AbortSignal) => Promise<readonly LostDelivery[]>;
}

export interface ReconcilePorts {
  readonly store: Pick<JobStore, 'enqueue' | 'list' | 'retry' | 'delivery' | 'remember' | 'recall'>;
  /** Those to compare now: of patterns the repositories that were heard of. */
  readonly repositories: () => Promise<readonly ReconciledRepository[]>;
  readonly findDifferences: (repo: RepoName, signal: AbortSignal) => Promise<Differences>;
  readonly lossSources: readonly LossSource[];
  readonly log: Pick<Log, 'info' | 'warn'>;
  /** Milliseconds since the epoch. */
  readonly now: () => number;
}

export interface Reconciler {
  /** One comparison of everything; never rejects. */
  reconcile(signal: AbortSignal): Promise<void>;
  last(repo: string): { readonly at: number; readonly problem: string | undefined } | undefined;
}

const aliveNote = 'alive';
const comparedNote = 'compared';
/** A forge keeps failed deliveries for some days only; further back there is nothing to ask for. */
const furthestMs = 3 * 86_400_000;
const mostWaiting = 500;
/** Each look sets a status, and GitHub takes a thousand for a commit. */
const lookAgainMs = 6 * 3_600_000;
/** Deliveries of the last moments may still be on their way. */
const overlapMs = 60_000;

/** Compares what the forges have with what was done about it, and queues the difference. */
export function openReconciler(ports: ReconcilePorts): Reconciler {
  const { store, log, now } = ports;
  const done = new Map<string, { readonly at: number; readonly problem: string | undefined }>();
  const redeliveries = openRedeliveries(ports);
  /** Up to when the failures of each source are known. */
  const heard = new Map<string, number>();
  let first = true;

  async function compare({ repo, reports }: ReconciledRepository, signal: AbortSignal): Promise<void> {
    const name = repoText(repo);
    try {
      const { changes, refs } = await ports.findDifferences(repo, signal);
      const event = 'reconcile';
      const jobs = [
        ...(refs ? [mirrorJob(repo, { event, topic: 'everything', reports })] : []),
        ...changes.map((change) => mirrorJob(repo, { event, topic: { change }, reports })),
      ];
      let queued = 0;
      for (const job of jobs) if (await queue(job)) queued += 1;
      if (queued > 0) log.info(`${name} differs from its mirror: ${queued} runs were queued`);
      done.set(name, { at: now(), problem: undefined });
    } catch (thrown) {
      if (signal.aborted) return;
      const { message, hint } = toSluiceError(thrown);
      done.set(name, { at: now(), problem: message });
      log.warn(`${name} could not be compared with its mirror: ${message}`, { hint });
    }
  }

  /**
   * What a delivery has led to already need not be done twice. What waits for a person is looked at again at the start, because the
   * delivery that said so may have been missed, and then now and then.
   */
  async function queue(job: NewJob): Promise<boolean> {
    const [open] = await store.list({ key: job.key, states: ['queued', 'running', 'waiting'], limit: 1 });
    if (open === undefined) {
      await store.enqueue([job]);
      return true;
    }
    if (open.state !== 'waiting' || (!first && now() - (open.finishedAt ?? 0) < lookAgainMs)) return false;
    return (await store.retry(open.id, { pinned: false })) === 'done';
  }

  /** Scripts that wait for a person: somebody may have vouched for them while nobody listened. */
  async function takeUpWaiting(): Promise<void> {
    const waiting = await store.list({ states: ['waiting'], queues: ['script'], limit: mostWaiting });
    for (const { id } of waiting) await store.retry(id, { pinned: false });
  }

  /** What failed since the last look. A source that cannot be asked now is asked for the same span again: the others go on. */
  async function fetchLost(began: number, signal: AbortSignal): Promise<void> {
    const compared = Number((await store.recall(comparedNote)) ?? began);
    const spans = ports.lossSources.map((source) => ({ ...source, from: heard.get(source.name) ?? compared }));
    const list = async ({ name, from, lost }: (typeof spans)[number]): Promise<readonly LostDelivery[]> => {
      try {
        const found = await lost(Math.max(Math.min(from, began) - overlapMs, began - furthestMs), signal);
        heard.set(name, began);
        return found;
      } catch (thrown) {
        heard.set(name, from);
        sayFailure(`failed deliveries of ${name} could not be listed`, thrown, signal);
        return [];
      }
    };
    const found = await Promise.all(spans.map(list));
    try {
      await redeliveries.askFor(found.flat(), signal);
    } catch (thrown) {
      for (const { name, from } of spans) heard.set(name, from);
      sayFailure('failed deliveries could not be asked for', thrown, signal);
    }
  }

  function sayFailure(what: string, thrown: unknown, signal: AbortSignal): void {
    const { message, hint } = toSluiceError(thrown);
    if (!signal.aborted) log.warn(`${what}: ${message}`, { hint });
  }

  /** Those of one forge one after the other; a forge that hangs holds up its own only. */
  async function compareAll(signal: AbortSignal): Promise<void> {
    const byForge = Map.groupBy(await ports.repositories(), ({ repo }) => repo.alias);
    const compareSome = async (some: readonly ReconciledRepository[]) => {
      for (const one of some) if (!signal.aborted) await compare(one, signal);
    };
    await Promise.all([...byForge.values()].map(compareSome));
  }

  return {
    last: (repo) => done.get(repo),
    async reconcile(signal) {
      try {
        const began = now();
        await fetchLost(began, signal);
        if (first) await takeUpWaiting();
        await compareAll(signal);
        if (signal.aborted) return;
        // Whoever starts next has to look as far back as the source that was heard of the longest ago.
        await store.remember(comparedNote, String(Math.min(began, ...heard.values())));
        first = false;
      } catch (error) {
        if (!signal.aborted) log.warn(`reconciliation failed: ${toSluiceError(error).message}`);
      }
    },
  };
}

/** Says which span of time nobody listened in, and from now on notes that somebody does. */
export async function noteAlive({ store, log, now }: Pick<ReconcilePorts, 'store' | 'log' | 'now'>): Promise<void> {
  const last = Number((await store.recall(aliveNote)) ?? Number.NaN);
  const missed = now() - last;
  if (missed > overlapMs) {
    const span = `${new Date(last).toISOString()} to ${new Date(now()).toISOString()}`;
    log.info(`nobody listened for ${formatDuration(missed)} (${span}): what was missed is looked for now`);
  }
  await store.remember(aliveNote, String(now()));
}
