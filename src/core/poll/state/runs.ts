import type { Oid, RefName } from '../../model/ref.ts';
import type { RefEvent } from '../plan.ts';
import type { PipelineOutcome, Started } from '../ports.ts';
import type { ResultKind } from '../repository.ts';
import type { FinalState } from '../run.ts';
import type { Reading, Writing } from './access.ts';
import { type RunRow, selectRun } from './run-row.ts';

export interface NewRun {
  readonly repository: number;
  readonly event: RefEvent;
  readonly state: 'queued' | 'skipped';
  readonly detail: string | undefined;
  readonly results: readonly ResultKind[];
  readonly now: number;
}

/** The change and its run are one row: there is no moment at which one exists without the other. */
export function insertRun(tx: Writing, { repository, event, state, detail, results, now }: NewRun): number {
  const { insertedId } = tx.run(
    `INSERT INTO run (repository, ref, kind, old_oid, new_oid, change_number, state, detail, results, queued_at, finished_at)
     VALUES (:repository, :ref, :kind, :oldOid, :newOid, :change, :state, :detail, :results, :now, :finishedAt)`,
    {
      repository,
      ref: event.ref,
      kind: event.kind,
      oldOid: event.oldOid ?? null,
      newOid: event.newOid ?? null,
      change: event.change ?? null,
      state,
      detail: detail ?? null,
      results: JSON.stringify(results),
      now,
      finishedAt: state === 'queued' ? null : now,
    },
  );
  return insertedId;
}

export function findRunRow(db: Reading, id: number): RunRow | undefined {
  return db.get<RunRow>(`${selectRun} WHERE run.id = :id`, { id });
}

export function runningRows(db: Reading): readonly RunRow[] {
  return db.all<RunRow>(`${selectRun} WHERE state = 'running' ORDER BY run.id`);
}

interface OneRef {
  readonly repository: number;
  readonly ref: RefName;
}

/** There is at most one (index run_queued). */
export function queuedRunOf(db: Reading, { repository, ref }: OneRef): number | undefined {
  const sql = `SELECT id FROM run WHERE repository = :repository AND ref = :ref AND state = 'queued'`;
  return db.get<{ id: number }>(sql, { repository, ref })?.id;
}

/** There is at most one (index run_running). */
export function runningRunOf(db: Reading, { repository, ref }: OneRef): number | undefined {
  const sql = `SELECT id FROM run WHERE repository = :repository AND ref = :ref AND state = 'running'`;
  return db.get<{ id: number }>(sql, { repository, ref })?.id;
}

/** Whether a commit of this repository has a result under any name, or will have one. */
export function isAnswered(db: Reading, repository: number, oid: Oid): boolean {
  const sql = `SELECT id FROM run WHERE repository = :repository AND new_oid = :oid
    AND state IN ('queued', 'running', 'success', 'failure', 'error', 'timed-out') LIMIT 1`;
  return db.get<{ id: number }>(sql, { repository, oid }) !== undefined;
}

export interface Ending {
  readonly id: number;
  readonly state: FinalState;
  readonly detail: string | undefined;
  readonly now: number;
}

/** For a run without an outcome of its own: cancelled or superseded while it was waiting, or given up. */
export function endRun(tx: Writing, { id, state, detail, now }: Ending): void {
  tx.run(
    `UPDATE run SET state = :state, detail = :detail, finished_at = :now, group_pid = NULL, group_start = NULL WHERE id = :id`,
    { id, state, detail: detail ?? null, now },
  );
}

/** A running script cannot end inside of a transaction: what shall become of it is written down first, and then it is ended. */
export function stopRun(tx: Writing, id: number, state: 'cancelled' | 'superseded', detail: string): void {
  tx.run('UPDATE run SET stop = :state, detail = :detail WHERE id = :id AND stop IS NULL', { id, state, detail });
}

export interface Claim {
  /** Rows of the repositories that this process watches and that may have one more run. */
  readonly repositories: readonly number[];
  /** Runs that wait for another attempt. */
  readonly except: readonly number[];
}

/** First come, first served; a ref that has a running run waits (the index run_running would refuse a second one). */
export function nextQueued(db: Reading, { repositories, except }: Claim): number | undefined {
  return db.get<{ id: number }>(
    `SELECT id FROM run WHERE state = 'queued'
     AND repository IN (SELECT value FROM json_each(:repositories))
     AND id NOT IN (SELECT value FROM json_each(:except))
     AND NOT EXISTS (SELECT 1 FROM run AS other
       WHERE other.state = 'running' AND other.repository = run.repository AND other.ref = run.ref)
     ORDER BY id LIMIT 1`,
    { repositories: JSON.stringify(repositories), except: JSON.stringify(except) },
  )?.id;
}

/** The attempt is counted before the script exists: a script that takes sluice down with it must not be tried for ever. */
export function beginRun(tx: Writing, id: number, now: number): void {
  tx.run(`UPDATE run SET state = 'running', attempt = attempt + 1, started_at = :now, detail = NULL WHERE id = :id`, {
    id,
    now,
  });
}

/** How a later process finds the script again, should this one die. */
export function setStarted(tx: Writing, id: number, { group, log }: Started): void {
  tx.run('UPDATE run SET group_pid = :pid, group_start = :startTime, log = coalesce(:log, log) WHERE id = :id', {
    id,
    pid: group?.pid ?? null,
    startTime: group?.startTime ?? null,
    log: log ?? null,
  });
}

export function setOutcome(tx: Writing, id: number, state: FinalState, outcome: PipelineOutcome, now: number): void {
  tx.run(
    `UPDATE run SET state = :state, exit_status = :exitStatus, log = coalesce(:log, log), last_line = :lastLine,
     detail = coalesce(:detail, detail), finished_at = :now, group_pid = NULL, group_start = NULL WHERE id = :id`,
    {
      id,
      state,
      exitStatus: outcome.exitStatus ?? null,
      log: outcome.log ?? null,
      lastLine: outcome.lastLine ?? null,
      detail: outcome.detail ?? null,
      now,
    },
  );
}

/** Back into the queue, with the counts that it has then. */
export function requeueRun(tx: Writing, { id, attempt, faults = 0 }: RunRow, detail: string): void {
  tx.run(
    `UPDATE run SET state = 'queued', attempt = :attempt, faults = :faults, started_at = NULL, detail = :detail,
     group_pid = NULL, group_start = NULL WHERE id = :id`,
    { id, attempt, faults, detail },
  );
}

/** Forgets the oldest runs of a repository beyond the newest `keep`; not one that is on its way, has a log, or is still to be reported. */
export function pruneRuns(tx: Writing, repository: number, keep: number): void {
  tx.run(
    `DELETE FROM run WHERE repository = :repository
     AND id <= (SELECT id FROM run WHERE repository = :repository ORDER BY id DESC LIMIT 1 OFFSET :keep)
     AND state NOT IN ('queued', 'running') AND log IS NULL
     AND NOT EXISTS (SELECT 1 FROM report WHERE report.run = run.id)`,
    { repository, keep },
  );
}

export function addReportProblem(tx: Writing, id: number, problem: string): void {
  tx.run(`UPDATE run SET report_problems = json_insert(report_problems, '$[#]', :problem) WHERE id = :id`, {
    id,
    problem,
  });
}
