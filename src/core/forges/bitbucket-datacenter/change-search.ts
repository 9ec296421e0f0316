import { SluiceError } from '../../errors.ts';
import type { ApiClient } from '../../http/client.ts';
import type { Change } from '../../model/change.ts';
import { shortOid } from '../../model/ref.ts';
import type { CallOptions } from '../call-options.ts';
import { openFirst } from '../open-first.ts';
import type { ChangeSearchRole } from '../review-roles.ts';
import { findCommit } from './commits.ts';
import { convertPullRequest } from './convert.ts';
import { assureRepository, readAll, readAllOrNothing } from './listing.ts';
import { canonicalRepo, commitPath, repositoryPath } from './urls.ts';
import { type PullRequest, pullRequestPageSchema } from './wire.ts';

/** Pull requests of any state (https://developer.atlassian.com/server/bitbucket/rest/, "Pull Requests"). */
export function changeSearchRole(client: ApiClient, webUrl: string): ChangeSearchRole {
  return {
    async search(repo, query, options = {}) {
      const convert = (native: PullRequest) => convertPullRequest(native, repo, webUrl);
      const ofRepo = ({ base }: Change) => base.repo === canonicalRepo(repo);
      switch (query.kind) {
        case 'branch': {
          const { branch, headRepo = repo } = query;
          const requests = await fromBranch(client, repo, branch, headRepo, options);
          const isHead = ({ head }: Change) => head.branch === branch && head.repo === canonicalRepo(headRepo);
          return openFirst(requests.map(convert).filter((change) => ofRepo(change) && isHead(change)));
        }
        case 'commit':
          return openFirst((await withCommit(client, repo, query.sha, options)).map(convert).filter(ofRepo));
        case 'label':
          throw new SluiceError(
            'usage',
            `could not find pull requests of ${repo} with the label ${query.label}: Bitbucket Data Center has no labels for them`,
            { hint: 'Look pull requests up by branch or by commit.' },
          );
      }
    },
  };
}

/** A branch can be asked for where it is: those that go out from the head's repository, to wherever. */
async function fromBranch(
  client: ApiClient,
  repo: string,
  branch: string,
  headRepo: string,
  options: CallOptions,
): Promise<readonly PullRequest[]> {
  const isSame = canonicalRepo(headRepo) === canonicalRepo(repo);
  const listing = readAll(client, {
    path: `${repositoryPath(headRepo)}/pull-requests`,
    query: { direction: 'OUTGOING', at: `refs/heads/${branch}`, state: 'ALL', order: 'OLDEST' },
    decode: (value) => pullRequestPageSchema.parse(value),
    purpose: `find pull requests of ${repo} from the branch ${branch}${isSame ? '' : ` of ${headRepo}`}`,
    ...options,
  });
  const [requests] = await Promise.all([listing, isSame ? undefined : assureRepository(client, repo, options)]);
  return requests;
}

async function withCommit(
  client: ApiClient,
  repo: string,
  sha: string,
  options: CallOptions,
): Promise<readonly PullRequest[]> {
  const purpose = `find pull requests of ${repo} with the commit ${shortOid(sha)}`;
  const requests = await readAllOrNothing(client, {
    path: `${commitPath(repo, sha)}/pull-requests`,
    decode: (value) => pullRequestPageSchema.parse(value),
    purpose,
    ...options,
  });
  if (requests !== undefined) return requests;
  if ((await findCommit(client, repo, sha, options)) === undefined) return [];
  throw new SluiceError('unavailable', `could not ${purpose}: the server does not link commits with pull requests`, {
    hint: 'Look pull requests up by branch, or update the server.',
  });
}
