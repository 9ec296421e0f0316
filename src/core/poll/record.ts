import { SluiceError } from '../errors.ts';
import type { Oid, RefName } from '../model/ref.ts';
import { changesNothing, type PollPlan, type RefEvent } from './plan.ts';
import type { WatchedRepository } from './repository.ts';
import type { Run } from './run.ts';
import { type PollSelection, selectionText } from './select.ts';
import type { StateDatabase, Writing } from './state/access.ts';
import { deleteRef, setRef } from './state/refs.ts';
import { putReport } from './state/reports.ts';
import { addRepository, findRepository, type RepositoryRow, setLook } from './state/repositories.ts';
import {
  type Ending,
  endRun,
  findRunRow,
  insertRun,
  isAnswered,
  pruneRuns,
  queuedRunOf,
  runningRunOf,
  stopRun,
} from './state/runs.ts';

export interface RecordOptions {
  /** As it is before. */
  readonly repository: RepositoryRow;
  /** The part of the watcher's selection that could be looked at. */
  readonly looked: PollSelection;
  /** A newer commit also ends a run that is going on; otherwise only one that waits. */
  readonly supersedeRunning: boolean;
  readonly now: number;
}

export interface Recorded {
  /** Every event with the run that stands for it in the history. */
  readonly runs: readonly { readonly event: RefEvent; readonly run: number }[];
  /** Running runs whose script is to be ended now. */
  readonly stopped: readonly number[];
}

/** The rows of the repositories, by key; those that are new are made in one transaction. */
export function openRepositories(db: StateDatabase, keys: readonly string[]): ReadonlyMap<string, RepositoryRow> {
  const missing = keys.filter((key) => findRepository(db, key) === undefined);
  if (missing.length > 0) {
    db.write('record the watched repositories', (tx) => {
      for (const key of missing) addRepository(tx, key);
    });
  }
  const rows = keys.flatMap((key) => findRepository(db, key) ?? []);
  return new Map(rows.map((row) => [row.key, row]));
}

/** The row of one repository, made when it is needed for the first time. */
export function openRepository(db: StateDatabase, key: string): RepositoryRow {
  const row = findRepository(db, key) ?? openRepositories(db, [key]).get(key);
  if (row === undefined) throw new SluiceError('internal', `the poll state has no row for ${key}`);
  return row;
}

/** Whether there is nothing to write: almost every look finds that. */
export function isNoNews(plan: PollPlan, { repository, looked }: RecordOptions): boolean {
  const sameLook = repository.selection === selectionText(looked) && (repository.doubted === 1) === plan.doubted > 0;
  return sameLook && changesNothing(plan);
}

/**
 * Everything that one look has found, in one transaction: after a crash either all of it is known and its runs are queued, or nothing,
 * and the next look finds it again.
 */
export function recordPlan(tx: Writing, watched: WatchedRepository, plan: PollPlan, options: RecordOptions): Recorded {
  const { id } = options.repository;
  const stopped: number[] = [];
  for (const [name, { oid, blocked }] of plan.remember) {
    setRef(tx, { repository: id, name, oid, blocked: blocked !== undefined, run: 0 });
  }
  for (const ref of plan.forget) stopped.push(...dropRef(tx, id, ref, 'it is no longer watched', options.now));
  const runs = plan.events.map((event) => {
    const recorded = recordEvent(tx, id, watched, event, options);
    stopped.push(...recorded.stopped);
    return { event, run: recorded.run };
  });
  // Here and nowhere else the table grows.
  if (runs.length > 0) pruneRuns(tx, id, keptRuns);
  setLook(tx, id, selectionText(options.looked), plan.doubted > 0);
  return { runs, stopped };
}

/** Runs that the history holds for each repository, beside those with a log. */
export const keptRuns = 1000;

interface RecordedEvent {
  readonly run: number;
  readonly stopped: readonly number[];
}

function recordEvent(
  tx: Writing,
  repository: number,
  { results }: WatchedRepository,
  event: RefEvent,
  options: RecordOptions,
): RecordedEvent {
  const { ref, newOid, blocked } = event;
  const { now } = options;
  if (event.kind === 'deleted' || newOid === undefined) {
    const stopped = dropRef(tx, repository, ref, 'the ref was deleted', now);
    const detail = 'the ref was deleted';
    return { run: insertRun(tx, { repository, event, state: 'skipped', detail, results, now }), stopped };
  }
  const waiting = queuedRunOf(tx, { repository, ref });
  if (blocked !== undefined) {
    const ending = { state: 'cancelled', detail: 'the head moved, or is trusted no more', now } as const;
    if (waiting !== undefined) endWaiting(tx, { id: waiting, ...ending }, newOid);
    const run = insertRun(tx, { repository, event, state: 'skipped', detail: blocked, results, now });
    setRef(tx, { repository, name: ref, oid: newOid, blocked: true, run });
    // Anybody can open a change request of a commit that a branch has; its status is not his to take away.
    if (results.includes('status') && !isAnswered(tx, repository, newOid)) putReport(tx, run, 'status', 'blocked');
    return { run, stopped: [] };
  }
  // The index allows one waiting run of a ref, so the old one goes first.
  const ending = { state: 'superseded', detail: `${newOid} came first`, now } as const;
  if (waiting !== undefined) endWaiting(tx, { id: waiting, ...ending }, newOid);
  const run = insertRun(tx, { repository, event, state: 'queued', detail: undefined, results, now });
  const running = options.supersedeRunning ? runningRunOf(tx, { repository, ref }) : undefined;
  if (running === undefined) return { run, stopped: [] };
  stopRun(tx, running, 'superseded', `superseded by run ${run}`);
  return { run, stopped: [running] };
}

/** A run that was begun and put back into the queue has left a pending status, unless the run that comes now is of the same commit. */
function endWaiting(tx: Writing, ending: Ending, next: Oid | undefined): void {
  const row = findRunRow(tx, ending.id);
  endRun(tx, ending);
  // Its log is what remains of a begin.
  if (row === undefined || row.log === null || row.new_oid === next) return;
  if ((JSON.parse(row.results) as Run['results']).includes('status')) putReport(tx, row.id, 'status', 'final');
}

/** Forgets a ref and everything that is on its way for it; returns the run whose script is to be ended. */
function dropRef(tx: Writing, repository: number, ref: RefName, detail: string, now: number): readonly number[] {
  deleteRef(tx, repository, ref);
  const waiting = queuedRunOf(tx, { repository, ref });
  if (waiting !== undefined) endWaiting(tx, { id: waiting, state: 'cancelled', detail, now }, undefined);
  const running = runningRunOf(tx, { repository, ref });
  if (running === undefined) return [];
  stopRun(tx, running, 'cancelled', detail);
  return [running];
}
