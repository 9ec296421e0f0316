import { isEnded } from '../states.ts';
import type { Asked } from '../store.ts';
import type { Connection } from './connection.ts';
import { seqOf } from './rows.ts';
import { endJob, findJob, type Ledger, requeueJob, stopJob } from './transitions.ts';

// What people ask for.

export async function cancelJob(db: Connection, ledger: Ledger, id: string, detail: string): Promise<Asked> {
  const seq = seqOf(id);
  if (seq === undefined) return 'not-found';
  return await db.write(`cancel run ${id}`, (tx): Asked => {
    const row = findJob(tx, seq);
    if (row === undefined) return 'not-found';
    if (row.state === 'running') stopJob(tx, ledger, seq, 'cancelled', detail);
    else if (row.state === 'queued' || row.state === 'waiting') endJob(tx, ledger, seq, { state: 'cancelled', detail });
    else return 'not-possible';
    return 'done';
  });
}

export async function retryJob(db: Connection, ledger: Ledger, id: string, pinned: boolean): Promise<Asked> {
  const seq = seqOf(id);
  if (seq === undefined) return 'not-found';
  return await db.write(`retry run ${id}`, (tx): Asked => {
    const row = findJob(tx, seq);
    if (row === undefined) return 'not-found';
    if (!isEnded(row.state)) return 'not-possible';
    requeueJob(tx, ledger, seq, { detail: '', attempt: 'anew', pinned });
    return 'done';
  });
}
