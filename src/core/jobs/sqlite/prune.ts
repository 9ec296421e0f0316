import type { Pruned } from '../store.ts';
import type { Connection } from './connection.ts';

/** Rows of one transaction, so that nobody waits long for it. */
const chunk = 500;

/** Forgets what has ended long ago, a few rows at a time; the file shrinks with it (auto_vacuum = INCREMENTAL). */
export async function prune(
  db: Connection,
  before: { readonly jobs: number; readonly bodies: number },
): Promise<Pruned> {
  const jobs: string[] = [];
  for (;;) {
    const removed = await db.write('forget old jobs', (tx) => {
      const rows = tx.all<{ seq: number }>(
        `SELECT seq FROM job WHERE finished_at < :before AND state NOT IN ('queued', 'running', 'waiting') ORDER BY seq LIMIT :chunk`,
        { before: before.jobs, chunk },
      );
      for (const { seq } of rows) tx.run('DELETE FROM job WHERE seq = :seq', { seq });
      return rows;
    });
    jobs.push(...removed.map(({ seq }) => String(seq)));
    if (removed.length < chunk) break;
  }
  const unused = `received_at < :before AND NOT EXISTS (SELECT 1 FROM job WHERE job.delivery = delivery.seq`;
  const oldBodies = `SELECT seq FROM delivery WHERE start IS NOT NULL AND ${unused} AND job.state IN ('queued', 'running', 'waiting')) LIMIT :chunk`;
  const bodies = await inChunks(db, `UPDATE delivery SET start = NULL WHERE seq IN (${oldBodies})`, before.bodies);
  const kept = 'SELECT 1 FROM delivery WHERE seq BETWEEN block.first AND block.last AND start IS NOT NULL';
  const empty = `SELECT first FROM block WHERE NOT EXISTS (${kept}) LIMIT :chunk`;
  await inChunks(db, `DELETE FROM block WHERE first IN (${empty})`);
  const oldDeliveries = `SELECT seq FROM delivery WHERE start IS NULL AND ${unused}) LIMIT :chunk`;
  const deliveries = await inChunks(db, `DELETE FROM delivery WHERE seq IN (${oldDeliveries})`, before.jobs);
  await db.write('give room back', (tx) => tx.all('PRAGMA incremental_vacuum(2000)'));
  return { jobs, bodies, deliveries };
}

async function inChunks(db: Connection, sql: string, before?: number): Promise<number> {
  for (let total = 0; ; ) {
    const { changes } = await db.write('forget old deliveries', (tx) =>
      tx.run(sql, before === undefined ? { chunk } : { before, chunk }),
    );
    total += changes;
    if (changes < chunk) return total;
  }
}
