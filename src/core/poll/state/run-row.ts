import type { ResultKind } from '../repository.ts';
import type { ChangeKind, Run, RunState } from '../run.ts';

/** A row of `run` with its repository's key, as `runColumns` selects it. */
export interface RunRow {
  readonly id: number;
  readonly repository: number;
  readonly key: string;
  readonly ref: string;
  readonly kind: ChangeKind;
  readonly old_oid: string | null;
  readonly new_oid: string | null;
  readonly change_number: number | null;
  readonly state: RunState;
  readonly stop: 'cancelled' | 'superseded' | null;
  readonly attempt: number;
  /** Undefined when a history is read that no watcher has brought to this schema yet. */
  readonly faults?: number;
  readonly results: string;
  readonly queued_at: number;
  readonly started_at: number | null;
  readonly finished_at: number | null;
  readonly group_pid: number | null;
  readonly group_start: string | null;
  readonly exit_status: number | null;
  readonly log: string | null;
  readonly last_line: string | null;
  readonly detail: string | null;
  readonly report_problems: string;
}

export const selectRun = 'SELECT run.*, repository.key FROM run JOIN repository ON repository.id = run.repository';

export function toRun(row: RunRow): Run {
  const { group_pid: pid, group_start: startTime } = row;
  return {
    id: row.id,
    repository: row.key,
    ref: row.ref,
    kind: row.kind,
    oldOid: row.old_oid ?? undefined,
    newOid: row.new_oid ?? undefined,
    change: row.change_number ?? undefined,
    state: row.state,
    attempt: row.attempt,
    faults: row.faults ?? 0,
    results: JSON.parse(row.results) as readonly ResultKind[],
    queuedAt: row.queued_at,
    startedAt: row.started_at ?? undefined,
    finishedAt: row.finished_at ?? undefined,
    group: pid === null || startTime === null ? undefined : { pid, startTime },
    exitStatus: row.exit_status ?? undefined,
    log: row.log ?? undefined,
    lastLine: row.last_line ?? undefined,
    detail: row.detail ?? undefined,
    reportProblems: JSON.parse(row.report_problems) as readonly string[],
  };
}
