import { deadStates, endedStates, type JobState } from '../states.ts';
import type { DeliveryQuery, JobQuery, JobRow, QueueCount, RepositoryCounts, StoredDelivery } from '../store.ts';
import { unpack } from './blocks.ts';
import type { Parameters, Reading } from './connection.ts';
import { type JobRecord, listed, selectJob, seqOf, toJobRow } from './rows.ts';

/** Newest first. */
export function listJobs(db: Reading, query: JobQuery): readonly JobRow[] {
  const where = conditions([
    ['job.repo = :repo', 'repo', query.repo],
    ['job.branch = :branch', 'branch', query.branch],
    ['job.change_number = :change', 'change', query.change],
    ['job.key = :key', 'key', query.key],
    ['delivery.guid = :delivery', 'delivery', query.delivery],
    ['job.seq < :before', 'before', seqOf(query.before)],
    ['job.queue IN (SELECT value FROM json_each(:queues))', 'queues', query.queues && listed(query.queues)],
    ['job.state IN (SELECT value FROM json_each(:states))', 'states', query.states && listed(query.states)],
  ]);
  const newest = query.newest === true ? `${where.sql === '' ? 'WHERE' : 'AND'} NOT ${isReplaced}` : '';
  const sql = `${selectJob} ${where.sql} ${newest} ORDER BY job.seq DESC LIMIT :limit`;
  return db.all<JobRecord>(sql, { ...where.parameters, limit: query.limit }).map(toJobRow);
}

/** A newer job of its key is there, whatever became of it. */
const isReplaced = 'EXISTS (SELECT 1 FROM job AS newer WHERE newer.key = job.key AND newer.seq > job.seq)';
const isUnsettled = `state NOT IN ('success', 'skipped', 'superseded', 'cancelled')
  AND (state NOT IN (${deadStates.map((state) => `'${state}'`).join(', ')}) OR NOT ${isReplaced})`;

type Condition = readonly [sql: string, name: string, value: string | number | undefined];

function conditions(all: readonly Condition[]): { readonly sql: string; readonly parameters: Parameters } {
  const given = all.flatMap(([sql, name, value]) => (value === undefined ? [] : [{ sql, name, value }]));
  return {
    sql: given.length === 0 ? '' : `WHERE ${given.map(({ sql }) => sql).join(' AND ')}`,
    parameters: Object.fromEntries(given.map(({ name, value }) => [name, value])),
  };
}

interface DeliveryRecord {
  readonly seq: number;
  readonly guid: string;
  readonly source: string;
  readonly event: string;
  readonly repo: string | null;
  readonly received_at: number;
  readonly headers: string;
  readonly reason: string | null;
  readonly bytes: number;
  readonly repeats: number;
}

/** The same id of two sources names the later one. */
export function findDelivery(db: Reading, guid: string): StoredDelivery | undefined {
  const sql = 'SELECT * FROM delivery WHERE guid = :guid ORDER BY seq DESC LIMIT 1';
  const record = db.get<DeliveryRecord>(sql, { guid });
  return record === undefined ? undefined : toDelivery(db, record);
}

export function deliverySeq(db: Reading, guid: string): number | undefined {
  const sql = 'SELECT seq FROM delivery WHERE guid = :guid ORDER BY seq DESC LIMIT 1';
  return db.get<{ seq: number }>(sql, { guid })?.seq;
}

interface BodyRecord {
  readonly packed: Uint8Array;
  readonly start: number;
  readonly bytes: number;
}

/** Undefined: there is none, or no longer. */
export function findBody(db: Reading, guid: string): Uint8Array | undefined {
  return bodyOf(db, deliverySeq(db, guid));
}

/** By the job and not by an id that another source may have used too. */
export function findPayload(db: Reading, job: number): Uint8Array | undefined {
  const found = db.get<{ delivery: number | null }>('SELECT delivery FROM job WHERE seq = :job', { job });
  return bodyOf(db, found?.delivery ?? undefined);
}

function bodyOf(db: Reading, delivery: number | undefined): Uint8Array | undefined {
  if (delivery === undefined) return undefined;
  const record = db.get<BodyRecord>(
    `SELECT packed, start, bytes FROM delivery
     JOIN block ON block.first = (SELECT max(first) FROM block WHERE first <= :delivery)
     WHERE seq = :delivery AND start IS NOT NULL`,
    { delivery },
  );
  if (record === undefined) return undefined;
  const { packed, start, bytes } = record;
  return Uint8Array.from(unpack(packed).subarray(start, start + bytes));
}

const byResult = {
  accepted: 'reason IS NULL',
  ignored: 'reason IS NOT NULL',
  duplicate: 'repeats > 0',
} as const;

/** Newest first. */
export function listDeliveries(db: Reading, query: DeliveryQuery): readonly StoredDelivery[] {
  const where = conditions([
    ['source = :source', 'source', query.source],
    ['repo = :repo', 'repo', query.repo],
    ['seq < :before', 'before', seqOf(query.before)],
  ]);
  const result = query.result === undefined ? '' : `${where.sql === '' ? 'WHERE' : 'AND'} ${byResult[query.result]}`;
  const sql = `SELECT * FROM delivery ${where.sql} ${result} ORDER BY seq DESC LIMIT :limit`;
  const records = db.all<DeliveryRecord>(sql, { ...where.parameters, limit: query.limit });
  return records.map((record) => toDelivery(db, record));
}

function toDelivery(db: Reading, record: DeliveryRecord): StoredDelivery {
  const sql = 'SELECT state, count(*) AS count FROM job WHERE delivery = :seq GROUP BY state';
  const counts = db.all<{ state: JobState; count: number }>(sql, { seq: record.seq });
  return {
    seq: String(record.seq),
    guid: record.guid,
    source: record.source,
    event: record.event,
    repo: record.repo ?? undefined,
    receivedAt: record.received_at,
    headers: JSON.parse(record.headers) as Readonly<Record<string, string>>,
    reason: record.reason ?? undefined,
    bytes: record.bytes,
    repeats: record.repeats,
    jobs: Object.fromEntries(counts.map(({ state, count }) => [state, count])),
  };
}

/** Everything that is not settled: waiting for its turn or a person, running, given up and not replaced since. */
export function countQueues(db: Reading): readonly QueueCount[] {
  return db.all<QueueCount>(
    `SELECT queue, state, count(*) AS count, min(queued_at) AS oldestAt FROM job
     WHERE ${isUnsettled} GROUP BY queue, state`,
  );
}

export function countRepository(db: Reading, repo: string): RepositoryCounts {
  const counts = new Map(
    db
      .all<{ state: JobState; count: number }>(
        `SELECT state, count(*) AS count FROM job WHERE repo = :repo AND ${isUnsettled} GROUP BY state`,
        { repo },
      )
      .map(({ state, count }) => [state, count]),
  );
  const ended = endedStates.filter((state) => state !== 'superseded' && state !== 'cancelled');
  const queues = ['mirror', 'script'] as const;
  const at = db.get<{ at: number | null }>(
    'SELECT received_at AS at FROM delivery WHERE repo = :repo ORDER BY seq DESC LIMIT 1',
    { repo },
  );
  return {
    repo,
    queued: counts.get('queued') ?? 0,
    running: counts.get('running') ?? 0,
    dead: deadStates.reduce((sum, state) => sum + (counts.get(state) ?? 0), 0),
    lastEnded: listJobs(db, { repo, states: ended, queues, limit: 1 })[0],
    lastDeliveryAt: at?.at ?? undefined,
  };
}
