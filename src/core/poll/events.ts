import type { ErrorCode, SluiceError } from '../errors.ts';
import type { RefName } from '../model/ref.ts';
import type { RefEvent } from './plan.ts';
import type { ReportPhase } from './ports.ts';
import type { ResultKind } from './repository.ts';
import type { Run } from './run.ts';

/** What went wrong, in a form that `--json` can print. */
export interface Fault {
  readonly code: ErrorCode;
  readonly message: string;
  readonly hint: string | undefined;
}

/** Everything that a watcher does or learns, as it happens: one `--json` line or one line of text each. */
export type PollEvent =
  /** First sight: so many refs were remembered as the baseline. */
  | { readonly type: 'baseline'; readonly repository: string; readonly refs: number }
  /** A change, with the run that stands for it in the history. */
  | { readonly type: 'change'; readonly repository: string; readonly run: number; readonly change: RefEvent }
  /** The remote has lost every branch and tag; believed when the next look says the same. */
  | { readonly type: 'doubt'; readonly repository: string; readonly refs: number }
  /** `--dry-run`: a change that a look would record, and run unless it is a deletion or blocked. */
  | { readonly type: 'planned'; readonly repository: string; readonly change: RefEvent }
  /** `--dry-run`: a run that is in the queue (or was cut off) and would begin. */
  | { readonly type: 'waiting'; readonly run: Run }
  | { readonly type: 'unusable-ref'; readonly repository: string; readonly ref: RefName; readonly problem: string }
  /** Failed; `retryInMs` is undefined when this process does not look again (`--once`). */
  | {
      readonly type: 'look-failed';
      readonly repository: string;
      readonly fault: Fault;
      readonly retryInMs: number | undefined;
    }
  | { readonly type: 'look-recovered'; readonly repository: string }
  | { readonly type: 'run-started'; readonly run: Run }
  | { readonly type: 'run-finished'; readonly run: Run }
  /** Back in the queue: it was interrupted, or could not be started. */
  | { readonly type: 'run-returned'; readonly run: Run; readonly fault: Fault }
  | { readonly type: 'report-sent'; readonly run: number; readonly kind: ResultKind; readonly phase: ReportPhase }
  | {
      readonly type: 'report-failed';
      readonly run: number;
      readonly kind: ResultKind;
      readonly phase: ReportPhase;
      readonly fault: Fault;
      /** Refused for good, or tried too often; the run's history says so from now on. */
      readonly final: boolean;
    }
  /** The state file could not be written (disk full): nothing is lost, it is tried again. */
  | { readonly type: 'state-failed'; readonly fault: Fault; readonly retryInMs: number | undefined };

export type OnPollEvent = (event: PollEvent) => void;

export function faultOf({ code, message, hint }: SluiceError): Fault {
  return { code, message, hint };
}
