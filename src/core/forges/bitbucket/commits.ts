import type { ApiClient } from '../../http/client.ts';
import { shortOid } from '../../model/ref.ts';
import { answered, found } from '../answered.ts';
import type { CallOptions } from '../call-options.ts';
import { coAuthorsOf } from '../co-authors.ts';
import { eachPersonOnce } from '../each-person.ts';
import type { CommitsRole } from '../review-roles.ts';
import { uncompared } from '../uncompared.ts';
import { convertPerson } from './account.ts';
import { findTip } from './branch-tip.ts';
import { assureRepository } from './listing.ts';
import { commitPath, repositoryPath } from './urls.ts';
import { type BitbucketCommit, commitSchema, hashPageSchema } from './wire-reviews.ts';

/** https://developer.atlassian.com/cloud/bitbucket/rest/api-group-commits/ */
export function commitsRole(client: ApiClient): CommitsRole {
  return {
    async people(repo, sha, options = {}) {
      const commit = await findCommit(client, repo, sha, options);
      if (commit === undefined) return undefined;
      const { author, committer, message } = commit;
      const coAuthors = coAuthorsOf(message ?? '').map((named) => ({ account: undefined, ...named }));
      return eachPersonOnce([...[author, committer ?? author].map(convertPerson), ...coAuthors]);
    },

    async isAncestor(repo, ancestor, descendant, options = {}) {
      const purpose = `compare ${shortOid(ancestor)} and ${shortOid(descendant)} in ${repo}`;
      const answer = await client.send({
        // What the first has and the second has not: nothing, when it can be reached from there.
        path: `${repositoryPath(repo)}/commits`,
        query: { include: ancestor, exclude: descendant, pagelen: 1 },
        decode: (value) => hashPageSchema.parse(value),
        accept: [404],
        purpose,
        ...options,
      });
      if (answer.status !== 404) return answered(answer, purpose).values.length === 0;
      return await uncompared([ancestor, descendant], (sha) => findCommit(client, repo, sha, options), purpose);
    },

    tip: (repo, branch, options = {}) => findTip(client, repo, branch, options),
  };
}

/** Undefined: the repository, which is there, does not have it. */
export async function findCommit(
  client: ApiClient,
  repo: string,
  sha: string,
  options: CallOptions,
): Promise<BitbucketCommit | undefined> {
  const purpose = `find the commit ${shortOid(sha)} of ${repo}`;
  const decode = (value: unknown) => commitSchema.parse(value);
  const answer = await client.send({ path: commitPath(repo, sha), decode, accept: [404], purpose, ...options });
  const commit = found(answer, purpose);
  if (commit === undefined) await assureRepository(client, repo, options);
  return commit;
}
