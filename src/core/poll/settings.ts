import type { PollConfig } from '../config/config.ts';
import { SluiceError } from '../errors.ts';
import { floorMs } from './schedule.ts';

/** The flags of `sluice poll` as the command line gives them. */
export interface PollFlags {
  readonly file?: string;
  readonly run?: readonly string[];
  /** Milliseconds. */
  readonly interval?: number;
  readonly once?: boolean;
  readonly dryRun?: boolean;
  /** Milliseconds; limit of `--once` as a whole. */
  readonly timeout?: number;
  readonly branch?: readonly string[];
  readonly exclude?: readonly string[];
  readonly tag?: readonly string[];
  readonly prs?: boolean;
  readonly trust?: readonly string[];
  readonly guard?: readonly string[];
  readonly initial?: 'run' | 'baseline';
  readonly concurrency?: number;
  /** Milliseconds. */
  readonly runTimeout?: number;
  readonly keepLogs?: number;
  readonly stateDir?: string;
  readonly result?: readonly PollConfig['result'][number][];
  readonly isolation?: PollConfig['isolation'];
  readonly image?: string;
  readonly network?: boolean;
  readonly env?: readonly string[];
  readonly submodules?: boolean;
  readonly lfs?: boolean;
}

const renamed = {
  interval: 'intervalMs',
  branch: 'branches',
  tag: 'tags',
  prs: 'changes',
  runTimeout: 'runTimeoutMs',
} as const;

/** Flags that say how sluice runs, and nothing of a repository. */
const ofTheProcess: readonly string[] = ['once', 'dryRun', 'timeout'];

/** Flags over what the configuration says of one repository (pure). A command of the operator's replaces a file, and the other way round. */
export function pollSettings(flags: PollFlags, config: PollConfig): PollConfig {
  const chosen: Record<string, unknown> = { ...config };
  for (const [key, value] of Object.entries(flags)) {
    if (value !== undefined && !ofTheProcess.includes(key)) chosen[renamed[key as keyof typeof renamed] ?? key] = value;
  }
  refuseNonsense(flags, flags.prs ?? config.changes);
  if (flags.file !== undefined) chosen.run = undefined;
  if (flags.run !== undefined) chosen.file = undefined;
  return chosen as unknown as PollConfig;
}

function refuseNonsense(flags: PollFlags, changes: boolean): void {
  for (const key of ['branch', 'exclude', 'tag', 'guard'] as const) {
    // An unset variable in a crontab.
    if (flags[key]?.includes('')) throw new SluiceError('usage', `--${key} "": a glob must not be empty`);
  }
  const { file, run, interval, concurrency, runTimeout, trust, guard, timeout, once, dryRun } = flags;
  if (file !== undefined && run !== undefined) {
    throw new SluiceError('usage', '--file and a command of yours cannot both be run', {
      hint: 'Leave one of them out.',
    });
  }
  if (interval !== undefined && interval < floorMs) {
    throw new SluiceError(
      'usage',
      `--interval must be at least ${floorMs / 1000}s: nobody may ask a remote more often`,
    );
  }
  if (timeout !== undefined && !once && !dryRun) {
    throw new SluiceError('usage', '--timeout is the limit of --once, and a watcher goes on until it is told to stop', {
      hint: 'Add --once, or use --run-timeout for the limit of each run.',
    });
  }
  if (concurrency === 0) throw new SluiceError('usage', '--concurrency 0 would never run anything');
  if (runTimeout === 0) throw new SluiceError('usage', '--run-timeout 0: leave the flag out for no limit');
  if ((trust !== undefined || guard !== undefined) && !changes) {
    const flag = trust === undefined ? '--guard' : '--trust';
    throw new SluiceError('usage', `${flag} says which change requests run, and none are watched`, {
      hint: 'Add --prs.',
    });
  }
}
