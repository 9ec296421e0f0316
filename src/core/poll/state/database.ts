import { existsSync } from 'node:fs';
import { dirname } from 'node:path';
import type { DatabaseSync, StatementSync } from 'node:sqlite';
import { diskError } from '../../disk-error.ts';
import { SluiceError } from '../../errors.ts';
import type { Lock, LockOptions } from '../../lock.ts';
import { makeDirectory as makeDirectories } from '../../make-directory.ts';
import { quietSqlite } from '../../sqlite.ts';
import type { Parameters, StateDatabase, StateReader, Writing } from './access.ts';
import { sqliteFailure } from './failure.ts';
import { migrate, refuseStrange } from './schema.ts';

export type TakeLock = (path: string, options: LockOptions) => Promise<Lock>;

/**
 * Opens the state file, made if it does not exist. The lock is the kernel's (`takeLock` of core/lock.ts), on a file beside it, and not
 * SQLite's locking_mode=EXCLUSIVE: `poll history` reads while a watcher runs. There is one writer all the same, and a reader never
 * checkpoints, so that the race of sqlite.org/wal.html#walresetbug (two connections that write or checkpoint) cannot happen.
 * Throws SluiceError `locked` (75) with the holder's pid, `config` for a file that is damaged or of a newer sluice.
 */
export async function openState(path: string, takeLock: TakeLock): Promise<StateDatabase> {
  await makeDirectory(dirname(path));
  const lock = await takeLock(`${path}.lock`, { purpose: `the poll state ${path}`, waitMs: 0 });
  try {
    await ownOnly(path);
    const database = await connect(path, { readOnly: false });
    const state = writable(path, database, lock);
    try {
      refuseStrange(state);
      // FULL: a commit is on the disk when it returns, also after a power cut. The log is emptied early (128 pages instead of 1,000) and
      // cut back after a large look, so that on a small disk it is not sluice itself who fills it.
      database.exec(`PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL;
        PRAGMA wal_autocheckpoint = 128; PRAGMA journal_size_limit = 1048576`);
      migrate(state);
      return state;
    } catch (error) {
      database.close();
      throw sqliteFailure(error, `open the poll state ${path}`, path);
    }
  } catch (error) {
    await lock[Symbol.asyncDispose]();
    throw error;
  }
}

/** The history names branches and holds the last lines of logs: nobody else's business. SQLite gives its journal the same mode. */
async function ownOnly(path: string): Promise<void> {
  const { writeFile } = await import('node:fs/promises');
  await writeFile(path, '', { flag: 'a', mode: 0o600 }).catch((error: unknown) => {
    throw diskError('cannot write the poll state', error, `Is the disk of ${path} writable, and not full?`);
  });
}

/** Opens the state file for `poll history` and the like. Undefined: there is none yet. */
export async function openStateReader(path: string): Promise<StateReader | undefined> {
  if (!existsSync(path)) return undefined;
  const database = await connect(path, { readOnly: true });
  const reader = reading(path, database);
  try {
    const { tables } = reader.get<{ tables: number }>('SELECT count(*) AS tables FROM sqlite_schema') ?? { tables: 0 };
    refuseStrange({ path, ...reader });
    if (tables > 0) return { path, ...reader, ...closing(database) };
    // A watcher has just made the file, and has yet to fill it.
    database.close();
    return undefined;
  } catch (error) {
    if (database.isOpen) database.close();
    throw sqliteFailure(error, `read the poll state ${path}`, path);
  }
}

/** For this user alone: the history names branches and commits of private repositories. */
async function makeDirectory(path: string): Promise<void> {
  try {
    await makeDirectories(path, 0o700);
  } catch (error) {
    const hint = 'Choose another one with --state-dir, or make it writable.';
    throw diskError(`cannot make the directory ${path} for the poll state`, error, hint);
  }
}

async function connect(path: string, options: { readonly readOnly: boolean }): Promise<DatabaseSync> {
  const { DatabaseSync } = await quietSqlite();
  try {
    return new DatabaseSync(path, { ...options, timeout: 100 });
  } catch (error) {
    throw sqliteFailure(error, `open the poll state ${path}`, path);
  }
}

function closing(database: DatabaseSync, lock?: Lock): AsyncDisposable {
  return {
    async [Symbol.asyncDispose]() {
      if (database.isOpen) database.close();
      await lock?.[Symbol.asyncDispose]();
    },
  };
}

function reading(path: string, database: DatabaseSync) {
  const statements = new Map<string, StatementSync>();

  function prepared(sql: string): StatementSync {
    const statement = statements.get(sql) ?? database.prepare(sql);
    statements.set(sql, statement);
    return statement;
  }

  function all<Row>(sql: string, parameters: Parameters = {}): readonly Row[] {
    return attempt(() => prepared(sql).all(parameters) as Row[]);
  }

  function get<Row>(sql: string, parameters: Parameters = {}): Row | undefined {
    return attempt(() => prepared(sql).get(parameters) as Row | undefined);
  }

  function attempt<T>(step: () => T): T {
    try {
      return step();
    } catch (error) {
      throw sqliteFailure(error, `read the poll state ${path}`, path);
    }
  }

  return { all, get, prepared };
}

function writable(path: string, database: DatabaseSync, lock: Lock): StateDatabase {
  const { all, get, prepared } = reading(path, database);
  const tx: Writing = {
    all,
    get,
    run(sql, parameters = {}) {
      const { changes, lastInsertRowid } = prepared(sql).run(parameters);
      return { changes: Number(changes), insertedId: Number(lastInsertRowid) };
    },
  };

  function write<T>(purpose: string, step: (writing: Writing) => T): T {
    if (database.isTransaction) throw new SluiceError('internal', `${purpose}: inside of another transaction`);
    try {
      database.exec('BEGIN IMMEDIATE');
      const result = step(tx);
      database.exec('COMMIT');
      return result;
    } catch (error) {
      // A full disk ends the transaction by itself (sqlite.org/lang_transaction.html).
      if (database.isTransaction) database.exec('ROLLBACK');
      throw sqliteFailure(error, purpose, path);
    }
  }

  return { path, all, get, write, ...closing(database, lock) };
}
