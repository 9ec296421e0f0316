import { SluiceError } from '../../errors.ts';
import type { ApiClient } from '../../http/client.ts';
import { shortOid } from '../../model/ref.ts';
import { answered } from '../answered.ts';
import { coAuthorsOf } from '../co-authors.ts';
import { eachPersonOnce } from '../each-person.ts';
import type { CommitPerson, CommitsRole } from '../review-roles.ts';
import { convertPerson } from './account.ts';
import { findTip } from './branch-tip.ts';
import { isMissing } from './listing.ts';
import { projectPath } from './urls.ts';
import { commitSchema, type GitlabCommit } from './wire-reviews.ts';

/** https://docs.gitlab.com/api/commits/ and https://docs.gitlab.com/api/repositories/#merge-base; commits are not linked with accounts. */
export function commitsRole(client: ApiClient): CommitsRole {
  return {
    async people(repo, sha, options = {}) {
      const purpose = `find the commit ${shortOid(sha)} of ${repo}`;
      const answer = await client.send({
        path: `${projectPath(repo)}/repository/commits/${encodeURIComponent(sha)}`,
        query: { stats: false },
        decode: (value) => commitSchema.parse(value),
        accept: [404],
        purpose,
        ...options,
      });
      return isMissing(answer, 'Commit', purpose) ? undefined : peopleOf(answered(answer, purpose));
    },

    async isAncestor(repo, ancestor, descendant, options = {}) {
      const purpose = `compare ${shortOid(ancestor)} and ${shortOid(descendant)} in ${repo}`;
      const refs = [ancestor, descendant].map((sha) => `refs%5B%5D=${encodeURIComponent(sha)}`);
      const answer = await client.send({
        path: `${projectPath(repo)}/repository/merge_base?${refs.join('&')}`,
        decode: (value) => commitSchema.parse(value).id.toLowerCase(),
        accept: [400, 404],
        purpose,
        ...options,
      });
      if (answer.status === 400) {
        if (/could not find ref/i.test(answer.refusal ?? '')) return undefined;
        throw new SluiceError('usage', `could not ${purpose}: the forge answered 400 (${answer.refusal ?? ''})`, {
          hint: 'The forge does not accept this request as it is.',
        });
      }
      return isMissing(answer, 'Merge Base', purpose) ? false : answered(answer, purpose) === ancestor;
    },

    tip: (repo, branch, options = {}) => findTip(client, repo, branch, options),
  };
}

function peopleOf(commit: GitlabCommit): readonly CommitPerson[] {
  return eachPersonOnce([
    convertPerson(commit.author_name, commit.author_email),
    convertPerson(commit.committer_name, commit.committer_email),
    ...coAuthorsOf(commit.message ?? '').map(({ name, email }) => convertPerson(name, email)),
  ]);
}
