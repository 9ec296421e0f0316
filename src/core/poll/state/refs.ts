import type { Oid, RefName } from '../../model/ref.ts';
import type { KnownRef } from '../plan.ts';
import { isAdvertised } from '../select.ts';
import type { Reading, Writing } from './access.ts';

interface RefRow {
  readonly name: RefName;
  readonly oid: Oid;
  readonly blocked: 0 | 1;
  readonly run: number;
}

interface ActiveRow {
  readonly id: number;
  readonly ref: RefName;
  readonly oid: Oid;
  readonly state: 'queued' | 'running';
}

/** `changes`: only what is neither a branch nor a tag, so that many branches cost a look at the change requests nothing. */
export type KnownScope = 'all' | 'changes';

/** What is known of every ref: its newest run that is on its way, else what was recorded of it; the later of the two. */
export function knownRefs(db: Reading, repository: number, scope: KnownScope = 'all'): ReadonlyMap<RefName, KnownRef> {
  const known = new Map<RefName, KnownRef>();
  const setBy = new Map<RefName, number>();
  for (const { name, oid, blocked, run } of recordedRefs(db, repository, scope)) {
    known.set(name, { oid, state: blocked === 1 ? 'blocked' : 'settled' });
    if (run > 0) setBy.set(name, run);
  }
  for (const { id, ref, oid, state } of activeRuns(db, repository)) {
    if (scope === 'changes' && isAdvertised(ref)) continue;
    if (id > (setBy.get(ref) ?? 0)) known.set(ref, { oid, state });
  }
  return known;
}

function recordedRefs(db: Reading, repository: number, scope: KnownScope): readonly RefRow[] {
  const where = scope === 'all' ? '' : `AND name NOT GLOB 'refs/heads/*' AND name NOT GLOB 'refs/tags/*'`;
  const sql = `SELECT name, oid, blocked, run FROM ref WHERE repository = :repository ${where}`;
  return db.all<RefRow>(sql, { repository });
}

/** Oldest first, so that the newest wins. One that is being stopped says nothing: its ref is gone or has a newer run. */
function activeRuns(db: Reading, repository: number): readonly ActiveRow[] {
  return db.all<ActiveRow>(
    `SELECT id, ref, new_oid AS oid, state FROM run WHERE repository = :repository AND state = 'queued'
     UNION ALL
     SELECT id, ref, new_oid, state FROM run WHERE repository = :repository AND state = 'running' AND stop IS NULL
     ORDER BY id`,
    { repository },
  );
}

export interface RefRecord {
  readonly repository: number;
  readonly name: RefName;
  readonly oid: Oid;
  readonly blocked: boolean;
  /** The run that says so; 0: the baseline. */
  readonly run: number;
}

/** Never backwards: a run that ends late must not undo what a later event has recorded. */
export function setRef(tx: Writing, { repository, name, oid, blocked, run }: RefRecord): void {
  tx.run(
    `INSERT INTO ref (repository, name, oid, blocked, run) VALUES (:repository, :name, :oid, :blocked, :run)
     ON CONFLICT (repository, name) DO UPDATE SET oid = excluded.oid, blocked = excluded.blocked, run = excluded.run
     WHERE excluded.run >= ref.run`,
    { repository, name, oid, blocked: blocked ? 1 : 0, run },
  );
}

/** A commit that sluice itself put on top of the tested one is no change; when anything else has happened since, it is left to the next look. */
export function setOwnCommit(tx: Writing, { repository, name, oid, run }: Omit<RefRecord, 'blocked'>): void {
  tx.run(
    `UPDATE ref SET oid = :oid WHERE repository = :repository AND name = :name AND run = :run AND NOT EXISTS
     (SELECT 1 FROM run WHERE repository = :repository AND ref = :name AND id > :run)`,
    { repository, name, oid, run },
  );
}

export function deleteRef(tx: Writing, repository: number, name: RefName): void {
  tx.run('DELETE FROM ref WHERE repository = :repository AND name = :name', { repository, name });
}
