import { type Account, sameLogin } from '../../model/account.ts';
import type { CommitPersonFact, Fact, UnknownFact } from '../../model/gate-facts.ts';
import { type Oid, shortOid } from '../../model/ref.ts';
import type { Review, ReviewHistory } from '../../model/review.ts';
import { isKnown, unknownSentence } from '../facts.ts';
import type { GatePolicy } from '../policy.ts';

/** What one person's latest deciding review is worth. */
export type Opinion =
  | { readonly kind: 'counts'; readonly by: Account }
  /** It would count, if something were known. */
  | { readonly kind: 'uncertain'; readonly by: Account; readonly why: string }
  | { readonly kind: 'veto'; readonly by: Account | undefined }
  /** `approved`: an approval that counts for nothing; else a word of a bot, or one that was dismissed. */
  | { readonly kind: 'ignored'; readonly by: Account | undefined; readonly why: string; readonly approved: boolean };

export interface OpinionScope {
  readonly policy: Pick<GatePolicy, 'allowStaleApprovals' | 'allowSelfApproval' | 'allowBots'>;
  /** Commits an approval may have been given on: the head, and the pushed one. */
  readonly commits: readonly Oid[];
  /** Login of the change request's author; empty: the account is gone. */
  readonly author: string;
  /** Who wrote the head and the pushed commit. */
  readonly people: readonly Fact<readonly CommitPersonFact[]>[];
}

/** One opinion for each person, in the order of their reviews. */
export function opinionsOf({ reviews, resetOnPush }: ReviewHistory, scope: OpinionScope): readonly Opinion[] {
  return latestDeciding(reviews).map((review) => opinionOf(review, resetOnPush, scope));
}

/** A remark decides nothing and takes nothing back. Of reviewers without an account nobody knows whether they are one. */
function latestDeciding(reviews: readonly Review[]): readonly Review[] {
  const latest = new Map<string | symbol, Review>();
  for (const review of reviews) {
    if (review.state === 'commented') continue;
    const key = review.by === undefined ? Symbol() : review.by.login.toLowerCase();
    latest.delete(key);
    latest.set(key, review);
  }
  return [...latest.values()];
}

function opinionOf(review: Review, resetOnPush: boolean | undefined, scope: OpinionScope): Opinion {
  const { by, state, mayWrite } = review;
  const approved = state === 'approved';
  if (by?.bot === true && !scope.policy.allowBots.some((login) => sameLogin(login, by.login))) {
    return { kind: 'ignored', by, why: 'is a bot that is not listed (--allow-bot)', approved };
  }
  // A no stands until it is taken back, also on an earlier commit and from whoever wrote the change.
  if (state === 'changes-requested') return { kind: 'veto', by };
  if (state === 'dismissed')
    return { kind: 'ignored', by, why: 'has an approval or refusal that was dismissed', approved };
  if (by === undefined) return { kind: 'ignored', by, why: 'has no account any more', approved };
  const self = scope.policy.allowSelfApproval ? undefined : selfReason(by, scope);
  if (self !== undefined) return { kind: 'ignored', by, why: self, approved };
  // Everybody can review what everybody can read. A bot that counts was listed by whoever runs the gate.
  if (mayWrite === false && by.bot !== true)
    return { kind: 'ignored', by, why: 'may not push to the repository', approved };
  return approvalOf(by, review.commit, resetOnPush, scope);
}

function approvalOf(
  by: Account,
  commit: Oid | undefined,
  resetOnPush: boolean | undefined,
  { policy, commits, people }: OpinionScope,
): Opinion {
  if (!policy.allowStaleApprovals) {
    if (commit !== undefined && !commits.includes(commit)) {
      return {
        kind: 'ignored',
        by,
        why: `approved ${shortOid(commit)}, which is not the head any more`,
        approved: true,
      };
    }
    if (commit === undefined && resetOnPush !== true) {
      const reset =
        resetOnPush === false
          ? 'the forge keeps approvals when commits are added'
          : 'the credential cannot see whether the forge takes approvals back when commits are added';
      const why = `approved, but of which commit is not known: ${reset} (--allow-stale-approvals would count it)`;
      return { kind: 'uncertain', by, why };
    }
  }
  const unknown = policy.allowSelfApproval ? undefined : firstUnknown(people);
  if (unknown === undefined) return { kind: 'counts', by };
  return { kind: 'uncertain', by, why: `approved, but may have written the commit: ${unknownSentence(unknown)}` };
}

function selfReason({ login }: Account, { author, people }: OpinionScope): string | undefined {
  if (author !== '' && sameLogin(author, login)) return 'is the author';
  const writers = people.flatMap((fact) => (isKnown(fact) ? fact.known : []));
  const wrote = writers.some(({ account }) => account !== undefined && sameLogin(account.login, login));
  return wrote ? 'wrote the commit itself' : undefined;
}

function firstUnknown(people: OpinionScope['people']): UnknownFact | undefined {
  for (const fact of people) if (!isKnown(fact)) return fact.unknown;
  return undefined;
}
