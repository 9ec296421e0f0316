import { writeFile } from 'node:fs/promises';
import { dirname } from 'node:path';
import { SluiceError, toSluiceError } from '../../errors.ts';
import { makeDirectory } from '../../make-directory.ts';
import { quietSqlite, sqliteBusy, sqliteCode } from '../../sqlite.ts';
import { sqliteFailure } from '../../sqlite-failure.ts';
import type { FollowUps, JobStore, StoreChange } from '../store.ts';
import { acceptDelivery, queueAgain } from './accept.ts';
import { type Connection, connection } from './connection.ts';
import {
  countQueues,
  countRepository,
  deliverySeq,
  findBody,
  findDelivery,
  findPayload,
  listDeliveries,
  listJobs,
} from './history.ts';
import { prune } from './prune.ts';
import { recover } from './recover.ts';
import { seqOf } from './rows.ts';
import { migrate, refuseStranger } from './schema.ts';
import { findJob, insertJob, type Ledger } from './transitions.ts';
import { cancelJob, retryJob } from './wishes.ts';
import { type StoreWorker, startWorker } from './worker.ts';

export interface SqliteStoreOptions {
  readonly followUps: FollowUps;
  readonly now: () => number;
  /** In [0, 1). */
  readonly random: () => number;
  /** The file could not be written for a moment (a full disk); told each time, for the log. */
  readonly onFault: (error: SluiceError) => void;
}

/**
 * The embedded store: one file, one process, one connection. `locking_mode=EXCLUSIVE` keeps any other process out (and lets the lock go
 * with this one, also after kill -9), which also makes the race of sqlite.org/wal.html#walresetbug impossible.
 * Throws SluiceError `locked` (75) when another process has it, `config` for a file that is damaged, newer, or not ours.
 */
export async function openSqliteStore(path: string, options: SqliteStoreOptions): Promise<JobStore> {
  const db = await open(path);
  return storeOver(db, options);
}

async function open(path: string): Promise<Connection> {
  await makeDirectory(dirname(path), 0o700).catch((error: unknown) => {
    const { message } = toSluiceError(error);
    throw new SluiceError('config', `cannot make the directory ${dirname(path)} for the job store: ${message}`, {
      hint: 'Choose another one with --data-dir, or make it writable.',
      cause: error,
    });
  });
  const { DatabaseSync } = await quietSqlite();
  const purpose = `open the job store ${path}`;
  try {
    // Payloads of private repositories: nobody else's business. SQLite gives its journal the same mode.
    await writeFile(path, '', { flag: 'a', mode: 0o600 });
    const database = new DatabaseSync(path, { timeout: 100 });
    const db = connection(path, database);
    try {
      database.exec('PRAGMA locking_mode = EXCLUSIVE');
      refuseStranger(db, path);
      // FULL: a commit is on the disk when it returns, also after a power cut. A long log (16 MB) is copied back less often.
      database.exec(`PRAGMA auto_vacuum = INCREMENTAL; PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL;
        PRAGMA wal_autocheckpoint = 4000; PRAGMA journal_size_limit = 33554432; PRAGMA cache_size = -4000`);
      await migrate(db);
      // A lock that only reads would hold nobody back.
      await db.write(purpose, () => undefined);
      return db;
    } catch (error) {
      if (database.isOpen) database.close();
      throw error;
    }
  } catch (error) {
    const busy = sqliteCode(error) === sqliteBusy || (error instanceof SluiceError && error.code === 'locked');
    if (!busy) throw fileFailure(error, purpose, path);
    throw new SluiceError('locked', `another sluice serve owns ${path}`, {
      hint: 'Only one process may use a data directory: stop the other one, or choose another --data-dir.',
      cause: error,
    });
  }
}

function fileFailure(error: unknown, purpose: string, path: string): unknown {
  const fault = sqliteFailure(error, purpose, path);
  if (fault instanceof SluiceError || !(error instanceof Error) || !('syscall' in error)) return fault;
  return new SluiceError('config', `cannot ${purpose}: ${error.message}`, {
    hint: 'May this user write there, and has the disk room?',
    cause: error,
  });
}

function storeOver(db: Connection, options: SqliteStoreOptions): JobStore {
  const workers = new Set<StoreWorker>();
  const listeners = new Set<(change: StoreChange) => void>();
  const ledger: Ledger = {
    now: options.now,
    followUps: options.followUps,
    onChange: (change) => {
      for (const listener of listeners) listener(change);
    },
    onReady: (what) => {
      for (const worker of workers) worker.wake(what);
    },
    onStop: (seq, detail) => {
      for (const worker of workers) worker.end(seq, detail);
    },
  };
  return {
    async accept(delivery, jobs) {
      return await db.write(`store the delivery ${delivery.guid}`, (tx) => acceptDelivery(tx, ledger, delivery, jobs));
    },
    async replay(guid, jobs) {
      return await db.write(`replay the delivery ${guid}`, (tx) => {
        const seq = deliverySeq(tx, guid);
        if (seq === undefined) throw new SluiceError('not-found', `there is no delivery ${guid}`);
        return queueAgain(tx, ledger, seq, jobs, 'replay');
      });
    },
    async enqueue(jobs) {
      if (jobs.length === 0) return [];
      return await db.write('queue jobs', (tx) => jobs.map((job) => String(insertJob(tx, ledger, job, null))));
    },
    work(workOptions, run) {
      const { random, onFault } = options;
      const worker = startWorker(workOptions, run, { db, ledger, random, onFault });
      workers.add(worker);
      worker.wake();
      return {
        async stop(graceMs) {
          await worker.stop(graceMs);
          workers.delete(worker);
        },
      };
    },
    recover: (end) => recover(db, ledger, end),
    cancel: (id, detail) => cancelJob(db, ledger, id, detail),
    retry: (id, { pinned }) => retryJob(db, ledger, id, pinned),
    async find(id) {
      const seq = seqOf(id);
      return seq === undefined ? undefined : findJob(db, seq);
    },
    list: async (query) => listJobs(db, query),
    delivery: async (guid) => findDelivery(db, guid),
    body: async (guid) => findBody(db, guid),
    async payload(id) {
      const seq = seqOf(id);
      return seq === undefined ? undefined : findPayload(db, seq);
    },
    deliveries: async (query) => listDeliveries(db, query),
    counts: async () => countQueues(db),
    repositories: async (repos) => repos.map((repo) => countRepository(db, repo)),
    knownRepositories: async () =>
      db.all<{ repo: string }>('SELECT DISTINCT repo FROM delivery WHERE repo IS NOT NULL').map(({ repo }) => repo),
    async remember(name, value) {
      await db.write(`remember ${name}`, (tx) =>
        tx.run(
          'INSERT INTO note (name, value) VALUES (:name, :value) ON CONFLICT (name) DO UPDATE SET value = :value',
          {
            name,
            value,
          },
        ),
      );
    },
    recall: async (name) => db.get<{ value: string }>('SELECT value FROM note WHERE name = :name', { name })?.value,
    prune: (before) => prune(db, before),
    subscribe(listener) {
      listeners.add(listener);
      return () => void listeners.delete(listener);
    },
    async [Symbol.asyncDispose]() {
      await Promise.all([...workers].map((worker) => worker.stop(0)));
      workers.clear();
      db.close();
    },
  };
}
