import type { ApiClient } from '../../http/client.ts';
import type { Review } from '../../model/review.ts';
import { answered } from '../answered.ts';
import type { CallOptions } from '../call-options.ts';
import { fullOid } from '../full-oid.ts';
import type { ReviewsRole } from '../review-roles.ts';
import { assureSameHead } from '../same-head.ts';
import { convertAccount } from './account.ts';
import { aboutPullRequest } from './listing.ts';
import { repositoryPath } from './urls.ts';
import { type Participant, requestSettingsSchema, reviewedRequestSchema } from './wire-reviews.ts';

/**
 * What everybody says of a pull request now, and the commit at which they said it: it is written down when a status changes to
 * approved or "needs work", and may be forgotten later (docs.atlassian.com, PullRequestParticipant.getLastReviewedCommit).
 */
export function reviewsRole(client: ApiClient): ReviewsRole {
  return {
    async list(repo, { number, head }, options = {}) {
      const about = aboutPullRequest(repo, number, 'list the reviews of');
      const decode = (value: unknown) => reviewedRequestSchema.parse(value);
      const [answer, resetOnPush] = await Promise.all([
        client.send({ ...about, decode, ...options }),
        findResetOnPush(client, repo, options),
      ]);
      const { reviewers, participants, fromRef } = answered(answer, about.purpose);
      assureSameHead(head, fromRef.latestCommit, about.purpose);
      return { reviews: [...participants, ...reviewers].flatMap(convertParticipant), resetOnPush };
    },
  };
}

function convertParticipant({ user, status, lastReviewedCommit }: Participant): readonly Review[] {
  if (status !== 'APPROVED' && status !== 'NEEDS_WORK') return [];
  const state = status === 'APPROVED' ? 'approved' : 'changes-requested';
  return [{ by: convertAccount(user), state, commit: fullOid(lastReviewedCommit), at: undefined }];
}

async function findResetOnPush(client: ApiClient, repo: string, options: CallOptions): Promise<boolean | undefined> {
  const purpose = `find the pull request settings of ${repo}`;
  const answer = await client.send({
    path: `${repositoryPath(repo)}/settings/pull-requests`,
    decode: (value) => requestSettingsSchema.parse(value),
    // What a reader may not see is 401 here, whatever the credential is worth: the request beside this one tells.
    accept: [401, 403, 404],
    purpose,
    ...options,
  });
  if (answer.status >= 400) return undefined;
  return answered(answer, purpose).unapproveOnUpdate ?? undefined;
}
