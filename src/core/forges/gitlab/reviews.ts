import { SluiceError } from '../../errors.ts';
import type { ApiClient } from '../../http/client.ts';
import type { Review } from '../../model/review.ts';
import { answered } from '../answered.ts';
import type { CallOptions } from '../call-options.ts';
import type { ReviewsRole } from '../review-roles.ts';
import { convertAccount } from './account.ts';
import { findMergeRequest } from './discussion.ts';
import { readAll } from './listing.ts';
import { findResetOnPush, isSettled, wasReopened } from './reset-on-push.ts';
import { requestPath } from './urls.ts';
import { headAt, listVersions } from './versions.ts';
import { type Approvals, approvalsSchema, type Reviewers, reviewersSchema, type Versions } from './wire-reviews.ts';

/**
 * Approvals (https://docs.gitlab.com/api/merge_request_approvals/) and what reviewers ask for. GitLab shows what everybody said last. An
 * approval names no commit, but since GitLab 18 its time, and by the merge request's versions that is the commit that was the head then.
 */
export function reviewsRole(client: ApiClient): ReviewsRole {
  return {
    async list(repo, { number }, options = {}) {
      const purpose = `list the reviews of merge request !${number} of ${repo}`;
      const [approvals, reviewers, request, versions, setting] = await Promise.all([
        findApprovals(client, repo, number, options),
        listReviewers(client, repo, number, options),
        findMergeRequest(client, repo, number, options),
        listVersions(client, repo, number, options),
        findResetOnPush(client, repo, options),
      ]);
      const status = request.detailed_merge_status ?? undefined;
      // Approvals are taken back some ten seconds after a push.
      if (status === 'approvals_syncing') {
        throw new SluiceError('unavailable', `could not ${purpose}: GitLab is taking approvals back after a push`, {
          hint: 'Try again in half a minute.',
        });
      }
      const reviews = convertReviews(approvals.value, reviewers, versions, status);
      const timeless = reviews.some(({ state, at }) => state === 'approved' && at === undefined);
      if (setting !== true || !timeless) return { reviews, resetOnPush: setting };
      const settled = isSettled(versions, approvals.date) && !(await wasReopened(client, repo, number, options));
      return { reviews, resetOnPush: settled ? true : undefined };
    },
  };
}

/** Refusals come last: should somebody have both, the refusal stands. */
export function convertReviews(
  { approved_by }: Approvals,
  reviewers: Reviewers,
  versions: Versions,
  mergeStatus?: string,
): readonly Review[] {
  const approved = approved_by.map(({ user, approved_at: at }): Review => {
    return {
      by: convertAccount(user),
      state: 'approved',
      commit: headAt(versions, at ?? undefined),
      at: at ?? undefined,
    };
  });
  const remarks = opinions(reviewers, 'reviewed', 'commented');
  const refusals = opinions(reviewers, 'requested_changes', 'changes-requested');
  // Somebody refuses who is no reviewer any more.
  const hidden = mergeStatus === 'requested_changes' && refusals.length === 0;
  return [
    ...remarks,
    ...approved.toSorted((a, b) => (a.at ?? 0) - (b.at ?? 0)),
    ...(hidden ? [{ by: undefined, state: 'changes-requested', commit: undefined, at: undefined } as const] : refusals),
  ];
}

function opinions(reviewers: Reviewers, word: string, state: Review['state']): readonly Review[] {
  const said = reviewers.filter((reviewer) => reviewer.state === word);
  return said.map(({ user }) => ({ by: convertAccount(user), state, commit: undefined, at: undefined }));
}

async function findApprovals(
  client: ApiClient,
  repo: string,
  number: number,
  options: CallOptions,
): Promise<{ readonly value: Approvals; readonly date: string | undefined }> {
  const purpose = `find the approvals of merge request !${number} of ${repo}`;
  const decode = (value: unknown) => approvalsSchema.parse(value);
  const path = `${requestPath(repo, number)}/approvals`;
  const answer = await client.send({ path, decode, purpose, ...options });
  return { value: answered(answer, purpose), date: answer.headers.date };
}

function listReviewers(client: ApiClient, repo: string, number: number, options: CallOptions): Promise<Reviewers> {
  return readAll(client, {
    path: `${requestPath(repo, number)}/reviewers`,
    decode: (value) => reviewersSchema.parse(value),
    purpose: `list the reviewers of merge request !${number} of ${repo}`,
    ...options,
  });
}
