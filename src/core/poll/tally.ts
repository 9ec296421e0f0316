import { type ErrorCode, type ExitStatus, errorTable } from '../errors.ts';
import type { PollEvent } from './events.ts';
import type { FinalState } from './run.ts';

/** What has happened so far: numbers only, because a watcher may run for a year. */
export interface Tally {
  readonly ended: Readonly<Partial<Record<FinalState, number>>>;
  /** Codes of everything that could not be done: looks, runs, reports. */
  readonly faults: ReadonlySet<ErrorCode>;
}

export const emptyTally: Tally = { ended: {}, faults: new Set() };

export function addToTally(tally: Tally, event: PollEvent): Tally {
  switch (event.type) {
    case 'run-finished': {
      const state = event.run.state as FinalState;
      return { ...tally, ended: { ...tally.ended, [state]: (tally.ended[state] ?? 0) + 1 } };
    }
    case 'look-failed':
    case 'run-returned':
    case 'report-failed':
      return { ...tally, faults: new Set([...tally.faults, event.fault.code]) };
    default:
      return tally;
  }
}

// The least likely to pass by itself comes first: that is what somebody has to look at.
const worstFirst = [70, 78, 77, 64, 69, 75] as const;

/**
 * Exit status of `sluice poll --once`: 1 when a script failed (or could not be run), whatever else happened, because that is the answer that was
 * asked for; else what kept a part of the work from being done; else 0.
 */
export function exitStatusOf({ ended, faults }: Tally): ExitStatus {
  const bad = (ended.failure ?? 0) + (ended['timed-out'] ?? 0) + (ended.error ?? 0);
  if (bad > 0) return 1;
  const statuses = new Set<number>([...faults].map((code) => errorTable[code].exit));
  return worstFirst.find((status) => statuses.has(status)) ?? 0;
}
