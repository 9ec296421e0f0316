import { SluiceError, toSluiceError } from '../errors.ts';
import { faultOf, type OnPollEvent } from './events.ts';
import type { PipelineOutcome, RunPipeline, Started, World } from './ports.ts';
import { claimRun, finishRun, markStarted, returnRun } from './progress.ts';
import { openRepositories } from './record.ts';
import type { WatchedRepository } from './repository.ts';
import { pruneLogs, type RemoveLog } from './retention.ts';
import type { Run } from './run.ts';
import { save } from './save.ts';
import { nextAttemptDelay } from './schedule.ts';
import type { StateDatabase } from './state/access.ts';

export interface WorkOptions {
  readonly repositories: readonly WatchedRepository[];
  /** Most runs at one time. */
  readonly concurrency: number;
  /** How long running scripts may go on after `close`. */
  readonly graceMs: number;
  readonly saveAttempts: number;
  /** A run whose next attempt is further away is left to a later process. */
  readonly longestWaitMs: number;
}

export interface WorkPorts {
  readonly db: StateDatabase;
  readonly run: RunPipeline;
  readonly removeLog: RemoveLog;
  readonly onEvent: OnPollEvent;
  /** There may be new reports to send. */
  readonly onReports: () => void;
  readonly world: World;
}

/** Runs what is queued, a few at a time, and never two of one ref. */
export interface Worker {
  /** Looks for queued runs; to be called when there may be some. */
  wake(): void;
  /** Ends the scripts of these runs; what becomes of them is written in the state already. */
  end(runs: readonly number[]): void;
  /** Resolves when nothing is queued or running any more. */
  idle(): Promise<void>;
  /** Begins nothing more, lets scripts go on for the grace period, ends the rest and puts their runs back into the queue. */
  close(): Promise<void>;
  /** Never resolves; rejects when the state can no longer be written, and nothing will be run any more. */
  readonly failed: Promise<never>;
}

interface Active {
  readonly run: Run;
  readonly repository: WatchedRepository;
  readonly controller: AbortController;
  /** Ended because sluice is being stopped, or because its start could not be written down. */
  interruption: SluiceError | undefined;
}

