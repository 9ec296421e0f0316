import { type FileHandle, open, readFile, rename, rm } from 'node:fs/promises';
import { dirname } from 'node:path';
import { SluiceError } from '../errors.ts';
import type { Lock, LockOptions } from '../lock.ts';
import { makeDirectory } from '../make-directory.ts';
import {
  type AuditEntry,
  type AuditHead,
  type AuditReading,
  type AuditRecord,
  nextRecord,
  readChain,
} from './audit-chain.ts';

export interface AuditPorts {
  takeLock(path: string, options: LockOptions): Promise<Lock>;
}

const lockWaitMs = 10_000;

/**
 * Appends one record and resolves when it is on disk. Throws SluiceError `config` when it cannot be written, or when the file was
 * tampered with: an override without a record is none. Two at once wait for each other.
 */
export async function appendAudit(
  path: string,
  entry: AuditEntry,
  { takeLock }: AuditPorts,
  signal?: AbortSignal,
): Promise<AuditRecord> {
  const purpose = `the audit file ${path}`;
  try {
    await makeDirectory(dirname(path), 0o700);
    await using _lock = await takeLock(`${path}.lock`, { purpose, waitMs: lockWaitMs, signal });
    const { records, problems } = await readAudit(path);
    if (problems[0] !== undefined) throw new Error(`it is not as sluice left it: ${problems[0]}`);
    const last = records.at(-1);
    // Also what a crash left undone, so that the head never falls behind by more than one.
    if (last !== undefined) await writeHead(path, last);
    const record = nextRecord(entry, last);
    await appendLine(path, `${JSON.stringify(record)}\n`);
    await writeHead(path, record);
    return record;
  } catch (error) {
    signal?.throwIfAborted();
    const words = error instanceof Error ? error.message : String(error);
    throw new SluiceError('config', `cannot write ${purpose}: ${words}`, {
      hint: `sluice gate audit ${path} shows its state; a broken one is kept, and a new one begun under another name.`,
      cause: error,
    });
  }
}

/** Every record that is still bound to the first, and what is wrong with the rest. A missing file is empty. */
export async function readAudit(path: string): Promise<AuditReading> {
  const [text, head] = await Promise.all([readText(path), readHead(path)]);
  if (head === 'unreadable') return { records: [], problems: [`${headPath(path)} cannot be read`] };
  return readChain(text ?? '', head);
}

function headPath(path: string): string {
  return `${path}.head`;
}

async function readText(path: string): Promise<string | undefined> {
  try {
    return await readFile(path, 'utf8');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
}

async function readHead(path: string): Promise<AuditHead | 'unreadable' | undefined> {
  const text = await readText(headPath(path));
  const [, number, hash] = /^(\d+) ([0-9a-f]{64})\n$/.exec(text ?? '') ?? [];
  if (text === undefined) return undefined;
  return number === undefined || hash === undefined ? 'unreadable' : { number: Number(number), hash };
}

/** A disk that fills up in the middle must not leave half a line, which nothing could be appended to. */
async function appendLine(path: string, line: string): Promise<void> {
  const file = await open(path, 'a', 0o600);
  try {
    const { size } = await file.stat();
    try {
      await file.appendFile(line);
      await file.sync();
    } catch (error) {
      await file.truncate(size).catch(() => {});
      throw error;
    }
  } finally {
    await file.close();
  }
  await syncDirectory(dirname(path));
}

async function writeHead(path: string, { number, hash }: AuditHead): Promise<void> {
  const draft = `${headPath(path)}.new`;
  await rm(draft, { force: true });
  const file = await open(draft, 'wx', 0o600);
  try {
    await file.writeFile(`${number} ${hash}\n`);
    await file.sync();
  } finally {
    await file.close();
  }
  await rename(draft, headPath(path));
  await syncDirectory(dirname(path));
}

/** Without it a new file may be gone after a power cut, however well its content was synced. */
async function syncDirectory(path: string): Promise<void> {
  const directory: FileHandle = await open(path, 'r');
  try {
    await directory.sync();
  } finally {
    await directory.close();
  }
}
