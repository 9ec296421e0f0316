import { SluiceError } from '../../errors.ts';
import type { ApiClient } from '../../http/client.ts';
import type { Oid } from '../../model/ref.ts';
import { answered } from '../answered.ts';
import type { CallOptions } from '../call-options.ts';
import { fullOid } from '../full-oid.ts';
import type { DiscussionRole } from '../review-roles.ts';
import { convertAccount } from './account.ts';
import { aboutPullRequest, readAll } from './listing.ts';
import { type Activity, activityPageSchema, type Comment, changePageSchema } from './wire-reviews.ts';

// The server's own limit (`page.max.changes`); more is cut off.
const mostFiles = 1000;

/** What is said and done beside reviews. There are neither labels nor a word for the author's relation to the repository. */
export function discussionRole(client: ApiClient): DiscussionRole {
  return {
    async comments(repo, number, options = {}) {
      const activities = await listActivities(client, repo, number, options);
      // Each answer is an activity of its own, with the whole thread in it.
      const comments = new Map(
        activities.flatMap(({ comment }) => (comment ? wholeThread(comment) : [])).map((one) => [one.id, one]),
      );
      return [...comments.values()]
        .filter(({ state }) => state !== 'PENDING')
        .map(({ author, createdDate: at, text }) => ({ by: convertAccount(author), at, commit: undefined, text }))
        .toSorted((a, b) => a.at - b.at);
    },

    async headSince(repo, { number, head }, options = {}) {
      return headSinceOf(await listActivities(client, repo, number, options), head.sha);
    },

    /** This listing has but one page, and cuts off what does not fit. */
    async changedPaths(repo, number, options = {}) {
      const about = aboutPullRequest(repo, number, 'list the files of', '/changes');
      const answer = await client.send({
        ...about,
        query: { limit: mostFiles, withComments: false },
        decode: (value) => changePageSchema.parse(value),
        ...options,
      });
      const { values, isLastPage } = answered(answer, about.purpose);
      if (!isLastPage || values.length >= mostFiles) {
        throw new SluiceError('unavailable', `could not ${about.purpose}: no more than ${values.length} came`, {
          hint: 'Split the pull request, or decide about it by hand.',
        });
      }
      return [...new Set(values.flatMap(({ path, srcPath }) => [path.toString, srcPath?.toString ?? path.toString]))];
    },
  };
}

function listActivities(
  client: ApiClient,
  repo: string,
  number: number,
  options: CallOptions,
): Promise<readonly Activity[]> {
  return readAll(client, {
    ...aboutPullRequest(repo, number, 'list the activities of', '/activities'),
    decode: (value) => activityPageSchema.parse(value),
    ...options,
  });
}

function wholeThread(comment: Comment): readonly Comment[] {
  return [comment, ...(comment.comments ?? []).flatMap(wholeThread)];
}

/**
 * When the source last moved, and to this head; without a move, when the pull request was opened. While it is declined its branch may
 * move unseen, so opening it again counts like a move.
 */
export function headSinceOf(activities: readonly Activity[], sha: Oid | undefined): number | undefined {
  const newestFirst = activities.toSorted((a, b) => b.id - a.id);
  const move = newestFirst.find(
    ({ action, fromHash, previousFromHash }) => action === 'RESCOPED' && fromHash !== previousFromHash,
  );
  if (sha === undefined || (move !== undefined && fullOid(move.fromHash) !== sha)) return undefined;
  return newestFirst.find((one) => one === move || one.action === 'REOPENED' || one.action === 'OPENED')?.createdDate;
}
