import type { RefName } from '../../model/ref.ts';
import type { Run, RunState } from '../run.ts';
import type { Reading, Writing } from './access.ts';
import { type RunRow, selectRun, toRun } from './run-row.ts';

export interface HistoryQuery {
  /** Key of a repository; undefined: all. */
  readonly repository?: string | undefined;
  readonly ref?: RefName | undefined;
  readonly state?: RunState | undefined;
  /** Only runs older than this one: the next page. */
  readonly before?: number | undefined;
  readonly limit: number;
}

/** Newest first. */
export function history(db: Reading, query: HistoryQuery): readonly Run[] {
  const conditions = [
    ...(query.repository === undefined ? [] : ['repository.key = :repository']),
    ...(query.ref === undefined ? [] : ['run.ref = :ref']),
    ...(query.state === undefined ? [] : ['run.state = :state']),
    ...(query.before === undefined ? [] : ['run.id < :before']),
  ];
  const { limit, repository, ref, state, before } = query;
  const given = Object.entries({ limit, repository, ref, state, before }).flatMap(([name, value]) =>
    value === undefined ? [] : [[name, value] as const],
  );
  const where = conditions.length === 0 ? '' : `WHERE ${conditions.join(' AND ')}`;
  const rows = db.all<RunRow>(`${selectRun} ${where} ORDER BY run.id DESC LIMIT :limit`, Object.fromEntries(given));
  return rows.map(toRun);
}

export function findRun(db: Reading, id: number): Run | undefined {
  const row = db.get<RunRow>(`${selectRun} WHERE run.id = :id`, { id });
  return row === undefined ? undefined : toRun(row);
}

/** Keys of all repositories that the state has ever been told of, in order. */
export function repositoryKeys(db: Reading): readonly string[] {
  return db.all<{ key: string }>('SELECT key FROM repository ORDER BY key').map(({ key }) => key);
}

/** Runs of a repository that are on their way, oldest first. */
export function waitingRuns(db: Reading, repository: string): readonly Run[] {
  const where = `WHERE repository.key = :repository AND run.state IN ('queued', 'running')`;
  return db.all<RunRow>(`${selectRun} ${where} ORDER BY run.id`, { repository }).map(toRun);
}

export interface OldLog {
  readonly run: number;
  readonly path: string;
}

/** Logs beyond the newest `keep` of a repository. Delete the files first and then call `forgetLogs`: after a crash in between they are listed again. */
export function oldLogs(db: Reading, repository: string, keep: number): readonly OldLog[] {
  return db.all<OldLog>(
    `SELECT run.id AS run, log AS path FROM run JOIN repository ON repository.id = run.repository
     WHERE repository.key = :repository AND log IS NOT NULL AND state NOT IN ('queued', 'running')
     ORDER BY run.id DESC LIMIT -1 OFFSET :keep`,
    { repository, keep },
  );
}

/** The runs stay in the history, without a log. */
export function forgetLogs(tx: Writing, runs: readonly number[]): void {
  tx.run('UPDATE run SET log = NULL WHERE id IN (SELECT value FROM json_each(:runs))', { runs: JSON.stringify(runs) });
}
