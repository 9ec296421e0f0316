import type { PipelineOutcome, Started } from './ports.ts';
import type { FinalState, Run } from './run.ts';
import type { StateDatabase, Writing } from './state/access.ts';
import { findRun } from './state/history.ts';
import { setRef } from './state/refs.ts';
import { putReport } from './state/reports.ts';
import { type RunRow, toRun } from './state/run-row.ts';
import {
  beginRun,
  type Claim,
  endRun,
  findRunRow,
  nextQueued,
  queuedRunOf,
  requeueRun,
  runningRows,
  setOutcome,
  setStarted,
} from './state/runs.ts';

/** So often is a script begun that takes sluice down with it. */
const mostAttempts = 3;
/** So often is it tried to begin a run; with the pauses in between that takes ten minutes, which a remote may be away. */
export const mostFaults = 8;

/** Takes the next waiting run; undefined: there is none for these repositories now. */
export function claimRun(db: StateDatabase, claim: Claim, now: number): Run | undefined {
  const id = nextQueued(db, claim);
  if (id === undefined) return undefined;
  db.write(`begin run ${id}`, (tx) => beginRun(tx, id, now));
  return findRun(db, id);
}

/** The script is about to start: the forge is told, and the process is written down for whoever comes after a crash. */
export function markStarted(db: StateDatabase, run: Run, started: Started): void {
  db.write(`record that run ${run.id} has started`, (tx) => {
    setStarted(tx, run.id, started);
    if (run.results.includes('status')) putReport(tx, run.id, 'status', 'pending');
  });
}

/**
 * The result, the ref's advance and the reports to be sent, in one transaction. Returns the run as it is now; a run that was to be stopped
 * ends as that, whatever its script made of it, and its ref stays what the later event made it.
 */
export function finishRun(db: StateDatabase, id: number, outcome: PipelineOutcome, now: number): Run | undefined {
  db.write(`record the result of run ${id}`, (tx) => {
    const row = findRunRow(tx, id);
    if (row?.state !== 'running') return;
    const state = row.stop ?? outcome.state;
    setOutcome(tx, id, state, row.stop === null ? outcome : { ...outcome, detail: row.detail ?? undefined }, now);
    conclude(tx, row, state);
  });
  return findRun(db, id);
}

/** `stopped`: sluice was told to end. `killed`: it ended otherwise. `fault`: the run could not be begun. */
export type ReturnCause = 'stopped' | 'killed' | 'fault';

export interface Requeue {
  readonly cause: ReturnCause;
  readonly detail: string;
  readonly now: number;
}

/** Puts a running run back into the queue, unless a newer commit waits there already, it was to be stopped, or it was tried often enough. */
export function returnRun(db: StateDatabase, id: number, requeue: Requeue): Run | undefined {
  db.write(`put run ${id} back into the queue`, (tx) => {
    const row = findRunRow(tx, id);
    if (row?.state === 'running') returnRow(tx, row, requeue);
  });
  return findRun(db, id);
}

/** Runs that a process which is no more has left behind. */
export function abandonedRuns(db: StateDatabase): readonly Run[] {
  return runningRows(db).map(toRun);
}

function returnRow(tx: Writing, row: RunRow, { cause, detail, now }: Requeue): void {
  const { repository, ref, attempt } = row;
  const faults = (row.faults ?? 0) + (cause === 'fault' ? 1 : 0);
  const newer = queuedRunOf(tx, { repository, ref });
  if (row.stop !== null) finish(tx, row, row.stop, row.detail ?? detail, now);
  else if (newer !== undefined) finish(tx, row, 'superseded', `${detail}; run ${newer} of a newer commit waits`, now);
  else if (cause === 'killed' && attempt >= mostAttempts)
    finish(tx, row, 'error', `${detail} (attempt ${attempt})`, now);
  else if (faults >= mostFaults) finish(tx, row, 'error', `${detail} (tried ${faults} times)`, now);
  else requeueRun(tx, { ...row, faults, attempt: cause === 'killed' ? attempt : attempt - 1 }, detail);
}

function finish(tx: Writing, row: RunRow, state: FinalState, detail: string, now: number): void {
  endRun(tx, { id: row.id, state, detail, now });
  conclude(tx, row, state);
}

/** What follows from a final state. */
function conclude(tx: Writing, row: RunRow, state: FinalState): void {
  const { id, repository, ref: name, new_oid: oid } = row;
  if (row.stop === null && state !== 'superseded' && oid !== null) {
    setRef(tx, { repository, name, oid, blocked: false, run: id });
  }
  if (state === 'skipped') return;
  const unfinished = state === 'cancelled' || state === 'superseded';
  for (const kind of JSON.parse(row.results) as Run['results']) {
    // A status must not stay pending; a note or a commit is only written about a run that came to an end.
    if (kind === 'status' || !unfinished) putReport(tx, id, kind, 'final');
  }
}
