import type { ApiClient } from '../../http/client.ts';
import { answered } from '../answered.ts';
import type { CallOptions } from '../call-options.ts';
import { repositoryPath } from './urls.ts';
import { type TimelineItem, timelineSchema } from './wire-reviews.ts';

// Gitea cuts the pages first and then leaves out remarks on lines of code, so that an empty page need not be the last one. What follows
// more than that many of them is taken for missing: a label without a giver, a head without a time, which no policy trusts.
const emptyPages = 2;

/**
 * Every item of a change's timeline, oldest first. Newer versions always cut pages (30 items unless told), and their `X-Total-Count` is
 * the length of the page (routers/api/v1/repo/issue_comment.go), so only empty pages tell the end.
 */
export async function readTimeline(
  client: ApiClient,
  repo: string,
  number: number,
  options: CallOptions,
): Promise<readonly TimelineItem[]> {
  let empty = 0;
  const items = await client.sendAll(
    {
      path: `${repositoryPath(repo)}/issues/${number}/timeline`,
      query: { limit: 50, page: 1 },
      decode: (value) => timelineSchema.parse(value),
      purpose: `list the timeline of pull request #${number} of ${repo}`,
      ...options,
    },
    (answer, { path, query, purpose }) => {
      empty = answered(answer, purpose).length === 0 ? empty + 1 : 0;
      if (empty >= emptyPages) return undefined;
      return { path, query: { ...query, page: Number(query?.page ?? 1) + 1 } };
    },
  );
  const once = [...new Map(items.map((item) => [item.id, item])).values()];
  return once.toSorted((a, b) => a.created_at - b.created_at || a.id - b.id);
}
