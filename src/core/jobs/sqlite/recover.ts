import type { JobRow } from '../store.ts';
import type { Connection } from './connection.ts';
import { type JobRecord, selectJob, toJobRow } from './rows.ts';
import { endJob, type Ledger, requeueJob } from './transitions.ts';

const detail = 'sluice ended while it ran';

/**
 * The file's lock says that nobody else is at work, so whatever is still `running` is not. What it started is ended before it may begin
 * again: two jobs of a lane never overlap, also across a crash.
 */
export async function recover(
  db: Connection,
  ledger: Ledger,
  end: (row: JobRow) => Promise<void>,
): Promise<readonly JobRow[]> {
  const rows = db.all<JobRecord>(`${selectJob} WHERE job.state = 'running' ORDER BY job.seq`).map(toJobRow);
  for (const row of rows) {
    await end(row);
    await db.write(`take up run ${row.id} again`, (tx) => {
      const seq = Number(row.id);
      if (row.attempt < row.attempts) requeueJob(tx, ledger, seq, { detail, attempt: 'counted' });
      else endJob(tx, ledger, seq, { state: 'error', detail: `${detail}, in its last attempt (${row.attempt})` });
    });
  }
  return rows;
}
