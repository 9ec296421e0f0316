import { mkdir, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { git, isolatedGitEnv } from '../test/support/git-repo.ts';
import { type Command, measure } from './measure.ts';
import type { Contender, Sample } from './rounds.ts';
import type { Served } from './served.ts';
import { branchRef, type ChangeHead, copyRepository, type Destination, headRef, type Site } from './site.ts';

/** One contender of one task. */
export interface Attempt {
  readonly name: string;
  readonly kind: Contender['kind'];
  /** What must be at the destination afterwards. */
  readonly heads: readonly ChangeHead[];
  readonly perRef?: boolean;
  /** What an earlier run left: a bare clone, or sluice's own cache. */
  readonly warm?: 'clone' | 'cache' | undefined;
  command(place: Place): Pick<Command, 'argv' | 'script'> & { readonly env?: Readonly<Record<string, string>> };
  /** Written to `place.taskFile` before the run. */
  readonly taskFile?: (place: Place) => unknown;
}

export interface Place {
  readonly source: string;
  readonly destination: string;
  readonly launcher: string;
  readonly taskFile: string;
}

/** Everything a run needs, made once. */
export interface Ground {
  readonly site: Site;
  readonly served: Served;
  readonly launcher: string;
  /** Emptied before every run; holds the clones, caches and temporary files of all contenders. */
  readonly work: string;
  readonly warmClone: string;
  readonly warmCache: string;
  /** V8's compile cache, which every start but the first one on a machine finds. */
  readonly compiled: string;
}

/** Runs it on fresh repositories in an empty folder and checks the result; `thorough`: every object too. */
export async function runAttempt(
  ground: Ground,
  destination: Destination,
  attempt: Attempt,
  { thorough = false } = {},
): Promise<Sample> {
  const { site, served, work } = ground;
  await site.reset(destination);
  await rm(work, { recursive: true, force: true });
  await mkdir(join(work, 'tmp'), { recursive: true });
  await bringWarm(ground, destination, attempt);
  const place = placeOf(ground, destination);
  if (attempt.taskFile !== undefined) await writeFile(place.taskFile, JSON.stringify(attempt.taskFile(place)));
  const { argv, script, env } = attempt.command(place);
  await served.takeTraffic();
  const measured = await measure({ argv, script, cwd: work, env: { ...environment(ground, place), ...env } });
  const traffic = await served.takeTraffic();
  const problem =
    measured.status === 0
      ? await site.problem(destination, attempt.heads, thorough)
      : `status ${measured.status}: ${measured.stderr.trim().slice(-300)}`;
  const { wallMs, cpuMs } = measured;
  return { wallMs, cpuMs, traffic, problem, ...(attempt.perRef ? { refs: attempt.heads.length } : {}) };
}

export function placeOf({ served, launcher, work }: Ground, destination: Destination): Place {
  const source = `${served.origin}/source.git`;
  return {
    source,
    destination: destination === 'same' ? source : `${served.origin}/destination.git`,
    launcher,
    taskFile: join(work, 'limit.json'),
  };
}

export function environment({ site, work, compiled, warmClone }: Ground, place: Place): Record<string, string> {
  return isolatedGitEnv({
    HOME: work,
    TMPDIR: join(work, 'tmp'),
    XDG_CACHE_HOME: join(work, 'cache'),
    NODE_COMPILE_CACHE: compiled,
    SRC: place.source,
    DST: place.destination,
    N: String(site.change.number),
    WARM: warmCopy(work, warmClone),
  });
}

function warmCopy(work: string, warmClone: string): string {
  return join(work, warmClone.slice(warmClone.lastIndexOf('/') + 1));
}

async function bringWarm(
  { site, work, warmClone, warmCache }: Ground,
  destination: Destination,
  { warm }: Attempt,
): Promise<void> {
  if (warm === 'cache') await copyRepository(warmCache, join(work, 'cache'));
  if (warm !== 'clone') return;
  const copy = warmCopy(work, warmClone);
  await copyRepository(warmClone, copy);
  if (destination !== 'mirrored') return;
  // What was mirrored before is in the clone it went through.
  const source = `file://${join(site.served, 'source.git')}`;
  await git(['--git-dir', copy, 'fetch', '--quiet', source, `${headRef(site.change)}:${headRef(site.change)}`]);
  await git(['--git-dir', copy, 'update-ref', branchRef(site.change), site.change.oid]);
}