export function startWorker(options: WorkOptions, ports: WorkPorts): Worker {
  const { db, world, onEvent } = ports;
  const rows = openRepositories(
    db,
    options.repositories.map(({ key }) => key),
  );
  const watched = new Map(options.repositories.map((repository) => [repository.key, repository]));
  const active = new Map<number, Active>();
  /** Runs that wait for another attempt. */
  const delayed = new Set<number>();
  /** Runs whose next attempt is a later process's. */
  const parked = new Set<number>();
  /** Runs that were to be ended between their claim and their begin. */
  const unwanted = new Set<number>();
  const closing = new AbortController();
  const failure = Promise.withResolvers<never>();
  // Without anybody listening a failure would end the process.
  failure.promise.catch(() => {});
  const saving = { world, onEvent, saveAttempts: options.saveAttempts, signal: closing.signal };
  let waiters: (() => void)[] = [];
  let closed = false;
  let filling = false;
  let fillAgain = false;

  function wake(): void {
    fillAgain = true;
    if (filling) return;
    filling = true;
    void fill()
      .catch(fail)
      .finally(() => {
        filling = false;
        tellIdle();
      });
  }

  async function fill(): Promise<void> {
    while (fillAgain) {
      fillAgain = false;
      while (!closed && active.size < options.concurrency) {
        const run = await save(saving, () => (closed ? undefined : claimRun(db, claim(), world.now())));
        if (run === undefined) break;
        begin(run);
      }
    }
  }

  function claim() {
    const repositories = [...rows].flatMap(([key, { id }]) => (hasRoom(key) ? [id] : []));
    return { repositories, except: [...delayed, ...parked] };
  }

  function hasRoom(key: string): boolean {
    const running = [...active.values()].filter(({ run }) => run.repository === key).length;
    return running < (watched.get(key)?.concurrency ?? 0);
  }

  function begin(run: Run): void {
    const repository = watched.get(run.repository);
    if (repository === undefined) throw new SluiceError('internal', `run ${run.id} is of no watched repository`);
    const entry: Active = { run, repository, controller: new AbortController(), interruption: undefined };
    active.set(run.id, entry);
    onEvent({ type: 'run-started', run });
    // `close` came while the claim was being written.
    if (closing.signal.aborted) interrupt(entry);
    if (unwanted.delete(run.id)) abortUnwanted(entry);
    void execute(entry)
      .catch(fail)
      .finally(() => {
        active.delete(run.id);
        wake();
      });
  }

  async function execute(entry: Active): Promise<void> {
    const { run, repository, controller } = entry;
    const request = {
      repository,
      run,
      signal: controller.signal,
      onStart: (started: Started) => start(entry, started),
    };
    const outcome = await ports.run(request).catch(toSluiceError);
    const returned = reasonToReturn(entry, outcome);
    if (returned !== undefined) return await giveBack(entry, returned);
    const result = outcome instanceof SluiceError ? errorOutcome(outcome) : outcome;
    const finished = await save(saving, () => finishRun(db, run.id, result, world.now()));
    if (finished !== undefined) onEvent({ type: 'run-finished', run: finished });
    ports.onReports();
    // What could not be removed now is listed again after the next run.
    await pruneLogs(db, repository, ports.removeLog).catch(() => undefined);
  }

  function start(entry: Active, started: Started): void {
    try {
      markStarted(db, entry.run, started);
      ports.onReports();
    } catch (error) {
      // A script that nobody could find after a crash must not run.
      entry.interruption = toSluiceError(error);
      entry.controller.abort(entry.interruption);
    }
  }

  async function giveBack({ run, interruption }: Active, fault: SluiceError): Promise<void> {
    const cause = interruption === undefined ? 'fault' : 'stopped';
    const requeue = { cause, detail: fault.message, now: world.now() } as const;
    const left = await save(saving, () => returnRun(db, run.id, requeue));
    if (left === undefined) return;
    if (left.state !== 'queued') {
      onEvent({ type: 'run-finished', run: left });
      return ports.onReports();
    }
    const retryInMs = nextAttemptDelay(left.faults, fault.retryAfterMs, world.random());
    if (retryInMs > options.longestWaitMs) parked.add(run.id);
    else delay(run.id, retryInMs);
    onEvent({ type: 'run-returned', run: left, fault: faultOf(fault) });
  }

  function delay(id: number, ms: number): void {
    delayed.add(id);
    void world.wait(ms, closing.signal).then(() => {
      delayed.delete(id);
      wake();
    });
  }

  function interrupt(entry: Active): void {
    entry.interruption ??= new SluiceError('interrupted', 'sluice was stopped');
    entry.controller.abort(entry.interruption);
  }

  function end(runs: readonly number[]): void {
    for (const id of runs) {
      const entry = active.get(id);
      if (entry === undefined) unwanted.add(id);
      else abortUnwanted(entry);
    }
  }

  function fail(error: unknown): void {
    closed = true;
    failure.reject(toSluiceError(error));
  }

  function tellIdle(): void {
    if (filling || active.size > 0 || delayed.size > 0) return;
    for (const resolve of waiters) resolve();
    waiters = [];
  }

  function idle(): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>();
    waiters.push(resolve);
    tellIdle();
    return Promise.race([promise, failure.promise]);
  }

  async function close(): Promise<void> {
    closed = true;
    const scripts = new AbortController();
    const ended = Promise.withResolvers<void>();
    waiters.push(ended.resolve);
    // A run that waits for another attempt is not waited for.
    delayed.clear();
    tellIdle();
    await Promise.race([ended.promise, world.wait(options.graceMs, scripts.signal)]);
    scripts.abort();
    closing.abort();
    for (const entry of active.values()) interrupt(entry);
    await ended.promise;
  }

  return { wake, end, idle, close, failed: failure.promise };
}

/** Why the run goes back into the queue instead of having a result; undefined: it has one. */
function reasonToReturn({ interruption }: Active, outcome: PipelineOutcome | SluiceError): SluiceError | undefined {
  const ended = outcome instanceof SluiceError || outcome.state === 'cancelled';
  // A script that came to its own end in the last moment keeps its result.
  if (interruption !== undefined && ended) return interruption;
  return outcome instanceof SluiceError && outcome.retryable ? outcome : undefined;
}

function abortUnwanted({ controller }: Active): void {
  controller.abort(new SluiceError('interrupted', 'it is no longer wanted'));
}

function errorOutcome({ message, hint }: SluiceError): PipelineOutcome {
  return { state: 'error', detail: hint === undefined ? message : `${message}. ${hint}` };
}
