import type { Oid } from '../../model/ref.ts';
import { isEnded, isFailed, type JobState } from '../states.ts';
import type { FollowUps, JobRow, NewJob, Queue, StoreChange } from '../store.ts';
import type { Reading, Writing } from './connection.ts';
import { type JobRecord, selectJob, toJobRow } from './rows.ts';

/** Which job became ready, where that is known: who cannot take it need not look. */
export interface Ready {
  readonly queue: Queue;
  readonly repo: string;
}

/** What a transition needs beside the transaction. The functions are called after the commit. */
export interface Ledger {
  readonly now: () => number;
  readonly followUps: FollowUps;
  readonly onChange: (change: StoreChange) => void;
  /** Something may be ready to run: a new job, or a lane that is free again. */
  readonly onReady: (what?: Ready) => void;
  /** A running job is no longer wanted. */
  readonly onStop: (seq: number, detail: string) => void;
}

/** Inserts a job and lets it take the place of older ones of its key. Returns its number. */
export function insertJob(tx: Writing, ledger: Ledger, job: NewJob, delivery: number | null): number {
  const { subject, patience } = job;
  const now = ledger.now();
  const { insertedId: seq } = tx.run(
    `INSERT INTO job (delivery, rule, queue, name, repo, event, ref, branch, sha, change_number, lane, key, data, state, forget,
       attempts, delay_ms, longest_ms, not_before, queued_at)
     VALUES (:delivery, :rule, :queue, :name, :repo, :event, :ref, :branch, :sha, :change, :lane, :key, :data, 'queued', :forget,
       :attempts, :delayMs, :longestMs, :notBefore, :now)`,
    {
      delivery,
      rule: job.rule,
      queue: job.queue,
      name: job.name,
      repo: subject.repo,
      event: subject.event,
      ref: subject.ref ?? null,
      branch: subject.branch ?? null,
      sha: subject.sha ?? null,
      change: subject.change ?? null,
      lane: job.lane ?? null,
      key: job.key ?? null,
      data: JSON.stringify(job.data),
      forget: job.forget === true ? 1 : 0,
      ...patience,
      notBefore: job.delayMs === undefined ? null : now + job.delayMs,
      now,
    },
  );
  supersede(tx, ledger, job, seq);
  announce(tx, ledger, seq, 'queued', subject.repo);
  tx.after(() => ledger.onReady({ queue: job.queue, repo: subject.repo }));
  return seq;
}

interface OpenJob {
  readonly seq: number;
  readonly state: JobState;
  readonly sha: Oid | null;
}

function supersede(tx: Writing, ledger: Ledger, { key, endsRunning, subject }: NewJob, by: number): void {
  if (key === undefined) return;
  const open = tx.all<OpenJob>(
    `SELECT seq, state, sha FROM job WHERE key = :key AND state IN ('queued', 'running', 'waiting') AND seq < :by`,
    { key, by },
  );
  const detail = `superseded by run ${by}`;
  for (const { seq, state, sha } of open) {
    if (state !== 'running') endJob(tx, ledger, seq, { state: 'superseded', detail, supersededBy: by });
    else if (endsRunning && subject.sha !== undefined && sha !== subject.sha) {
      stopJob(tx, ledger, seq, 'superseded', detail, by);
    }
  }
}

/** What works on it cannot end inside of a transaction: what shall become of it is written down first, and then it is ended. */
export function stopJob(
  tx: Writing,
  ledger: Ledger,
  seq: number,
  state: 'cancelled' | 'superseded',
  detail: string,
  by: number | null = null,
): void {
  const { changes } = tx.run(
    `UPDATE job SET stop = :state, detail = :detail, superseded_by = :by WHERE seq = :seq AND state = 'running' AND stop IS NULL`,
    { seq, state, detail, by },
  );
  if (changes > 0) tx.after(() => ledger.onStop(seq, detail));
}

export interface Ending {
  readonly state: Exclude<JobState, 'queued' | 'running'>;
  readonly detail?: string | undefined;
  readonly lastLine?: string | undefined;
  readonly sha?: Oid | undefined;
  readonly supersededBy?: number | undefined;
}

