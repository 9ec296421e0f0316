import { SluiceError } from '../../errors.ts';
import type { ApiClient, ApiRequest } from '../../http/client.ts';
import type { Change } from '../../model/change.ts';
import { shortOid } from '../../model/ref.ts';
import { answered } from '../answered.ts';
import type { CallOptions } from '../call-options.ts';
import { openFirst } from '../open-first.ts';
import { ownerAndName } from '../repo-path.ts';
import type { ChangeQuery, ChangeSearchRole } from '../review-roles.ts';
import { samePath } from '../same-path.ts';
import type { ClientFor } from './api.ts';
import { convertPullRequest } from './convert.ts';
import { hundred, nextAboutCommit, readAll, unknownCommitStatus } from './listing.ts';
import { repositoryPath } from './urls.ts';
import { type PullRequest, pullRequestSchema, pullRequestsSchema, repositorySchema } from './wire.ts';
import { issuesSchema } from './wire-reviews.ts';

// How many pull requests of one label are asked for at a time.
const atOnce = 8;

/** https://docs.github.com/en/rest/pulls/pulls#list-pull-requests */
export function changeSearchRole(clientFor: ClientFor): ChangeSearchRole {
  return {
    async search(repo, query, options = {}) {
      const client = clientFor(repo);
      const found = await searchBy(client, repo, query, options);
      const changes = found.map((native) => convertPullRequest(native, repo));
      if (query.kind !== 'commit' || changes.every(matching(repo, query))) {
        return openFirst(changes.filter(matching(repo, query)));
      }
      const name = await presentName(client, repo, options);
      return openFirst(changes.filter(matching(name, query)));
    },
  };
}

/** GitHub follows the former name of a repository, and everything in its answers has the present one. */
async function presentName(client: ApiClient, repo: string, options: CallOptions): Promise<string> {
  const purpose = `find the repository ${repo}`;
  const decode = (value: unknown) => repositorySchema.parse(value).full_name;
  return answered(await client.send({ path: repositoryPath(repo), decode, purpose, ...options }), purpose);
}

async function searchBy(
  client: ApiClient,
  repo: string,
  query: ChangeQuery,
  options: CallOptions,
): Promise<readonly PullRequest[]> {
  const path = repositoryPath(repo);
  const pulls = { decode: (value: unknown) => pullRequestsSchema.parse(value), ...options };
  switch (query.kind) {
    case 'branch': {
      const { owner } = ownerAndName(query.headRepo ?? repo);
      return readAll(client, {
        ...pulls,
        path: `${path}/pulls`,
        query: { state: 'all', head: `${owner}:${query.branch}`, sort: 'created', direction: 'desc' },
        purpose: `find pull requests of ${repo} from the branch ${query.branch}`,
      });
    }
    case 'commit': {
      const request: ApiRequest<readonly PullRequest[]> = {
        ...pulls,
        path: `${path}/commits/${encodeURIComponent(query.sha)}/pulls`,
        accept: [unknownCommitStatus],
        purpose: `find pull requests of ${repo} with the commit ${shortOid(query.sha)}`,
      };
      return client.sendAll(hundred(request), nextAboutCommit(client.baseUrl));
    }
    case 'label':
      return withLabel(client, repo, query.label, options);
  }
}

/** The listing of pull requests cannot be filtered by label, that of issues can, and lacks their heads. */
async function withLabel(
  client: ApiClient,
  repo: string,
  label: string,
  options: CallOptions,
): Promise<readonly PullRequest[]> {
  const purpose = `find pull requests of ${repo} with the label ${label}`;
  if (label.includes(',')) {
    throw new SluiceError('usage', `could not ${purpose}: GitHub cannot search for a label with a comma in it`, {
      hint: 'Use another label.',
    });
  }
  const path = repositoryPath(repo);
  const issues = await readAll(client, {
    path: `${path}/issues`,
    query: { state: 'all', labels: label, sort: 'created', direction: 'desc' },
    decode: (value) => issuesSchema.parse(value),
    purpose,
    ...options,
  });
  const numbers = [...new Set(issues.filter((issue) => issue.pull_request != null).map(({ number }) => number))];
  const found: PullRequest[] = [];
  for (let at = 0; at < numbers.length; at += atOnce) {
    const some = numbers.slice(at, at + atOnce).map(async (number) => {
      const one = `find pull request #${number} of ${repo}`;
      const decode = (value: unknown) => pullRequestSchema.parse(value);
      return answered(await client.send({ path: `${path}/pulls/${number}`, decode, purpose: one, ...options }), one);
    });
    found.push(...(await Promise.all(some)));
  }
  return found;
}

/**
 * What was really asked for. GitHub ignores a `head` that it cannot read and lists everything, knows an owner but no repository in it,
 * and lists the pull requests of other repositories that a commit is in.
 */
export function matching(repo: string, query: ChangeQuery): (change: Change) => boolean {
  if (query.kind === 'label') return () => true;
  if (query.kind === 'commit') return ({ base }) => base.repo !== undefined && samePath(base.repo, repo);
  const { branch, headRepo = repo } = query;
  return ({ head, internal }) =>
    head.branch === branch &&
    // By the repository's number where it is the same one, which may have been renamed.
    (samePath(headRepo, repo) ? internal : head.repo !== undefined && samePath(head.repo, headRepo));
}
