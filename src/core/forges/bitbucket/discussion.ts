import type { ApiClient } from '../../http/client.ts';
import { nextPath } from '../../http/link-header.ts';
import { answered } from '../answered.ts';
import type { CallOptions } from '../call-options.ts';
import type { DiscussionRole } from '../review-roles.ts';
import { convertAccount } from './account.ts';
import { aboutPullRequest, readAll } from './listing.ts';
import {
  activityPageSchema,
  commentPageSchema,
  diffstatPageSchema,
  discussedRequestSchema,
  type Update,
} from './wire-reviews.ts';

/** What is said and done beside reviews. Bitbucket Cloud has neither labels nor a word for the author's relation to the repository. */
export function discussionRole(client: ApiClient): DiscussionRole {
  return {
    async comments(repo, number, options = {}) {
      const comments = await readAll(client, {
        ...aboutPullRequest(repo, number, 'list the comments of', '/comments'),
        query: { sort: 'created_on' },
        decode: (value) => commentPageSchema.parse(value),
        ...options,
      });
      return comments
        .filter(({ deleted }) => deleted !== true)
        .map(({ user, created_on: at, content }) => ({
          ...{ by: convertAccount(user), at, commit: undefined },
          text: content.raw,
        }))
        .toSorted((a, b) => a.at - b.at);
    },

    async headSince(repo, { number, head }, options = {}) {
      const activities = await readAll(client, {
        ...aboutPullRequest(repo, number, 'list the activity of', '/activity'),
        decode: (value) => activityPageSchema.parse(value),
        ...options,
      });
      const updates = activities.flatMap(({ update }) => update ?? []);
      return headSinceOf(updates, head.sha);
    },

    async changedPaths(repo, number, options = {}) {
      const { links } = await findDiscussed(client, repo, number, options);
      const files = await readAll(client, {
        ...aboutPullRequest(repo, number, 'list the files of'),
        // Its own address would answer with a redirect to this one.
        path: nextPath(client.baseUrl, links.diffstat.href),
        decode: (value) => diffstatPageSchema.parse(value),
        ...options,
      });
      return [...new Set(files.flatMap((file) => [file.new?.path ?? [], file.old?.path ?? []].flat()))];
    },
  };
}

/** When this head came, and stayed, in this state. Each update (of the title, too) names the head of its time, abbreviated. */
export function headSinceOf(updates: readonly Update[], sha: string | undefined): number | undefined {
  const newestFirst = updates.toSorted((a, b) => b.date - a.date);
  const { source: now, state } = newestFirst[0] ?? {};
  const short = now?.commit?.hash;
  if (!short || (sha !== undefined && !sha.startsWith(short.toLowerCase()))) return undefined;
  const end = newestFirst.findIndex((update) => update.source.commit?.hash !== short || update.state !== state);
  const present = end === -1 ? newestFirst : newestFirst.slice(0, end);
  return present.at(-1)?.date;
}

export async function findDiscussed(client: ApiClient, repo: string, number: number, options: CallOptions) {
  const about = aboutPullRequest(repo, number, 'find');
  const decode = (value: unknown) => discussedRequestSchema.parse(value);
  return answered(await client.send({ ...about, decode, ...options }), about.purpose);
}
