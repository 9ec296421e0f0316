import type { ReportPhase } from '../ports.ts';
import type { ResultKind } from '../repository.ts';
import type { Reading, Writing } from './access.ts';

export interface ReportRow {
  readonly id: number;
  readonly run: number;
  /** Id of the repository. */
  readonly repository: number;
  readonly kind: ResultKind;
  readonly phase: ReportPhase;
  /** Sent this often without an answer that settled it. */
  readonly attempts: number;
}

/**
 * A newer phase replaces an older one that was not sent yet, under a new id: what was read under the old id can no longer be
 * acknowledged, so a `pending` that is on its way cannot remove the `final` that came meanwhile.
 */
export function putReport(tx: Writing, run: number, kind: ResultKind, phase: ReportPhase): void {
  tx.run('INSERT OR REPLACE INTO report (run, kind, phase) VALUES (:run, :kind, :phase)', { run, kind, phase });
}

export interface ReportFilter {
  readonly repositories: readonly number[];
  /** Runs of which one is on its way. */
  readonly exceptRuns: readonly number[];
  /** Reports that wait for another attempt. */
  readonly exceptReports: readonly number[];
}

/** The oldest; one of each run at a time, so that `pending` never arrives after `final`. */
export function nextReport(db: Reading, filter: ReportFilter): ReportRow | undefined {
  return db.get<ReportRow>(
    `SELECT report.id, report.run, run.repository, report.kind, report.phase, report.attempts
     FROM report JOIN run ON run.id = report.run
     WHERE run.repository IN (SELECT value FROM json_each(:repositories))
     AND report.run NOT IN (SELECT value FROM json_each(:exceptRuns))
     AND report.id NOT IN (SELECT value FROM json_each(:exceptReports))
     ORDER BY report.id LIMIT 1`,
    {
      repositories: JSON.stringify(filter.repositories),
      exceptRuns: JSON.stringify(filter.exceptRuns),
      exceptReports: JSON.stringify(filter.exceptReports),
    },
  );
}

export function countReportAttempt(tx: Writing, id: number): void {
  tx.run('UPDATE report SET attempts = attempts + 1 WHERE id = :id', { id });
}

/** Acknowledged, or refused for good. */
export function removeReport(tx: Writing, id: number): void {
  tx.run('DELETE FROM report WHERE id = :id', { id });
}
