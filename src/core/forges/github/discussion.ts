import { SluiceError } from '../../errors.ts';
import type { ApiClient } from '../../http/client.ts';
import type { Change } from '../../model/change.ts';
import { answered, found } from '../answered.ts';
import type { CallOptions } from '../call-options.ts';
import type { Deed, DiscussionRole } from '../review-roles.ts';
import { convertAccount } from './account.ts';
import type { ClientFor } from './api.ts';
import { readAll } from './listing.ts';
import { repositoryPath } from './urls.ts';
import { activitySchema, commentsSchema, discussedPullSchema, eventsSchema, filesSchema } from './wire-reviews.ts';

// "Responses include a maximum of 3000 files": https://docs.github.com/en/rest/pulls/pulls#list-pull-requests-files
const mostFiles = 3000;

/** https://docs.github.com/en/rest/issues (a pull request is an issue, too) */
export function discussionRole(clientFor: ClientFor): DiscussionRole {
  return {
    async labels(repo, number, options = {}) {
      const client = clientFor(repo);
      const [pull, events] = await Promise.all([
        findPull(client, repo, number, options),
        listEvents(client, repo, number, options),
      ]);
      return pull.labels.map(({ name }) => {
        const event = events.findLast((one) => one.event === 'labeled' && one.label?.name === name);
        const deed: Deed = { by: convertAccount(event?.actor), at: event?.created_at, commit: undefined };
        return { name, ...deed };
      });
    },

    async comments(repo, number, options = {}) {
      const comments = await readAll(clientFor(repo), {
        path: `${repositoryPath(repo)}/issues/${number}/comments`,
        decode: (value) => commentsSchema.parse(value),
        purpose: `list the comments of pull request #${number} of ${repo}`,
        ...options,
      });
      return comments
        .map(({ user, created_at, body }) => ({
          ...{ by: convertAccount(user), at: created_at, commit: undefined },
          text: body ?? '',
        }))
        .toSorted((a, b) => a.at - b.at);
    },

    async headSince(repo, change, options = {}) {
      const client = clientFor(repo);
      const [pushed, events] = await Promise.all([
        lastPush(client, change, options),
        listEvents(client, repo, change.number, options),
      ]);
      if (pushed === undefined) return undefined;
      // A branch moves on while its pull request is closed, and the pull request's head follows when it is opened again.
      const later = events.filter(({ event }) => event === 'reopened' || event === 'head_ref_restored');
      return Math.max(pushed, ...later.map(({ created_at }) => created_at));
    },

    async changedPaths(repo, number, options = {}) {
      const purpose = `list the files of pull request #${number} of ${repo}`;
      const files = await readAll(clientFor(repo), {
        path: `${repositoryPath(repo)}/pulls/${number}/files`,
        decode: (value) => filesSchema.parse(value),
        purpose,
        ...options,
      });
      if (files.length >= mostFiles) {
        throw new SluiceError('unavailable', `could not ${purpose}: GitHub shows no more than ${mostFiles} of them`, {
          hint: 'Split the pull request, or decide about it by hand.',
        });
      }
      return [...new Set(files.flatMap((file) => [file.filename, file.previous_filename ?? file.filename]))];
    },

    async association(repo, number, options = {}) {
      return (await findPull(clientFor(repo), repo, number, options)).author_association?.toUpperCase();
    },
  };
}

async function findPull(client: ApiClient, repo: string, number: number, options: CallOptions) {
  const purpose = `find pull request #${number} of ${repo}`;
  const decode = (value: unknown) => discussedPullSchema.parse(value);
  const answer = await client.send({ path: `${repositoryPath(repo)}/pulls/${number}`, decode, purpose, ...options });
  return answered(answer, purpose);
}

/** Oldest first. */
async function listEvents(client: ApiClient, repo: string, number: number, options: CallOptions) {
  const events = await readAll(client, {
    path: `${repositoryPath(repo)}/issues/${number}/events`,
    decode: (value) => eventsSchema.parse(value),
    purpose: `list the events of pull request #${number} of ${repo}`,
    ...options,
  });
  return events.toSorted((a, b) => a.created_at - b.created_at);
}

/**
 * When the head's branch was last pushed to, if it is still where the change says. A pull request itself only tells of forced pushes, a
 * commit's dates are whatever its author wrote into it, and the push of the same commit to another branch is no push to this one.
 * Undefined where the repository or the listing is not there (it came with GitHub Enterprise Server 3.9).
 * https://docs.github.com/en/rest/repos/repos#list-repository-activities
 */
async function lastPush(client: ApiClient, { head }: Change, options: CallOptions): Promise<number | undefined> {
  if (head.repo === undefined || head.sha === undefined) return undefined;
  const purpose = `find the last push to ${head.branch} of ${head.repo}`;
  const ref = `refs/heads/${head.branch}`;
  const answer = await client.send({
    path: `${repositoryPath(head.repo)}/activity`,
    query: { ref, direction: 'desc', per_page: 1 },
    decode: (value) => activitySchema.parse(value),
    accept: [404],
    purpose,
    ...options,
  });
  const [last] = found(answer, purpose) ?? [];
  return last?.ref === ref && last.after.toLowerCase() === head.sha ? last.timestamp : undefined;
}
