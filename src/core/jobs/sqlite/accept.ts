import type { JobState } from '../states.ts';
import type { Accepted, NewDelivery, NewJob } from '../store.ts';
import type { Writing } from './connection.ts';
import { insertJob, type Ledger, requeueJob, runsAgain } from './transitions.ts';

/** The delivery, its jobs and what they supersede. One that was here before only does again what had failed. */
export function acceptDelivery(tx: Writing, ledger: Ledger, delivery: NewDelivery, jobs: readonly NewJob[]): Accepted {
  const { guid, source } = delivery;
  tx.after(() => ledger.onChange({ kind: 'delivery', id: guid }));
  const inserted = insertDelivery(tx, delivery);
  if (inserted !== undefined) {
    for (const job of jobs) insertJob(tx, ledger, job, inserted);
    return { duplicate: false, queued: jobs.length };
  }
  const [known] = tx.all<{ seq: number }>(
    'UPDATE delivery SET repeats = repeats + 1, reason = :reason WHERE guid = :guid AND source = :source RETURNING seq',
    { guid, source, reason: delivery.reason ?? null },
  );
  const queued = known === undefined ? 0 : queueAgain(tx, ledger, known.seq, jobs, 'redelivery');
  return { duplicate: queued === 0, queued };
}

/** Jobs of a delivery that is stored already: those that are missing, and those that are to be done again. Returns how many. */
export function queueAgain(
  tx: Writing,
  ledger: Ledger,
  delivery: number,
  jobs: readonly NewJob[],
  why: 'redelivery' | 'replay',
): number {
  let queued = 0;
  for (const job of jobs) {
    const sql = 'SELECT seq, state FROM job WHERE delivery = :delivery AND rule = :rule';
    const there = tx.get<{ seq: number; state: JobState }>(sql, { delivery, rule: job.rule });
    if (there === undefined) insertJob(tx, ledger, job, delivery);
    else if (runsAgain(there.state, why)) {
      requeueJob(tx, ledger, there.seq, { detail: `by ${why}`, attempt: 'anew' });
    } else continue;
    queued += 1;
  }
  return queued;
}

/** Undefined: it is there already. Asking first would cost one more look at the index for each new one, which most are. */
function insertDelivery(tx: Writing, delivery: NewDelivery): number | undefined {
  return tx.pack(delivery.body, (start) => {
    const { changes, insertedId } = tx.run(
      `INSERT INTO delivery (guid, source, event, repo, received_at, headers, reason, bytes, start)
       VALUES (:guid, :source, :event, :repo, :receivedAt, :headers, :reason, :bytes, :start)
       ON CONFLICT (guid, source) DO NOTHING`,
      {
        guid: delivery.guid,
        source: delivery.source,
        event: delivery.event,
        repo: delivery.repo ?? null,
        receivedAt: delivery.receivedAt,
        headers: JSON.stringify(delivery.headers),
        reason: delivery.reason ?? null,
        bytes: delivery.body.length,
        start,
      },
    );
    return changes === 0 ? undefined : insertedId;
  });
}
