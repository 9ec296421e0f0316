import { SluiceError, toSluiceError } from '../../errors.ts';
import type { Job, JobOutcome, JobRow, RunJob, Worker, WorkOptions } from '../store.ts';
import { claimJobs, nextDue } from './claim.ts';
import type { Connection, Writing } from './connection.ts';
import { announce, endJob, findJob, follow, type Ledger, type Ready, requeueJob } from './transitions.ts';

export interface WorkerPorts {
  readonly db: Connection;
  readonly ledger: Ledger;
  /** In [0, 1). */
  readonly random: () => number;
  /** The store could not be written; it is tried again. */
  readonly onFault: (error: SluiceError) => void;
}

/** A worker as the store sees it. */
export interface StoreWorker extends Worker {
  /** Looks for jobs; to be called when there may be some. */
  wake(what?: Ready): void;
  /** Ends what works on this job, if it is this worker's. */
  end(seq: number, detail: string): void;
}

interface Active {
  readonly row: JobRow;
  readonly controller: AbortController;
  done: Promise<void>;
}

const firstRetryMs = 200;
const longestRetryMs = 10_000;

/** Runs what is queued, a few at a time. */
export function startWorker(options: WorkOptions, run: RunJob, ports: WorkerPorts): StoreWorker {
  const { db, ledger } = ports;
  const active = new Map<string, Active>();
  const interrupted = new SluiceError('interrupted', 'sluice was stopped');
  const closed = new AbortController();
  let stopping = false;
  let filling = false;
  let again = false;
  let timer: NodeJS.Timeout | undefined;

  function wake(what?: Ready): void {
    // A look at ten thousand jobs that wait for one repository costs milliseconds: not for each delivery.
    if (what !== undefined && !mayTake(what)) return;
    again = true;
    if (filling || stopping) return;
    filling = true;
    void fill()
      // A file that cannot be read now: whoever wakes the worker next tries again.
      .catch((error: unknown) => ports.onFault(toSluiceError(error)))
      .finally(() => {
        filling = false;
        if (again) wake();
      });
  }

  function mayTake({ queue, repo }: Ready): boolean {
    if (!options.queues.includes(queue) || active.size >= options.concurrency) return false;
    return (runningOf().get(repo) ?? 0) < options.perRepository;
  }

  async function fill(): Promise<void> {
    let asOf = ledger.now();
    while (again && !stopping) {
      again = false;
      asOf = ledger.now();
      const room = options.concurrency - active.size;
      if (room <= 0) return;
      const claim = { queues: options.queues, perRepository: options.perRepository, room, running: runningOf() };
      const rows = await persist('claim jobs', (tx) => (stopping ? [] : claimJobs(tx, ledger, claim)));
      for (const row of rows ?? []) begin(row);
      if (rows?.length === room) again = true;
    }
    if (!stopping) arm(asOf);
  }

  function runningOf(): ReadonlyMap<string, number> {
    const counts = new Map<string, number>();
    for (const { row } of active.values()) counts.set(row.subject.repo, (counts.get(row.subject.repo) ?? 0) + 1);
    return counts;
  }

  /** Wakes up for the next job that waits for its time; also for one whose time has come since the last claim looked. */
  function arm(asOf: number): void {
    clearTimeout(timer);
    const ms = nextDue(db, options.queues, asOf);
    timer = ms === undefined ? undefined : setTimeout(() => wake(), ms + 1);
  }

  function begin(row: JobRow): void {
    const entry: Active = { row, controller: new AbortController(), done: Promise.resolve() };
    active.set(row.id, entry);
    if (closed.signal.aborted) entry.controller.abort(interrupted);
    entry.done = execute(entry).finally(() => {
      active.delete(row.id);
      wake();
    });
  }

  async function execute({ row, controller }: Active): Promise<void> {
    const job: Job = { ...row, signal: controller.signal, started: (facts) => started(row, facts) };
    const outcome = await attempt(job, controller);
    await persist(`record the outcome of run ${row.id}`, (tx) => settle(tx, row, outcome, controller.signal));
  }

  async function attempt(job: Job, controller: AbortController): Promise<JobOutcome | SluiceError> {
    try {
      // Stopped between its claim and now, when nobody could be told.
      const { stop, detail } = findJob(db, Number(job.id)) ?? job;
      if (stop !== undefined) controller.abort(new SluiceError('interrupted', detail));
      job.signal.throwIfAborted();
      return await run(job);
    } catch (error) {
      return toSluiceError(error);
    }
  }

  async function started(row: JobRow, facts: Parameters<Job['started']>[0]): Promise<void> {
    const seq = Number(row.id);
    await db.write(`record the start of run ${row.id}`, (tx) => {
      tx.run('UPDATE job SET sha = coalesce(:sha, sha), processes = :processes, started_at = :now WHERE seq = :seq', {
        seq,
        sha: facts.sha ?? null,
        processes: facts.processes ?? null,
        now: ledger.now(),
      });
      follow(tx, ledger, seq);
      announce(tx, ledger, seq, 'running', row.subject.repo);
    });
  }

  function settle(tx: Writing, row: JobRow, outcome: JobOutcome | SluiceError, signal: AbortSignal): void {
    const seq = Number(row.id);
    const ended = outcome instanceof SluiceError || outcome.state === 'cancelled';
    // What came to its own end in the last moment keeps its outcome.
    if (signal.reason === interrupted && ended) {
      requeueJob(tx, ledger, seq, { detail: interrupted.message, attempt: 'same' });
    } else if (!(outcome instanceof SluiceError)) {
      endJob(tx, ledger, seq, outcome);
    } else if (outcome.retryable && row.attempt < row.attempts) {
      const delayMs = delayOf(tx, seq, row.attempt, outcome);
      requeueJob(tx, ledger, seq, { detail: words(outcome), attempt: 'counted', delayMs });
    } else {
      endJob(tx, ledger, seq, { state: 'error', detail: words(outcome) });
    }
  }

  function delayOf(tx: Writing, seq: number, attempts: number, { retryAfterMs = 0 }: SluiceError): number {
    const sql = 'SELECT delay_ms AS delay, longest_ms AS longest FROM job WHERE seq = :seq';
    const { delay, longest } = tx.get<{ delay: number; longest: number }>(sql, { seq }) ?? { delay: 0, longest: 0 };
    // 2 ** 30 is beyond any limit, and a larger power would be Infinity some day.
    const patient = Math.min(delay * 2 ** Math.min(attempts - 1, 30), longest);
    return Math.round(Math.max(patient * (0.9 + ports.random() * 0.2), retryAfterMs));
  }

  /** Writes, again and again while the disk is full: an outcome that is only in memory must not be lost by that. */
  async function persist<T>(purpose: string, step: (tx: Writing) => T): Promise<T | undefined> {
    for (let waitMs = firstRetryMs; ; waitMs = Math.min(waitMs * 2, longestRetryMs)) {
      try {
        return await db.write(purpose, step);
      } catch (error) {
        const fault = toSluiceError(error);
        ports.onFault(fault);
        // A store that is closed, or a bug: the job stays as it is, and the next start finds it.
        if (fault.code !== 'unavailable' || closed.signal.aborted) return undefined;
        await pause(waitMs, closed.signal);
      }
    }
  }

  async function stop(graceMs: number): Promise<void> {
    stopping = true;
    clearTimeout(timer);
    const running = Promise.all([...active.values()].map(({ done }) => done));
    const grace = new AbortController();
    await Promise.race([running, pause(graceMs, grace.signal)]);
    grace.abort();
    closed.abort();
    for (const { controller } of active.values()) controller.abort(interrupted);
    await Promise.all([...active.values()].map(({ done }) => done));
  }

  function end(seq: number, detail: string): void {
    active.get(String(seq))?.controller.abort(new SluiceError('interrupted', detail));
  }

  return { wake, end, stop };
}

function words({ message, hint }: SluiceError): string {
  return hint === undefined ? message : `${message}. ${hint}`;
}

/** Resolves after so long, or when the signal is aborted. */
function pause(ms: number, signal: AbortSignal): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<void>();
  const timer = setTimeout(resolve, signal.aborted ? 0 : ms);
  const end = () => {
    clearTimeout(timer);
    resolve();
  };
  signal.addEventListener('abort', end, { once: true });
  return promise;
}
