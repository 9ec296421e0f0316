import { type ErrorCode, type ExitStatus, errorTable } from '../errors.ts';
import type { PollEvent } from './events.ts';
import type { FinalState, Run } from './run.ts';

/** What has happened so far: numbers only, because a watcher may run for a year. */
export interface Tally {
  readonly ended: Readonly<Partial<Record<FinalState, number>>>;
  /** Codes of everything that could not be done. */
  readonly faults: ReadonlySet<ErrorCode>;
  /** What is tried again, by what it is about; gone when it has succeeded. */
  readonly open: ReadonlyMap<string, ErrorCode>;
}

export const emptyTally: Tally = { ended: {}, faults: new Set(), open: new Map() };

export function addToTally(tally: Tally, event: PollEvent): Tally {
  switch (event.type) {
    case 'run-finished': {
      const state = event.run.state as FinalState;
      const ended = { ...tally.ended, [state]: (tally.ended[state] ?? 0) + 1 };
      return { ...settled(tally, aboutRun(event.run)), ended };
    }
    case 'run-returned':
      return unsettled(tally, aboutRun(event.run), event.fault.code);
    case 'report-sent':
      return settled(tally, aboutReport(event));
    case 'report-failed':
      if (!event.final) return unsettled(tally, aboutReport(event), event.fault.code);
      return failed(settled(tally, aboutReport(event)), event.fault.code);
    case 'look-failed':
      return failed(tally, event.fault.code);
    default:
      return tally;
  }
}

/** The ref and not the run: a newer run of it settles what an older one left. */
function aboutRun({ repository, ref }: Run): string {
  return `${repository} ${ref}`;
}

function aboutReport({ run, kind }: { readonly run: number; readonly kind: string }): string {
  return `${run} ${kind}`;
}

function failed(tally: Tally, code: ErrorCode): Tally {
  return tally.faults.has(code) ? tally : { ...tally, faults: new Set([...tally.faults, code]) };
}

function unsettled(tally: Tally, about: string, code: ErrorCode): Tally {
  return { ...tally, open: new Map([...tally.open, [about, code]]) };
}

function settled(tally: Tally, about: string): Tally {
  if (!tally.open.has(about)) return tally;
  return { ...tally, open: new Map([...tally.open].filter(([key]) => key !== about)) };
}

// The least likely to pass by itself comes first: that is what somebody has to look at.
const worstFirst = [70, 78, 77, 64, 69, 75] as const;

/**
 * Exit status of `sluice poll --once`: 1 when a script failed (or could not be run), whatever else happened, because that is the answer that was
 * asked for; else what kept a part of the work from being done; else 0.
 */
export function exitStatusOf({ ended, faults, open }: Tally): ExitStatus {
  const bad = (ended.failure ?? 0) + (ended['timed-out'] ?? 0) + (ended.error ?? 0);
  if (bad > 0) return 1;
  const statuses = new Set<number>([...faults, ...open.values()].map((code) => errorTable[code].exit));
  return worstFirst.find((status) => statuses.has(status)) ?? 0;
}
