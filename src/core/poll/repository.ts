import type { Endpoint } from '../git/endpoint.ts';
import type { PollSelection } from './select.ts';

/** Where the outcome of a run goes beside the local history. */
export type ResultKind = 'status' | 'notes' | 'commit';

/** One repository to watch, as the operator configured it. Several may name the same remote with other keys. */
export interface WatchedRepository {
  /** Names its state: unique, and the same in every start (`gh:acme/app`, or the configured name). */
  readonly key: string;
  readonly endpoint: Endpoint;
  readonly selection: PollSelection;
  /** What the first sight does: `run` everything, or remember it as the `baseline` and run nothing. */
  readonly initial: 'run' | 'baseline';
  readonly intervalMs: number;
  /** Most runs of this repository at one time. */
  readonly concurrency: number;
  readonly results: readonly ResultKind[];
  /** Logs that are kept; the runs themselves stay in the history. */
  readonly keepLogs: number;
}
