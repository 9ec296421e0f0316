import type { ApiClient } from '../../http/client.ts';
import type { Review, ReviewState } from '../../model/review.ts';
import { fullOid } from '../full-oid.ts';
import type { ReviewsRole } from '../review-roles.ts';
import { convertAccount } from './account.ts';
import { readAll } from './listing.ts';
import { repositoryPath } from './urls.ts';
import { type GiteaReview, reviewsSchema } from './wire-reviews.ts';

/** Reviews. Each names its commit, so that no setting of the branch is needed. */
export function reviewsRole(client: ApiClient): ReviewsRole {
  return {
    async list(repo, { number }, options = {}) {
      const native = await readAll(client, {
        path: `${repositoryPath(repo)}/pulls/${number}/reviews`,
        decode: (value) => reviewsSchema.parse(value),
        purpose: `list the reviews of pull request #${number} of ${repo}`,
        ...options,
      });
      const once = [...new Map(native.map((one) => [one.id, one])).values()];
      // By number within one second, which is as exact as the times are.
      const ascending = once.toSorted((a, b) => a.submitted_at - b.submitted_at || a.id - b.id);
      return { reviews: ascending.flatMap(convertReview), resetOnPush: undefined };
    },
  };
}

function convertReview(native: GiteaReview): readonly Review[] {
  const state = native.dismissed === true ? 'dismissed' : reviewState(native.state);
  if (state === undefined) return [];
  // An official verdict was given by somebody who could push then, or whom the branch's protection names as an approver. Any other says
  // nothing: people who may push are not official where others are named, nor in what they said before their last verdict.
  const mayWrite = native.official === true ? true : undefined;
  return [
    { by: convertAccount(native.user), state, commit: fullOid(native.commit_id), at: native.submitted_at, mayWrite },
  ];
}

/** Undefined: not a review yet, but a draft of one or the wish for one. */
function reviewState(native: string): ReviewState | undefined {
  switch (native) {
    case 'APPROVED':
      return 'approved';
    case 'REQUEST_CHANGES':
      return 'changes-requested';
    case 'PENDING':
    case 'REQUEST_REVIEW':
      return undefined;
    default:
      return 'commented';
  }
}
