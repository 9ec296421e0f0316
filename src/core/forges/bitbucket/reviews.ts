import type { ApiClient } from '../../http/client.ts';
import type { Review } from '../../model/review.ts';
import type { CallOptions } from '../call-options.ts';
import type { ReviewsRole } from '../review-roles.ts';
import { assureSameHead } from '../same-head.ts';
import { convertReviewer } from './account.ts';
import { findDiscussed } from './discussion.ts';
import { nextPage } from './listing.ts';
import { repositoryPath } from './urls.ts';
import { type Participant, type Restriction, restrictionPageSchema } from './wire-reviews.ts';

/** What everybody says of a pull request now; of which commit, Bitbucket Cloud does not say. */
export function reviewsRole(client: ApiClient): ReviewsRole {
  return {
    async list(repo, { number, base, head }, options = {}) {
      const [{ participants, source }, resetOnPush] = await Promise.all([
        findDiscussed(client, repo, number, options),
        findResetOnPush(client, repo, base.branch, options),
      ]);
      assureSameHead(head, source.commit?.hash, `list the reviews of pull request #${number} of ${repo}`);
      const reviews = participants.flatMap(convertParticipant).toSorted((a, b) => (a.at ?? 0) - (b.at ?? 0));
      return { reviews, resetOnPush };
    },
  };
}

function convertParticipant({ user, approved, state, participated_on }: Participant): readonly Review[] {
  const at = participated_on ?? undefined;
  const by = convertReviewer(user);
  if (state === 'changes_requested') return [{ by, state: 'changes-requested', commit: undefined, at }];
  return approved ? [{ by, state: 'approved', commit: undefined, at }] : [];
}

/** Only administrators may see the restrictions of branches. */
async function findResetOnPush(
  client: ApiClient,
  repo: string,
  branch: string,
  options: CallOptions,
): Promise<boolean | undefined> {
  const next = nextPage(client.baseUrl);
  let hidden = false;
  const restrictions = await client.sendPages(
    {
      path: `${repositoryPath(repo)}/branch-restrictions`,
      query: { kind: 'reset_pullrequest_approvals_on_change', pagelen: 50 },
      decode: (value) => restrictionPageSchema.parse(value),
      accept: [403],
      purpose: `list the branch restrictions of ${repo}`,
      ...options,
    },
    (answer, page) => {
      hidden ||= answer.status === 403;
      return answer.status === 403 ? undefined : next(answer, page);
    },
    (page) => page.values,
  );
  return hidden ? undefined : resetsApprovals(restrictions, branch);
}

/** Undefined: a restriction is there whose branches only Bitbucket itself can tell. */
export function resetsApprovals(restrictions: readonly Restriction[], branch: string): boolean | undefined {
  const kinds = restrictions.filter(({ kind }) => kind === 'reset_pullrequest_approvals_on_change');
  const applying = kinds.map((restriction) => appliesTo(restriction, branch));
  if (applying.includes(true)) return true;
  return applying.includes(undefined) ? undefined : false;
}

function appliesTo({ branch_match_kind, pattern }: Restriction, branch: string): boolean | undefined {
  if (branch_match_kind !== 'glob' || !pattern) return undefined;
  if (pattern === branch || pattern === '**') return true;
  if (pattern === '*' && !branch.includes('/')) return true;
  return /[*?[{]/.test(pattern) ? undefined : false;
}
