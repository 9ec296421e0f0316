import type { Account } from './account.ts';
import type { Change } from './change.ts';
import type { CheckState } from './check.ts';
import type { Oid, RefName } from './ref.ts';

/**
 * What a webhook delivery says, in one form for all forges. It is a hint that something happened: work is planned from the forge's and
 * the repository's present state, because deliveries come late, twice and out of order.
 */
export type ForgeEvent =
  | { readonly kind: 'ping' }
  | PushEvent
  | ChangeEvent
  | EndorsementEvent
  | CheckEvent
  /** Authentic and well-formed, but nothing that sluice acts on; the reason is for the answer and the log. */
  | { readonly kind: 'ignored'; readonly reason: string };

/** A ref was created, moved or deleted. */
export interface PushEvent {
  readonly kind: 'push';
  readonly repo: string;
  readonly ref: RefName;
  /** Undefined: the ref is new. */
  readonly before: Oid | undefined;
  /** Undefined: the ref was deleted. */
  readonly after: Oid | undefined;
  readonly by: Account | undefined;
}

/** A change request was opened, got commits, was closed, … */
export interface ChangeEvent {
  readonly kind: 'change';
  /** The base repository. */
  readonly repo: string;
  readonly action: 'opened' | 'updated' | 'reopened' | 'closed' | 'merged' | 'edited';
  readonly change: Change;
  readonly by: Account | undefined;
}

/** Somebody reviewed, commented or labelled: who may be trusted is to be judged anew. */
export interface EndorsementEvent {
  readonly kind: 'endorsement';
  readonly repo: string;
  readonly number: number;
  readonly what: 'review' | 'comment' | 'label';
  readonly by: Account | undefined;
}

/** A CI said something about a commit. */
export interface CheckEvent {
  readonly kind: 'check';
  readonly repo: string;
  readonly sha: Oid;
  readonly ref: RefName | undefined;
  readonly name: string;
  readonly state: CheckState | 'running';
  readonly description: string;
  readonly url: string | undefined;
}
