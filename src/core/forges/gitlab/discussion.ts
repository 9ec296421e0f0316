import { SluiceError } from '../../errors.ts';
import type { ApiClient } from '../../http/client.ts';
import { answered } from '../answered.ts';
import type { CallOptions } from '../call-options.ts';
import type { DiscussionRole } from '../review-roles.ts';
import { convertAccount } from './account.ts';
import { readAll } from './listing.ts';
import { listReopenings } from './reset-on-push.ts';
import { requestPath } from './urls.ts';
import { headSinceOf, listVersions } from './versions.ts';
import { diffsSchema, discussedRequestSchema, labelEventsSchema, notesSchema } from './wire-reviews.ts';

/** What is said and done beside reviews; GitLab has no word for the author's relation to the project. */
export function discussionRole(client: ApiClient): DiscussionRole {
  return {
    async labels(repo, number, options = {}) {
      const [{ labels }, events] = await Promise.all([
        findMergeRequest(client, repo, number, options),
        readAll(client, {
          // https://docs.gitlab.com/api/resource_label_events/
          path: `${requestPath(repo, number)}/resource_label_events`,
          decode: (value) => labelEventsSchema.parse(value),
          purpose: `list the label events of merge request !${number} of ${repo}`,
          ...options,
        }),
      ]);
      const ascending = events.toSorted((a, b) => a.id - b.id);
      return labels.map((name) => {
        const added = ascending.findLast(({ action, label }) => action === 'add' && label?.name === name);
        return { name, by: convertAccount(added?.user), at: added?.created_at, commit: undefined };
      });
    },

    async comments(repo, number, options = {}) {
      const notes = await readAll(client, {
        // https://docs.gitlab.com/api/notes/#merge-requests
        path: `${requestPath(repo, number)}/notes`,
        query: { order_by: 'created_at', sort: 'asc' },
        decode: (value) => notesSchema.parse(value),
        purpose: `list the notes of merge request !${number} of ${repo}`,
        ...options,
      });
      return notes
        .filter(({ system }) => !system)
        .map(({ author, created_at, body }) => ({
          ...{ by: convertAccount(author), at: created_at, commit: undefined },
          text: body ?? '',
        }))
        .toSorted((a, b) => a.at - b.at);
    },

    async headSince(repo, { number, head }, options = {}) {
      const [versions, reopenings] = await Promise.all([
        listVersions(client, repo, number, options),
        listReopenings(client, repo, number, options),
      ]);
      const since = headSinceOf(versions, head.sha);
      // A branch moves on while its merge request is closed, which then shows what it was.
      return since === undefined ? undefined : Math.max(since, ...reopenings);
    },

    async changedPaths(repo, number, options = {}) {
      const purpose = `list the files of merge request !${number} of ${repo}`;
      const [{ changes_count: count }, diffs] = await Promise.all([
        findMergeRequest(client, repo, number, options),
        readAll(client, {
          path: `${requestPath(repo, number)}/diffs`,
          decode: (value) => diffsSchema.parse(value),
          purpose,
          ...options,
        }),
      ]);
      // Without a number they have not been counted yet; `1000+` are more than GitLab keeps.
      if (count !== String(diffs.length)) {
        throw new SluiceError(
          'unavailable',
          `could not ${purpose}: ${diffs.length} of ${count ?? 'unknown many'} came`,
          {
            hint: 'Try again; if it has more files than GitLab shows, split it, or decide about it by hand.',
          },
        );
      }
      return [...new Set(diffs.flatMap(({ old_path, new_path }) => [new_path, old_path]))];
    },
  };
}

export async function findMergeRequest(client: ApiClient, repo: string, number: number, options: CallOptions) {
  const purpose = `find merge request !${number} of ${repo}`;
  const decode = (value: unknown) => discussedRequestSchema.parse(value);
  return answered(await client.send({ path: requestPath(repo, number), decode, purpose, ...options }), purpose);
}