/** Ends a job, with what follows from that; one that was to be stopped ends as that. */
export function endJob(tx: Writing, ledger: Ledger, seq: number, ending: Ending): void {
  const record = tx.get<JobRecord>(`${selectJob} WHERE job.seq = :seq`, { seq });
  if (record === undefined) return;
  const { stop } = record;
  const state = stop ?? ending.state;
  if (record.forget === 1 && state === 'success') {
    tx.run('DELETE FROM job WHERE seq = :seq', { seq });
  } else {
    tx.run(
      `UPDATE job SET state = :state, stop = NULL, finished_at = :now, not_before = NULL, processes = NULL,
         detail = :detail, last_line = :lastLine, sha = coalesce(:sha, sha), superseded_by = coalesce(:by, superseded_by)
       WHERE seq = :seq`,
      {
        seq,
        state,
        now: ledger.now(),
        detail: stop === null ? (ending.detail ?? '') : record.detail,
        lastLine: ending.lastLine ?? record.last_line,
        sha: ending.sha ?? null,
        by: ending.supersededBy ?? null,
      },
    );
    follow(tx, ledger, seq);
  }
  announce(tx, ledger, seq, state, record.repo);
  // Its lane is free. One that was superseded before it began leaves it to the newer one, which says so itself.
  if (record.state === 'running' || state === 'cancelled') tx.after(() => ledger.onReady());
}

/** Queues what follows from the state that a job is in now. */
export function follow(tx: Writing, ledger: Ledger, seq: number): void {
  const row = findJob(tx, seq);
  if (row === undefined) return;
  const jobs = ledger.followUps(row);
  for (const job of jobs) insertJob(tx, ledger, job, null);
  if (jobs.length === 0) return;
  // Another process, and another attempt, must know of whom to say how it ended.
  const unsettled = row.state === 'running' || row.state === 'waiting';
  const told = unsettled && jobs.some(({ subject }) => subject.sha === row.subject.sha) ? row.subject.sha : undefined;
  tx.run('UPDATE job SET told = :told WHERE seq = :seq', { told: told ?? null, seq });
}

export interface Requeueing {
  readonly detail: string;
  /** `same`: the attempt that was begun does not count. `anew`: as if it had never run. */
  readonly attempt: 'counted' | 'same' | 'anew';
  readonly pinned?: boolean;
  readonly delayMs?: number;
}

/** Back into the queue; not when it was to be stopped, nor, after a failed attempt, when a newer one of its key is there. */
export function requeueJob(tx: Writing, ledger: Ledger, seq: number, how: Requeueing): void {
  const row = findJob(tx, seq);
  if (row === undefined) return;
  const newer = how.attempt === 'counted' ? newerOf(tx, row.key, seq) : undefined;
  if (row.stop !== undefined || newer !== undefined) {
    const detail = `superseded by run ${newer}`;
    endJob(tx, ledger, seq, { state: 'superseded', detail, supersededBy: newer });
    return;
  }
  tx.run(
    `UPDATE job SET state = 'queued', detail = :detail, processes = NULL, started_at = NULL, finished_at = NULL,
       superseded_by = NULL, not_before = :notBefore, pinned = :pinned,
       attempt = CASE :attempt WHEN 'anew' THEN 0 WHEN 'same' THEN attempt - 1 ELSE attempt END
     WHERE seq = :seq`,
    {
      seq,
      detail: how.detail,
      attempt: how.attempt,
      pinned: how.pinned === true || (how.attempt !== 'anew' && row.pinned) ? 1 : 0,
      notBefore: how.delayMs === undefined ? null : ledger.now() + how.delayMs,
    },
  );
  announce(tx, ledger, seq, 'queued', row.subject.repo);
  tx.after(() => ledger.onReady());
}

function newerOf(tx: Reading, key: string | undefined, seq: number): number | undefined {
  if (key === undefined) return undefined;
  const sql = `SELECT max(seq) AS newer FROM job WHERE key = :key AND state IN ('queued', 'running', 'waiting') AND seq > :seq`;
  return tx.get<{ newer: number | null }>(sql, { key, seq })?.newer ?? undefined;
}

export function findJob(db: Reading, seq: number): JobRow | undefined {
  const record = db.get<JobRecord>(`${selectJob} WHERE job.seq = :seq`, { seq });
  return record === undefined ? undefined : toJobRow(record);
}

export function announce(tx: Writing, ledger: Ledger, seq: number, state: JobState, repo: string): void {
  tx.after(() => ledger.onChange({ kind: 'run', id: String(seq), state, repo }));
}

/** Whether a job that its delivery has already led to is to be done again when the delivery comes again. */
export function runsAgain(state: JobState, why: 'redelivery' | 'replay'): boolean {
  return why === 'redelivery' ? isFailed(state) : isEnded(state);
}
