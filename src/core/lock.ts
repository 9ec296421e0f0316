import { readFile, writeFile } from 'node:fs/promises';
import { dirname } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { diskError } from './disk-error.ts';
import { SluiceError } from './errors.ts';
import { makeDirectory } from './make-directory.ts';
import { quietSqlite, sqliteBusy, sqliteCode } from './sqlite.ts';

export interface Lock extends AsyncDisposable {
  readonly path: string;
}

export interface LockOptions {
  /** What the lock guards, for messages: "the cache of gh:acme/app". */
  readonly purpose: string;
  /** How long to wait for another process; 0 answers at once. */
  readonly waitMs: number;
  readonly signal?: AbortSignal | undefined;
  /** Called once when there is somebody to wait for. */
  readonly onWait?: ((holder: string) => void) | undefined;
}

const pollMs = 100;

/**
 * An exclusive lock between processes that cannot go stale: it is SQLite's own lock on a file (POSIX advisory locks beneath), so
 * the kernel drops it with its process, also after kill -9. The holder's pid is written beside it only for messages.
 * Throws SluiceError `locked` (75) when the time is over.
 */
export async function takeLock(path: string, options: LockOptions): Promise<Lock> {
  await makeDirectory(dirname(path), 0o700).catch((error: unknown) => {
    throw cannotLock(path, options, error);
  });
  const holderFile = `${path}.holder`;
  const started = performance.now();
  for (let told = false; ; told = true) {
    const lock = await tryLock(path).catch((error: unknown) => {
      throw cannotLock(path, options, error);
    });
    if (lock !== undefined) {
      await writeFile(holderFile, `process ${process.pid}`).catch(() => {});
      return lock;
    }
    const holder = await readFile(holderFile, 'utf8').catch(() => 'another process');
    if (performance.now() - started >= options.waitMs) throw stillLocked(path, holder, options);
    if (!told) options.onWait?.(holder);
    await sleep(pollMs, undefined, options.signal === undefined ? {} : { signal: options.signal });
  }
}

/** Undefined: somebody else has it. */
async function tryLock(path: string): Promise<Lock | undefined> {
  const { DatabaseSync } = await quietSqlite();
  const database = new DatabaseSync(path, { timeout: 0 });
  try {
    database.exec('BEGIN EXCLUSIVE');
  } catch (error) {
    database.close();
    if (sqliteCode(error) === sqliteBusy) return undefined;
    throw error;
  }
  return {
    path,
    async [Symbol.asyncDispose]() {
      database.close();
    },
  };
}

function stillLocked(path: string, holder: string, options: LockOptions): SluiceError {
  return new SluiceError('locked', `${options.purpose} is in use by ${holder}`, {
    hint: `Run again when it is done (lock: ${path}).`,
  });
}

function cannotLock(path: string, options: LockOptions, cause: unknown): SluiceError {
  return diskError(
    `cannot lock ${options.purpose} at ${path}`,
    cause,
    'Is the directory writable and its disk not full?',
  );
}
