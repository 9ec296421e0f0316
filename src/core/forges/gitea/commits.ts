import { SluiceError } from '../../errors.ts';
import type { ApiAnswer, ApiClient } from '../../http/client.ts';
import type { Account } from '../../model/account.ts';
import { shortOid } from '../../model/ref.ts';
import { answered, found } from '../answered.ts';
import type { CallOptions } from '../call-options.ts';
import { coAuthorsOf } from '../co-authors.ts';
import { eachPersonOnce } from '../each-person.ts';
import type { CommitPerson, CommitsRole } from '../review-roles.ts';
import { uncompared } from '../uncompared.ts';
import { convertAccount } from './account.ts';
import { findTip } from './branch-tip.ts';
import { assureRepository } from './listing.ts';
import { repositoryPath } from './urls.ts';
import { commitIdsSchema, commitSchema, type GiteaCommit, type Signature } from './wire-reviews.ts';

export function commitsRole(client: ApiClient): CommitsRole {
  return {
    async people(repo, sha, options = {}) {
      const commit = await findCommit(client, repo, sha, options);
      return commit && peopleOf(commit);
    },

    async isAncestor(repo, ancestor, descendant, options = {}) {
      const purpose = `compare ${shortOid(ancestor)} and ${shortOid(descendant)} in ${repo}`;
      const answer = await client.send({
        // What the first has and the second has not: nothing, when it can be reached from there. `/compare` would do, too, but takes a
        // branch or tag that is called like a commit for it, and whoever may push can make one.
        path: `${repositoryPath(repo)}/commits`,
        query: { sha: ancestor, not: descendant, limit: 1, stat: false, verification: false, files: false },
        decode: (value) => commitIdsSchema.parse(value),
        // It says 500 of commits that it does not have.
        accept: [404, 500],
        purpose,
        ...options,
      });
      if (answer.status === 200) return isNone(answer, purpose);
      return await uncompared([ancestor, descendant], (sha) => findCommit(client, repo, sha, options), purpose);
    },

    tip: (repo, branch, options = {}) => findTip(client, repo, branch, options),
  };
}

/** An empty list means something, so it must say itself that it is whole. */
function isNone(answer: ApiAnswer<readonly unknown[]>, purpose: string): boolean {
  if (answered(answer, purpose).length > 0) return false;
  if (answer.headers['x-total-count'] === '0') return true;
  throw new SluiceError(
    'unavailable',
    `could not ${purpose}: the answer has no commit, and does not say that there is none`,
    {
      hint: 'Does a proxy take the header X-Total-Count off?',
    },
  );
}

/** Undefined: the repository, which is there, does not have it. */
export async function findCommit(
  client: ApiClient,
  repo: string,
  sha: string,
  options: CallOptions,
): Promise<GiteaCommit | undefined> {
  const purpose = `find the commit ${shortOid(sha)} of ${repo}`;
  const answer = await client.send({
    path: `${repositoryPath(repo)}/git/commits/${sha}`,
    query: { stat: false, verification: false, files: false },
    decode: (value) => commitSchema.parse(value),
    accept: [404],
    purpose,
    ...options,
  });
  const commit = found(answer, purpose);
  if (commit === undefined) await assureRepository(client, repo, options);
  return commit;
}

function peopleOf({ commit, author, committer }: GiteaCommit): readonly CommitPerson[] {
  return eachPersonOnce([
    person(convertAccount(author), commit.author),
    person(convertAccount(committer), commit.committer),
    ...coAuthorsOf(commit.message).map((named) => person(undefined, named)),
  ]);
}

function person(account: Account | undefined, said: Signature): CommitPerson {
  return { account, name: said?.name ?? undefined, email: said?.email ?? undefined };
}
