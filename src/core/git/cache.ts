import { createHash } from 'node:crypto';
import { readdir, rm, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { SluiceError } from '../errors.ts';
import { type Lock, takeLock } from '../lock.ts';
import { makeDirectory } from '../make-directory.ts';
import type { ObjectFormat } from '../model/ref.ts';
import { type BareRepository, bareRepository, initBare, withThrowAwayRepository } from './bare.ts';
import type { Endpoint } from './endpoint.ts';
import { diskFailure } from './failure.ts';
import type { GitContext } from './remote.ts';
import { tidy } from './tidy.ts';

export interface CacheOptions {
  readonly cacheDir: string;
  /** How long to wait for another run that uses the same cache. */
  readonly waitMs: number;
}

/** Runs `work` with a bare repository for whole histories: the kept one of this source, or one that is thrown away. */
export async function withHistory<T>(
  context: GitContext,
  from: Endpoint,
  format: ObjectFormat,
  cache: CacheOptions | undefined,
  work: (repository: BareRepository) => Promise<T>,
): Promise<T> {
  if (cache === undefined) return await withThrowAwayRepository(context, format, work);
  return await withCachedRepository(context, from, format, cache, work);
}

/**
 * Runs `work` with the kept bare repository of one source, alone: two runs on one cache take turns (the second says for whom it
 * waits).
 */
async function withCachedRepository<T>(
  context: GitContext,
  from: Endpoint,
  format: ObjectFormat,
  options: CacheOptions,
  work: (repository: BareRepository) => Promise<T>,
): Promise<T> {
  const { dir, lock } = placesOf(from, format, options);
  await using _lock = await takeTurn(lock, context, from, options);
  try {
    const repository = bareRepository(context, dir);
    if (!(await isComplete(dir))) await makeAnew(repository, format);
    await removeLeftovers(dir);
    const result = await work(repository);
    // What was asked for is done: a cache that cannot be tidied now (a full disk) must not undo it, and is tidied after the next use.
    await tidy(context, repository).catch(() => context.signal?.throwIfAborted());
    return result;
  } catch (error) {
    throw diskFailure(`use the cache ${dir}`, error);
  }
}

/**
 * Throws the kept repository of this source away, when nobody uses it: the next one makes it anew. For one that is damaged (a power cut,
 * somebody who removes old files below ~/.cache).
 */
export async function discardHistory(
  context: GitContext,
  from: Endpoint,
  format: ObjectFormat,
  options: CacheOptions,
): Promise<void> {
  const { dir, lock } = placesOf(from, format, options);
  await using _lock = await takeTurn(lock, context, from, options);
  await rm(join(dir, completeMark), { force: true });
}

/** The name is a hash of the URL, so it needs no escaping and holds no credential. */
function placesOf({ url }: Endpoint, format: ObjectFormat, { cacheDir }: CacheOptions) {
  const key = createHash('sha256').update(`${format} ${url}`).digest('hex').slice(0, 24);
  return { dir: join(cacheDir, 'git', `${key}.git`), lock: join(cacheDir, 'locks', `${key}.lock`) };
}

async function takeTurn(path: string, context: GitContext, from: Endpoint, { waitMs }: CacheOptions): Promise<Lock> {
  const purpose = `the cache of ${from.display}`;
  let holder: string | undefined;
  try {
    return await takeLock(path, {
      purpose,
      waitMs,
      signal: context.signal,
      onWait(found) {
        holder = found;
        context.progress?.(`waiting for ${holder}, which uses ${purpose}`);
      },
    });
  } catch (error) {
    if (!context.signal?.aborted) throw diskFailure(`lock ${purpose} at ${path}`, error);
    const { reason } = context.signal;
    // The run's own time limit was spent on waiting: that is a lock, and no remote that hangs.
    if (!(reason instanceof SluiceError) || reason.code !== 'timed-out' || holder === undefined) throw reason;
    throw new SluiceError('locked', `${purpose} is in use by ${holder}: ${reason.message}`, {
      hint: `Run again when it is done (lock: ${path}).`,
    });
  }
}

/** Written last: a repository whose making was cut short has some of git's files, but not this one. */
const completeMark = 'sluice-cache';

async function isComplete(dir: string): Promise<boolean> {
  return await stat(join(dir, completeMark)).then(
    () => true,
    () => false,
  );
}

async function makeAnew(repository: BareRepository, format: ObjectFormat): Promise<void> {
  await rm(repository.dir, { recursive: true, force: true });
  await makeDirectory(repository.dir, 0o700);
  await initBare(repository, format);
  await writeFile(join(repository.dir, completeMark), '');
}

/** Files that a killed git left: nobody else works here while we hold the lock. */
async function removeLeftovers(dir: string): Promise<void> {
  for (const name of ['shallow.lock', 'packed-refs.lock', 'config.lock', 'HEAD.lock'])
    await rm(join(dir, name), { force: true });
  const refs = join(dir, 'refs');
  for (const name of await readdir(refs, { recursive: true }).catch(() => [])) {
    if (name.endsWith('.lock')) await rm(join(refs, name), { force: true });
  }
  const packs = join(dir, 'objects', 'pack');
  const names = await readdir(packs).catch(() => []);
  for (const name of names) if (/^(\.tmp-|tmp_)/.test(name)) await rm(join(packs, name), { force: true });
}
