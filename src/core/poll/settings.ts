import type { PollConfig } from '../config/config.ts';
import { SluiceError } from '../errors.ts';

/** The flags of `sluice poll` as the command line gives them. */
export interface PollFlags {
  readonly file?: string;
  readonly run?: readonly string[];
  /** Milliseconds. */
  readonly interval?: number;
  readonly once?: boolean;
  readonly branch?: readonly string[];
  readonly exclude?: readonly string[];
  readonly tag?: readonly string[];
  readonly prs?: boolean;
  readonly trust?: readonly string[];
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

/** Flags over what the configuration says of one repository (pure). A command of the operator's replaces a file, and the other way round. */
export function pollSettings(flags: PollFlags, config: PollConfig): PollConfig {
  const { once: _, ...given } = flags;
  const chosen: Record<string, unknown> = { ...config };
  for (const [key, value] of Object.entries(given)) {
    if (value !== undefined) chosen[renamed[key as keyof typeof renamed] ?? key] = value;
  }
  refuseNonsense(flags, flags.prs ?? config.changes);
  if (flags.file !== undefined) chosen.run = undefined;
  if (flags.run !== undefined) chosen.file = undefined;
  return chosen as unknown as PollConfig;
}

function refuseNonsense({ file, run, concurrency, runTimeout, trust }: PollFlags, changes: boolean): void {
  if (file !== undefined && run !== undefined) {
    throw new SluiceError('usage', '--file and a command of yours cannot both be run', {
      hint: 'Leave one of them out.',
    });
  }
  if (concurrency === 0) throw new SluiceError('usage', '--concurrency 0 would never run anything');
  if (runTimeout === 0) throw new SluiceError('usage', '--run-timeout 0: leave the flag out for no limit');
  if (trust !== undefined && !changes) {
    throw new SluiceError('usage', '--trust says whose change requests run, and none are watched', {
      hint: 'Add --prs.',
    });
  }
}
