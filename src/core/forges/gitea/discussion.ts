import { SluiceError } from '../../errors.ts';
import type { ApiClient } from '../../http/client.ts';
import { answered } from '../answered.ts';
import type { CallOptions } from '../call-options.ts';
import type { DiscussionRole } from '../review-roles.ts';
import { convertAccount } from './account.ts';
import { readAll } from './listing.ts';
import { readTimeline } from './timeline.ts';
import { repositoryPath } from './urls.ts';
import { commentsSchema, discussedPullSchema, filesSchema, pushSchema, type TimelineItem } from './wire-reviews.ts';

export function discussionRole(client: ApiClient): DiscussionRole {
  return {
    async labels(repo, number, options = {}) {
      const [pull, timeline] = await Promise.all([
        findPull(client, repo, number, options),
        readTimeline(client, repo, number, options),
      ]);
      // The body of an addition is "1", that of a removal is empty. A label's present name stands in old items, too.
      const added = (name: string) =>
        timeline.findLast((item) => item.type === 'label' && item.label?.name === name && item.body === '1');
      return (pull.labels ?? []).map(({ name }) => {
        const item = added(name);
        return { name, by: convertAccount(item?.user), at: item?.created_at, commit: undefined };
      });
    },

    async comments(repo, number, options = {}) {
      const purpose = `list the comments of pull request #${number} of ${repo}`;
      // Without pages, all at once.
      const answer = await client.send({
        path: `${repositoryPath(repo)}/issues/${number}/comments`,
        decode: (value) => commentsSchema.parse(value),
        purpose,
        ...options,
      });
      const comments = answered(answer, purpose);
      assureWhole(comments.length, answer.headers['x-total-count'], purpose);
      return comments
        .map(({ user, created_at, body }) => ({
          ...{ by: convertAccount(user), at: created_at, commit: undefined },
          text: body ?? '',
        }))
        .toSorted((a, b) => a.at - b.at);
    },

    async headSince(repo, { number, head }, options = {}) {
      if (head.sha === undefined) return undefined;
      const timeline = await readTimeline(client, repo, number, options);
      const push = timeline.findLast(({ type }) => type === 'pull_push');
      // A branch moves on unseen while its pull request is closed; the one that opened it names its commits like a push.
      if (push === undefined || !isPushOf(push, head.sha)) return undefined;
      const reopened = timeline.findLast(({ type }) => type === 'reopen');
      return Math.max(push.created_at, reopened?.created_at ?? 0);
    },

    async changedPaths(repo, number, options = {}) {
      const files = await readAll(client, {
        path: `${repositoryPath(repo)}/pulls/${number}/files`,
        decode: (value) => filesSchema.parse(value),
        purpose: `list the files of pull request #${number} of ${repo}`,
        ...options,
      });
      return [...new Set(files.flatMap((file) => [file.filename, file.previous_filename || file.filename]))];
    },
  };
}

async function findPull(client: ApiClient, repo: string, number: number, options: CallOptions) {
  const purpose = `find pull request #${number} of ${repo}`;
  const decode = (value: unknown) => discussedPullSchema.parse(value);
  const answer = await client.send({ path: `${repositoryPath(repo)}/pulls/${number}`, decode, purpose, ...options });
  return answered(answer, purpose);
}

function assureWhole(got: number, total: string | undefined, purpose: string): void {
  if (total === undefined || got >= Number(total)) return;
  throw new SluiceError('unavailable', `could not ${purpose}: only ${got} of ${total} were shown`, {
    hint: 'Try again later.',
  });
}

/** A forced push names the old head and the new one, any other the commits that came. */
function isPushOf({ body }: TimelineItem, sha: string): boolean {
  const push = pushSchema.safeParse(parsed(body ?? ''));
  if (!push.success) return false;
  const { is_force_push: forced, commit_ids: ids } = push.data;
  return forced ? ids.at(-1) === sha : ids.includes(sha);
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
