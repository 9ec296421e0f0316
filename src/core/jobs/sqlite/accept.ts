import type { JobState } from '../states.ts';
import type { Accepted, NewDelivery, NewJob } from '../store.ts';
import type { Writing } from './connection.ts';
import { insertJob, type Ledger, requeueJob, runsAgain } from './transitions.ts';

/** The delivery, its jobs and what they supersede. One that was here before only does again what had failed. */
export function acceptDelivery(tx: Writing, ledger: Ledger, delivery: NewDelivery, jobs: readonly NewJob[]): Accepted {
  const { guid, source } = delivery;
  tx.after(() => ledger.onChange({ kind: 'delivery', id: guid }));
  const known = tx.get<{ seq: number }>('SELECT seq FROM delivery WHERE guid = :guid AND source = :source', {
    guid,
    source,
  });
  if (known === undefined) {
    const seq = insertDelivery(tx, delivery);
    for (const job of jobs) insertJob(tx, ledger, job, seq);
    return { duplicate: false, queued: jobs.length };
  }
  const { seq } = known;
  tx.run('UPDATE delivery SET repeats = repeats + 1, reason = :reason WHERE seq = :seq', {
    seq,
    reason: delivery.reason ?? null,
  });
  const queued = queueAgain(tx, ledger, seq, jobs, 'redelivery');
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

function insertDelivery(tx: Writing, delivery: NewDelivery): number {
  const { length } = delivery.body;
  const { insertedId: seq } = tx.run(
    `INSERT INTO delivery (guid, source, event, repo, received_at, headers, reason, bytes)
     VALUES (:guid, :source, :event, :repo, :receivedAt, :headers, :reason, :bytes)`,
    {
      guid: delivery.guid,
      source: delivery.source,
      event: delivery.event,
      repo: delivery.repo ?? null,
      receivedAt: delivery.receivedAt,
      headers: JSON.stringify(delivery.headers),
      reason: delivery.reason ?? null,
      bytes: length,
    },
  );
  const { block, start } = tx.pack(delivery.body);
  tx.run('INSERT INTO body (delivery, block, start, length) VALUES (:seq, :block, :start, :length)', {
    seq,
    block,
    start,
    length,
  });
  return seq;
}
