import { createHash, randomUUID } from 'node:crypto';
import { constants } from 'node:fs';
import { lstat, open, readdir, rename, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { makeDirectory } from './make-directory.ts';

/** Small documents that processes of one user share: files of mode 0600 in a directory of mode 0700. Losing one costs a request. */
export interface PrivateFiles {
  /** The document of this key, and when it was written; undefined when there is none that can be trusted and read. */
  read(key: string): Promise<{ readonly value: unknown; readonly at: number } | undefined>;
  /** Throws what the file system says; whoever asks decides whether that matters. */
  write(key: string, value: unknown): Promise<void>;
}

export interface PrivateFilesOptions {
  /** Absolute; made when it is missing. */
  readonly dir: string;
  /** Files that are older are removed by a later write. Milliseconds. */
  readonly keepMs: number;
  /** Beyond these the oldest files are removed, too; default: no limit. */
  readonly most?: { readonly files: number; readonly bytes: number };
  /** Milliseconds since the epoch. */
  readonly now: () => number;
}

const largestBytes = 16 * 1024 * 1024;
// Looking at every file for every write would cost more than the writing.
const clearingMs = 60_000;
// Only what this room wrote is ever removed: the directory may be one that the user named.
const ownName = /^[0-9a-f]{64}\.json(\.[0-9a-f-]{36}\.tmp)?$/;

/** The key is hashed into the file's name and repeated inside, so it may be long but must hold no secret. */
export function privateFiles({ dir, keepMs, most, now }: PrivateFilesOptions): PrivateFiles {
  let clearedAt = Number.NEGATIVE_INFINITY;
  const pathOf = (key: string) => join(dir, `${digest(key)}.json`);
  return {
    async read(key) {
      try {
        if (!(await isOurs(dir))) return undefined;
        return documentOf(await readPrivately(pathOf(key)), key);
      } catch {
        return undefined;
      }
    },
    async write(key, value) {
      await makeDirectory(dir, 0o700);
      if (!(await isOurs(dir))) throw new Error(`${dir} belongs to somebody else, or others may write to it`);
      await replaceFile(pathOf(key), JSON.stringify({ key, at: now(), value }));
      if (now() - clearedAt < clearingMs) return;
      clearedAt = now();
      await removeOld(dir, clearedAt - keepMs, most).catch(() => {});
    },
  };
}

/** A hash that may stand where the text itself must not: file names, keys of caches. */
export function digest(text: string): string {
  return createHash('sha256').update(text).digest('hex');
}

function documentOf(text: string, key: string): { readonly value: unknown; readonly at: number } | undefined {
  const document: unknown = JSON.parse(text);
  if (typeof document !== 'object' || document === null) return undefined;
  const { key: written, at, value } = document as { key?: unknown; at?: unknown; value?: unknown };
  return written === key && typeof at === 'number' && Number.isFinite(at) ? { value, at } : undefined;
}

/** A directory that others may write to, or that is another user's, could hold answers that no forge gave. */
async function isOurs(dir: string): Promise<boolean> {
  const found = await stat(dir);
  const owned = process.getuid === undefined || found.uid === process.getuid();
  return found.isDirectory() && owned && (found.mode & 0o022) === 0;
}

async function readPrivately(path: string): Promise<string> {
  const file = await open(path, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK);
  try {
    const found = await file.stat();
    const owned = process.getuid === undefined || found.uid === process.getuid();
    if (!found.isFile() || !owned || (found.mode & 0o022) !== 0 || found.size > largestBytes)
      throw new Error('foreign');
    return await file.readFile('utf8');
  } finally {
    await file.close();
  }
}

// Not fsynced: after a crash a torn file is a miss.
async function replaceFile(path: string, text: string): Promise<void> {
  const draft = `${path}.${randomUUID()}.tmp`;
  try {
    const file = await open(draft, 'wx', 0o600);
    try {
      await file.writeFile(text);
    } finally {
      await file.close();
    }
    await rename(draft, path);
  } catch (error) {
    await rm(draft, { force: true });
    throw error;
  }
}

async function removeOld(dir: string, before: number, most: PrivateFilesOptions['most']): Promise<void> {
  let files = 0;
  let bytes = 0;
  for (const { path, mtimeMs, size } of await newestFirst(dir)) {
    files += 1;
    bytes += size;
    const tooMany = most !== undefined && (files > most.files || bytes > most.bytes);
    if (mtimeMs < before || tooMany) await rm(path, { force: true });
  }
}

async function newestFirst(dir: string) {
  const names = (await readdir(dir)).filter((name) => ownName.test(name));
  const found = names.map(async (name) => {
    const path = join(dir, name);
    // Another process may have removed it meanwhile.
    const stats = await lstat(path).catch(() => undefined);
    return stats?.isFile() ? [{ path, mtimeMs: stats.mtimeMs, size: stats.size }] : [];
  });
  return (await Promise.all(found)).flat().toSorted((a, b) => b.mtimeMs - a.mtimeMs);
}
