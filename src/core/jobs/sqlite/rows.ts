import type { JobState } from '../states.ts';
import type { JobRow, Queue } from '../store.ts';

/** A row of `job` with its delivery's id, as `selectJob` gives it. */
export interface JobRecord {
  readonly seq: number;
  readonly guid: string | null;
  readonly rule: string;
  readonly queue: Queue;
  readonly name: string;
  readonly repo: string;
  readonly event: string;
  readonly ref: string | null;
  readonly branch: string | null;
  readonly sha: string | null;
  readonly change_number: number | null;
  readonly lane: string | null;
  readonly key: string | null;
  readonly data: string;
  readonly state: JobState;
  readonly stop: 'cancelled' | 'superseded' | null;
  readonly pinned: 0 | 1;
  readonly told: string | null;
  readonly forget: 0 | 1;
  readonly attempt: number;
  readonly attempts: number;
  readonly delay_ms: number;
  readonly longest_ms: number;
  readonly not_before: number | null;
  readonly queued_at: number;
  readonly started_at: number | null;
  readonly finished_at: number | null;
  readonly processes: string | null;
  readonly last_line: string;
  readonly detail: string;
  readonly superseded_by: number | null;
}

export const selectJob = 'SELECT job.*, delivery.guid FROM job LEFT JOIN delivery ON delivery.seq = job.delivery';

export function toJobRow(record: JobRecord): JobRow {
  const { seq, superseded_by: newer } = record;
  return {
    id: String(seq),
    rule: record.rule,
    queue: record.queue,
    name: record.name,
    subject: {
      repo: record.repo,
      event: record.event,
      ref: record.ref ?? undefined,
      branch: record.branch ?? undefined,
      sha: record.sha ?? undefined,
      change: record.change_number ?? undefined,
    },
    lane: record.lane ?? undefined,
    key: record.key ?? undefined,
    data: JSON.parse(record.data) as unknown,
    state: record.state,
    stop: record.stop ?? undefined,
    attempt: record.attempt,
    attempts: record.attempts,
    queuedAt: record.queued_at,
    startedAt: record.started_at ?? undefined,
    finishedAt: record.finished_at ?? undefined,
    notBefore: record.not_before ?? undefined,
    lastLine: record.last_line,
    detail: record.detail,
    delivery: record.guid ?? undefined,
    supersededBy: newer === null ? undefined : String(newer),
    processes: record.processes ?? undefined,
    pinned: record.pinned === 1,
    told: record.told ?? undefined,
  };
}

/** The number behind an id from outside; undefined for what is none. */
export function seqOf(id: string | undefined): number | undefined {
  return id !== undefined && /^[1-9]\d{0,14}$/.test(id) ? Number(id) : undefined;
}

/** Lists of words as a parameter: `IN (SELECT value FROM json_each(:x))`. */
export function listed(words: readonly (string | number)[]): string {
  return JSON.stringify(words);
}
