import { SluiceError } from '../../errors.ts';
import type { ApiClient } from '../../http/client.ts';
import type { Account } from '../../model/account.ts';
import { shortOid } from '../../model/ref.ts';
import { answered, found } from '../answered.ts';
import type { CallOptions } from '../call-options.ts';
import { coAuthorsOf } from '../co-authors.ts';
import { eachPersonOnce } from '../each-person.ts';
import type { CommitPerson, CommitsRole } from '../review-roles.ts';
import { convertAccount } from './account.ts';
import { repositoryPath } from './urls.ts';
import { repositorySchema } from './wire.ts';
import { commitSchema, comparisonSchema, type GiteaCommit, type Signature } from './wire-reviews.ts';

export function commitsRole(client: ApiClient): CommitsRole {
  return {
    async people(repo, sha, options = {}) {
      const commit = await findCommit(client, repo, sha, options);
      return commit && peopleOf(commit);
    },

    async isAncestor(repo, ancestor, descendant, options = {}) {
      const purpose = `compare ${shortOid(ancestor)} and ${shortOid(descendant)} in ${repo}`;
      const answer = await client.send({
        // The commits that the second has and the first has not: none, when it is an ancestor of the first.
        path: `${repositoryPath(repo)}/compare/${descendant}...${ancestor}`,
        decode: (value) => comparisonSchema.parse(value),
        accept: [404],
        purpose,
        ...options,
      });
      if (answer.status !== 404) return answered(answer, purpose).total_commits === 0;
      const both = [ancestor, descendant].map((sha) => findCommit(client, repo, sha, options));
      if ((await Promise.all(both)).includes(undefined)) return undefined;
      throw new SluiceError('unavailable', `could not ${purpose}: the forge has both and does not compare them`, {
        hint: 'Gitea compares commits since version 1.22.',
      });
    },
  };
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

/** The same 404 is said of a commit and of a repository; the latter is a failure. */
async function assureRepository(client: ApiClient, repo: string, options: CallOptions): Promise<void> {
  const decode = (value: unknown) => repositorySchema.parse(value);
  await client.send({ path: repositoryPath(repo), decode, purpose: `find the repository ${repo}`, ...options });
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
