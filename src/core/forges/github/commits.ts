import type { ApiClient } from '../../http/client.ts';
import { shortOid } from '../../model/ref.ts';
import { answered } from '../answered.ts';
import type { CallOptions } from '../call-options.ts';
import { coAuthorsOf } from '../co-authors.ts';
import { eachPersonOnce } from '../each-person.ts';
import type { CommitPerson, CommitsRole } from '../review-roles.ts';
import { uncompared } from '../uncompared.ts';
import { convertAccount, convertPerson } from './account.ts';
import type { ClientFor } from './api.ts';
import { findTip } from './branch-tip.ts';
import { isUnknownCommit, unknownCommitStatus } from './listing.ts';
import { repositoryPath } from './urls.ts';
import { commitSchema, comparisonSchema, type NativeCommit } from './wire-reviews.ts';

/** https://docs.github.com/en/rest/commits/commits */
export function commitsRole(clientFor: ClientFor): CommitsRole {
  return {
    async people(repo, sha, options = {}) {
      const commit = await findCommit(clientFor(repo), repo, sha, options);
      return commit && peopleOf(commit);
    },

    async isAncestor(repo, ancestor, descendant, options = {}) {
      if (ancestor === descendant) {
        return (await findCommit(clientFor(repo), repo, ancestor, options)) === undefined ? undefined : true;
      }
      const client = clientFor(repo);
      const purpose = `compare ${shortOid(ancestor)} and ${shortOid(descendant)} in ${repo}`;
      const answer = await client.send({
        path: `${repositoryPath(repo)}/compare/${ancestor}...${descendant}`,
        // The list of commits between them is not needed.
        query: { per_page: 1 },
        decode: (value) => comparisonSchema.parse(value),
        accept: [404],
        purpose,
        ...options,
      });
      if (answer.status !== 404) {
        const { status } = answered(answer, purpose);
        return status === 'ahead' || status === 'identical';
      }
      if (/no common ancestor/i.test(answer.refusal ?? '')) return false;
      return await uncompared([ancestor, descendant], (sha) => findCommit(client, repo, sha, options), purpose);
    },

    tip: (repo, branch, options = {}) => findTip(clientFor(repo), repo, branch, options),
  };
}

/** Undefined: the repository does not have it. Of a repository that is not there GitHub says 404, which is a failure. */
async function findCommit(
  client: ApiClient,
  repo: string,
  sha: string,
  options: CallOptions,
): Promise<NativeCommit | undefined> {
  const purpose = `find the commit ${shortOid(sha)} of ${repo}`;
  const answer = await client.send({
    path: `${repositoryPath(repo)}/commits/${sha}`,
    // Its list of files is not needed, and has pages.
    query: { per_page: 1 },
    decode: (value) => commitSchema.parse(value),
    accept: [unknownCommitStatus],
    purpose,
    ...options,
  });
  return isUnknownCommit(answer, purpose) ? undefined : answered(answer, purpose);
}

function peopleOf({ commit, author, committer }: NativeCommit): readonly CommitPerson[] {
  return eachPersonOnce([
    convertPerson(convertAccount(author), commit.author ?? {}),
    convertPerson(convertAccount(committer), commit.committer ?? {}),
    ...coAuthorsOf(commit.message).map((person) => convertPerson(undefined, person)),
  ]);
}
