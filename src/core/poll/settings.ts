import type { PollConfig } from '../config/config.ts';

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
  if (flags.file !== undefined) chosen.run = undefined;
  if (flags.run !== undefined) chosen.file = undefined;
  return chosen as unknown as PollConfig;
}
