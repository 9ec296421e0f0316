import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { git } from '../test/support/git-repo.ts';
import { tempDir } from '../test/support/temp-dir.ts';
import { environment, type Ground, placeOf, runAttempt } from './attempt.ts';
import { peakSize } from './disk.ts';
import { measure } from './measure.ts';
import { unpackPackage } from './package.ts';
import { type Report, reportOf } from './report.ts';
import { type Contender, runRounds } from './rounds.ts';
import { serve } from './served.ts';
import { makeSite } from './site.ts';
import { type MirrorTask, mirrorTasks } from './tasks.ts';

export interface MirrorOptions {
  readonly rounds: number;
  /** A repository to use instead of one of our own; only read. */
  readonly repo: string | undefined;
  readonly number: number | undefined;
  /** Letters; undefined: all. */
  readonly tasks: readonly string[] | undefined;
  readonly onRun: (text: string) => void;
}

/** Moves change requests over smart HTTP in every way there is, and yields a report per task. */
export async function* benchMirror(options: MirrorOptions): AsyncGenerator<Report> {
  await using dir = await tempDir('sluice-bench-');
  options.onRun('making the repositories');
  const site = await makeSite(dir.path, options);
  await using served = await serve(site.served);
  const ground: Ground = {
    site,
    served,
    launcher: await unpackPackage(dir.path),
    work: join(dir.path, 'work'),
    warmClone: join(dir.path, 'warm-clone.git'),
    warmCache: join(dir.path, 'warm-cache'),
    compiled: join(dir.path, 'compiled'),
  };
  await makeWarm(ground);
  for (const task of mirrorTasks(site)) {
    if (options.tasks === undefined || options.tasks.includes(task.id)) yield await runTask(ground, task, options);
  }
}

async function runTask(ground: Ground, task: MirrorTask, { rounds, onRun }: MirrorOptions): Promise<Report> {
  const { title, destination, attempts } = task;
  // A run of each that is not timed, while its disk is watched and every object is checked; it warms caches, too.
  const disk = new Map<string, number>();
  for (const attempt of attempts) {
    onRun(`task ${task.id}, disk: ${attempt.name}`);
    await rm(ground.work, { recursive: true, force: true });
    const checked = { problem: undefined as string | undefined };
    const size = await peakSize(ground.work, async () => {
      checked.problem = (await runAttempt(ground, destination, attempt, { thorough: true })).problem;
    });
    disk.set(attempt.name, size);
    if (checked.problem !== undefined) process.stderr.write(`\ntask ${task.id}: ${attempt.name}: ${checked.problem}\n`);
  }
  const contenders = attempts.map((attempt): Contender => {
    return { name: attempt.name, kind: attempt.kind, run: () => runAttempt(ground, destination, attempt) };
  });
  const results = await runRounds(contenders, rounds, (text) => onRun(`task ${task.id}, ${text}`));
  const measurement = { title, contenders, results, disk };
  return reportOf(measurement, task.goals(measurement));
}

/** What earlier runs left, without the change request that is measured: a bare clone, and sluice's own cache. */
async function makeWarm(ground: Ground): Promise<void> {
  const { site, launcher, warmClone, warmCache } = ground;
  await site.reset('main-only');
  await git(['clone', '--quiet', '--bare', '--no-local', `file://${join(site.served, 'source.git')}`, warmClone]);
  const place = placeOf(ground, 'main-only');
  const flags = [
    '--branch',
    site.main,
    '--as',
    'earlier',
    '--cache',
    'always',
    '--cache-dir',
    join(warmCache, 'sluice'),
  ];
  const { status, stderr } = await measure({
    argv: [process.execPath, launcher, 'mirror', place.source, place.destination, ...flags],
    env: environment(ground, place),
    cwd: site.served,
  });
  if (status !== 0) throw new Error(`the warm cache could not be made: ${stderr}`);
}
