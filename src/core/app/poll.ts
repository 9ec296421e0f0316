import { createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { SluiceError } from '../errors.ts';
import { takeLock } from '../lock.ts';
import type { Isolation } from '../pipeline/isolation.ts';
import type { CommandContext } from '../plugins/command.ts';
import type { OnPollEvent } from '../poll/events.ts';
import type { PollFlags } from '../poll/settings.ts';
import { openState } from '../poll/state/database.ts';
import type { WatchOptions, WatchPorts } from '../poll/watch.ts';
import { keepHeapSmall } from '../small-heap.ts';
import { cacheDirectory } from './git.ts';
import { type OpenLooks, openLooks, requestLimitMs } from './poll-looks.ts';
import { stateDirectory, stateFile } from './poll-state.ts';
import { waitForTick } from './poll-wait.ts';
import type { Work } from './poll-work.ts';

/** What watching needs, opened; disposing closes it in reverse order. */
export interface OpenPoll extends AsyncDisposable {
  readonly options: WatchOptions;
  readonly ports: WatchPorts;
  /** Whether `--timeout` has ended it. */
  readonly timedOut: () => boolean;
}

const graceMs = 10_000;

/** Opens the state (one watcher at a time) and fills the ports of `watch` with git, the wire, the forges and the pipeline. */
export async function openPoll(
  context: CommandContext,
  repos: readonly string[],
  flags: PollFlags,
  onEvent: OnPollEvent,
): Promise<OpenPoll> {
  const looks = await openLooks(context, repos, flags);
  const { repositories } = looks;
  const config = await context.config();
  const stateDir = await stateDirectory(context, flags.stateDir);
  const cacheDir = cacheDirectory(context, config.mirror.cacheDir);
  const workDir = join(cacheDir, 'runs', createHash('sha256').update(stateDir).digest('hex').slice(0, 16));
  const db = await openState(stateFile(stateDir), takeLock).catch((error: unknown) => {
    looks.close();
    throw error;
  });
  const places = {
    stateDir,
    workDir,
    // Beside the runs' directories and not below /tmp, so that what a killed sluice left there is found and removed.
    gitDir: `${workDir}.git`,
    cache: { cacheDir, waitMs: 600_000 },
  };
  let opened: Promise<Work> | undefined;
  /** A look that finds nothing, as almost every one does, need not load what runs and reports. */
  function work(): Promise<Work> {
    opened ??= import('./poll-work.ts').then(({ openWork }) =>
      openWork({
        ...places,
        context,
        db,
        isolations: isolationsOf(looks),
        git: looks.git,
        settingsOf: looks.settingsOf,
      }),
    );
    return opened;
  }
  if (!flags.once) {
    keepHeapSmall();
    // A watcher outlives the files that it was started from, when somebody installs a newer sluice.
    await work();
  }
  const limit = limitedSignal(context.signal, flags.timeout);
  return {
    options: {
      repositories,
      once: flags.once === true,
      concurrency: flags.concurrency ?? Math.max(1, ...repositories.map(({ concurrency }) => concurrency)),
      supersedeRunning: false,
      // Whoever sets a limit for the whole wants it kept; scripts still get their SIGTERM first.
      graceMs: flags.timeout === undefined ? graceMs : 0,
      requestLimitMs,
      signal: limit.signal,
    },
    ports: {
      ...looks.ports,
      db,
      onEvent,
      run: async (request) => (await work()).run(request),
      send: async (...call) => (await work()).send(...call),
      killOrphan: async (group) => (await work()).killOrphan(group),
      removeLog: (path) => rm(path, { force: true }),
      world: { now: Date.now, random: Math.random, wait: waitForTick },
    },
    timedOut: () => limit.signal.aborted && !context.signal.aborted,
    async [Symbol.asyncDispose]() {
      limit.clear();
      looks.close();
      if (existsSync(places.workDir) || existsSync(places.gitDir)) {
        await (await import('./poll-work.ts')).closeWork({ ...places, context });
      }
      await db[Symbol.asyncDispose]();
    },
  };
}

function isolationsOf({ repositories, settingsOf }: OpenLooks): readonly Isolation[] {
  return repositories.map(({ key }) => settingsOf(key).isolation);
}

/** The outer signal, and one of its own after so many milliseconds. */
function limitedSignal(outer: AbortSignal, ms: number | undefined) {
  if (ms === undefined) return { signal: outer, clear: () => {} };
  const controller = new AbortController();
  const timer = setTimeout(() => controller.abort(new SluiceError('timed-out', 'the time of --timeout is over')), ms);
  return { signal: AbortSignal.any([outer, controller.signal]), clear: () => clearTimeout(timer) };
}
