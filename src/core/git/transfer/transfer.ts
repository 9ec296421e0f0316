import type { ObjectFormat, Oid, RefName } from '../../model/ref.ts';
import type { Endpoint } from '../endpoint.ts';
import type { GitContext } from '../remote.ts';

/** One ref that shall change at the destination. */
export interface RefUpdate {
  readonly target: RefName;
  /** The value seen there, which must still be there; undefined: the ref must not exist. */
  readonly old: Oid | undefined;
  /** The value it shall get; undefined: it is deleted. */
  readonly new: Oid | undefined;
}

export interface TransferJob {
  readonly context: GitContext;
  readonly from: Endpoint;
  readonly to: Endpoint;
  readonly format: ObjectFormat;
  /** Source and destination are one repository, so the destination has every object already. */
  readonly sameRepository: boolean;
  /** The destination has no ref at all. */
  readonly emptyDestination: boolean;
  /** Objects that the source showed: the likely common ground with the destination. */
  readonly sourceTips: ReadonlySet<Oid>;
  readonly updates: readonly RefUpdate[];
  readonly atomic: boolean;
}

export type RefResult =
  | { readonly target: RefName; readonly ok: true }
  | { readonly target: RefName; readonly ok: false; readonly reason: string };

export interface TransferOutcome {
  /** What the destination answered, for the updates that were sent. */
  readonly results: readonly RefResult[];
  /** Updates of which nothing was sent; another way has to be tried for them. */
  readonly left: readonly RefUpdate[];
  /** Why they were left, for the log. */
  readonly reason?: string;
  /** Lines that the destination's hooks printed for people. */
  readonly messages: readonly string[];
  /** Bytes over the network, where this transfer sees them. */
  readonly bytes?: { readonly up: number; readonly down: number };
}

/** Nothing was sent at all. */
export function leaveAll(updates: readonly RefUpdate[], reason: string): TransferOutcome {
  return { results: [], left: updates, reason, messages: [] };
}

/**
 * A way to move objects and set refs. Every way keeps the same promises, proved by one contract suite: expected old values are
 * enforced, the destination never becomes shallow, nothing it has is uploaded again, and a failure leaves it as it was.
 * Faults of the network are thrown as retryable SluiceErrors; what the remote refuses is a result.
 */
export interface Transfer {
  readonly name: 'relay' | 'thin' | 'full';
  run(job: TransferJob): Promise<TransferOutcome>;
}
