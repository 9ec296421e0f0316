import type { JobRow, Queue } from '../store.ts';
import type { Reading, Writing } from './connection.ts';
import { listed } from './rows.ts';
import { announce, findJob, type Ledger } from './transitions.ts';

/** No delay is longer: what seems to be further away comes from a clock that has jumped back, and is due. */
const longestDelayMs = 2 * 3_600_000;

export interface Claim {
  readonly queues: readonly Queue[];
  /** Most jobs to claim. */
  readonly room: number;
  /** Running jobs of each repository, of these queues. */
  readonly running: ReadonlyMap<string, number>;
  readonly perRepository: number;
}

/** Marks the next jobs as running: oldest first, never two of a lane, and only the head of each lane. */
export function claimJobs(tx: Writing, ledger: Ledger, claim: Claim): readonly JobRow[] {
  const running = new Map(claim.running);
  const claimed: JobRow[] = [];
  while (claimed.length < claim.room) {
    const full = [...running].flatMap(([repo, count]) => (count >= claim.perRepository ? [repo] : []));
    const seq = nextReady(tx, claim.queues, full, ledger.now());
    if (seq === undefined) break;
    // The attempt is counted before there is one: a job that takes sluice down with it must not be tried for ever.
    tx.run(
      `UPDATE job SET state = 'running', attempt = attempt + 1, started_at = :now, not_before = NULL, detail = '', last_line = ''
       WHERE seq = :seq`,
      { seq, now: ledger.now() },
    );
    const row = findJob(tx, seq);
    if (row === undefined) break;
    announce(tx, ledger, seq, 'running', row.subject.repo);
    claimed.push(row);
    running.set(row.subject.repo, (running.get(row.subject.repo) ?? 0) + 1);
  }
  return claimed;
}

function nextReady(
  db: Reading,
  queues: readonly Queue[],
  fullRepositories: readonly string[],
  now: number,
): number | undefined {
  return db.get<{ seq: number }>(
    `SELECT seq FROM job WHERE state = 'queued'
       AND queue IN (SELECT value FROM json_each(:queues))
       AND (not_before IS NULL OR not_before <= :now OR not_before > :far)
       AND repo NOT IN (SELECT value FROM json_each(:full))
       AND (lane IS NULL OR NOT EXISTS (SELECT 1 FROM job AS other WHERE other.lane = job.lane
         AND other.state IN ('queued', 'running') AND (other.seq < job.seq OR other.state = 'running')))
     ORDER BY seq LIMIT 1`,
    { queues: listed(queues), full: listed(fullRepositories), now, far: now + longestDelayMs },
  )?.seq;
}

/** Milliseconds until the next delayed job is due; undefined: there is none. */
export function nextDue(db: Reading, queues: readonly Queue[], now: number): number | undefined {
  const sql = `SELECT min(not_before) AS at FROM job WHERE state = 'queued' AND not_before > :now
    AND queue IN (SELECT value FROM json_each(:queues))`;
  const at = db.get<{ at: number | null }>(sql, { queues: listed(queues), now })?.at ?? undefined;
  return at === undefined ? undefined : Math.min(Math.max(0, at - now), longestDelayMs);
}
