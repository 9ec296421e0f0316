import type { Oid, RefName } from '../model/ref.ts';
import type { ResultKind } from './repository.ts';

/**
 * `queued` and `running` are on their way; the rest is final. `error`: the script could not be run or finished for a reason that is
 * not its own. `superseded`: a newer commit of the ref came first. `skipped`: there was nothing to run (a deleted ref, a commit of
 * sluice's own, a change request that nobody has vouched for).
 */
export type RunState = 'queued' | 'running' | FinalState;

export type FinalState = 'success' | 'failure' | 'error' | 'timed-out' | 'cancelled' | 'superseded' | 'skipped';

export type ChangeKind = 'created' | 'moved' | 'deleted';

/** What identifies a process group also after its number was given to another one. */
export interface ProcessGroup {
  readonly pid: number;
  /** Start time of its leader in the kernel's own words (field 22 of /proc/PID/stat). */
  readonly startTime: string;
}

/** One line of the history. Times are milliseconds since the epoch, for people only: the order is that of `id`. */
export interface Run {
  readonly id: number;
  /** Key of the repository. */
  readonly repository: string;
  readonly ref: RefName;
  readonly kind: ChangeKind;
  /** What was known of the ref before; undefined for a new one. */
  readonly oldOid: Oid | undefined;
  /** The commit (or annotated tag) to run; undefined for a deletion. */
  readonly newOid: Oid | undefined;
  /** Number of the change request whose head it is. */
  readonly change: number | undefined;
  readonly state: RunState;
  /** How often it was begun; 0 while it never was. */
  readonly attempt: number;
  /** How often a fault that may pass (the remote away, a full disk) kept it from being begun; such an attempt is not counted. */
  readonly faults: number;
  readonly results: readonly ResultKind[];
  readonly queuedAt: number;
  readonly startedAt: number | undefined;
  readonly finishedAt: number | undefined;
  readonly group: ProcessGroup | undefined;
  readonly exitStatus: number | undefined;
  /** Path of the log file; undefined when there is none, or no longer. */
  readonly log: string | undefined;
  /** Last line of the script's output. */
  readonly lastLine: string | undefined;
  /** Why it is in its state, one sentence, where the state does not say it all. */
  readonly detail: string | undefined;
  /** Results that the forge or the repository refused for good. */
  readonly reportProblems: readonly string[];
}
