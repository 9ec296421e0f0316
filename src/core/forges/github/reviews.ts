import type { Review, ReviewState } from '../../model/review.ts';
import { fullOid } from '../full-oid.ts';
import type { ReviewsRole } from '../review-roles.ts';
import { convertAccount } from './account.ts';
import type { ClientFor } from './api.ts';
import { readAll } from './listing.ts';
import { repositoryPath } from './urls.ts';
import { type NativeReview, reviewsSchema } from './wire-reviews.ts';

/** Reviews (https://docs.github.com/en/rest/pulls/reviews). Each names its commit, so that no setting of the branch is needed. */
export function reviewsRole(clientFor: ClientFor): ReviewsRole {
  return {
    async list(repo, { number }, options = {}) {
      const native = await readAll(clientFor(repo), {
        path: `${repositoryPath(repo)}/pulls/${number}/reviews`,
        decode: (value) => reviewsSchema.parse(value),
        purpose: `list the reviews of pull request #${number} of ${repo}`,
        ...options,
      });
      const ascending = [...new Map(native.map((one) => [one.id, one])).values()].toSorted((a, b) => a.id - b.id);
      return { reviews: oldestFirst(ascending.flatMap(convertReview)), resetOnPush: undefined };
    },
  };
}

function convertReview(native: NativeReview): readonly Review[] {
  const state = reviewState(native.state);
  if (state === undefined) return [];
  const by = convertAccount(native.user);
  // The word is about people. Apps push by what they were permitted, and are members of nothing.
  const mayWrite = by?.bot === true ? undefined : pushRight(native.author_association);
  return [{ by, state, commit: fullOid(native.commit_id), at: native.submitted_at ?? undefined, mayWrite }];
}

/**
 * Members and collaborators may be readers. Who hides a membership from this credential passes for a stranger, and is not counted
 * although GraphQL would (https://github.com/actions/github-script/issues/643).
 */
function pushRight(association: string | undefined): boolean | undefined {
  switch (association) {
    case 'OWNER':
      return true;
    case 'CONTRIBUTOR':
    case 'FIRST_TIMER':
    case 'FIRST_TIME_CONTRIBUTOR':
    case 'MANNEQUIN':
    case 'NONE':
      return false;
    default:
      return undefined;
  }
}

/** By the time of submission; a draft that was begun first may have been submitted last. */
export function oldestFirst(reviews: readonly Review[]): readonly Review[] {
  return reviews.toSorted((a, b) => (a.at ?? 0) - (b.at ?? 0));
}

/** Undefined: not submitted yet, seen by nobody but its author. A word that is not known decides nothing. */
export function reviewState(native: string): ReviewState | undefined {
  switch (native) {
    case 'APPROVED':
      return 'approved';
    case 'CHANGES_REQUESTED':
      return 'changes-requested';
    case 'DISMISSED':
      return 'dismissed';
    case 'PENDING':
      return undefined;
    default:
      return 'commented';
  }
}
