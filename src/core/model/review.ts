import type { Account } from './account.ts';
import type { Oid } from './ref.ts';

/** `dismissed`: taken back by its author or by somebody with the right to. `commented`: decides nothing. */
export type ReviewState = 'approved' | 'changes-requested' | 'dismissed' | 'commented';

/** What one person said of a change request at one time. */
export interface Review {
  /** Undefined: the account is gone, or the forge hides it. Such a review never counts in favour. */
  readonly by: Account | undefined;
  readonly state: ReviewState;
  /** The head that was reviewed; undefined where the forge does not write it down (Bitbucket Cloud). */
  readonly commit: Oid | undefined;
  /** Milliseconds since the epoch by the forge's clock; undefined where it gives none. */
  readonly at: number | undefined;
  /**
   * Whether the reviewer may push to the repository, by the forge's own word; undefined or left out: it does not say. A review by
   * somebody who may not never counts in favour: everybody can review what everybody can read.
   */
  readonly mayWrite?: boolean | undefined;
}

/** Every review that the forge still shows, oldest first. */
export interface ReviewHistory {
  readonly reviews: readonly Review[];
  /**
   * Whether the forge itself takes approvals back when commits are added, so that an approval without a commit is one of the present
   * head. Undefined: it could not be learned (the setting is visible to maintainers only).
   */
  readonly resetOnPush: boolean | undefined;
}
