import { SluiceError } from '../../errors.ts';
import type { ApiClient, ApiRequest } from '../../http/client.ts';
import { nextByLink } from '../../http/link-header.ts';
import { answered, found } from '../answered.ts';
import { createUnlessThere } from '../create-repository.ts';
import { eachOnce } from '../each-once.ts';
import type { CallOptions, ChangesRole, RepositoriesRole, Repository } from '../forge.ts';
import { ownerAndName } from '../repo-path.ts';
import { convertPullRequest, convertRepository } from './convert.ts';
import { repositoryPath } from './urls.ts';
import { accountSchema, pullRequestSchema, pullRequestsSchema, repositorySchema } from './wire.ts';

/** A client that may act on the repository: an App has another token for every owner. */
export type ClientFor = (repo: string) => ApiClient;

/** Pull requests (https://docs.github.com/en/rest/pulls/pulls). */
export function changesRole(clientFor: ClientFor): ChangesRole {
  return {
    async listOpen(repo, options = {}) {
      const client = clientFor(repo);
      const requests = await client.sendAll(
        {
          path: `${repositoryPath(repo)}/pulls`,
          // The oldest first, so that one opened meanwhile does not shift the pages.
          query: { state: 'open', sort: 'created', direction: 'asc', per_page: 100 },
          decode: (value) => pullRequestsSchema.parse(value),
          purpose: `list open pull requests of ${repo}`,
          ...options,
        },
        nextByLink(client.baseUrl),
      );
      return eachOnce(requests.map((request) => convertPullRequest(request, repo)));
    },

    async find(repo, number, options = {}) {
      const purpose = `find pull request #${number} of ${repo}`;
      const answer = await clientFor(repo).send({
        path: `${repositoryPath(repo)}/pulls/${number}`,
        decode: (value) => convertPullRequest(pullRequestSchema.parse(value), repo),
        accept: [404],
        purpose,
        ...options,
      });
      return found(answer, purpose);
    },

    headLocation(repo, change) {
      return { repo, ref: `refs/pull/${change.number}/head` };
    },
  };
}

/** Repositories (https://docs.github.com/en/rest/repos/repos). */
export function repositoriesRole(clientFor: ClientFor): RepositoriesRole {
  async function find(repo: string, options: CallOptions = {}): Promise<Repository | undefined> {
    const purpose = `find the repository ${repo}`;
    const answer = await clientFor(repo).send({
      path: repositoryPath(repo),
      decode: (value) => convertRepository(repositorySchema.parse(value)),
      accept: [404],
      purpose,
      ...options,
    });
    return found(answer, purpose);
  }
  return {
    find,
    create(repo, want, options = {}) {
      return createUnlessThere(
        () => find(repo, options),
        () => createRepository(clientFor(repo), repo, want, options),
      );
    },
  };
}

async function createRepository(
  client: ApiClient,
  repo: string,
  want: { readonly private: boolean; readonly description?: string },
  options: CallOptions,
): Promise<Repository> {
  const { owner, name } = ownerAndName(repo);
  const purpose = `create the repository ${repo}`;
  const answer = await client.send({
    method: 'POST',
    path: await creationPath(client, owner, options),
    body: { name, private: want.private, ...(want.description === undefined ? {} : { description: want.description }) },
    decode: (value) => convertRepository(repositorySchema.parse(value)),
    purpose,
    ...options,
  });
  return answered(answer, purpose);
}

/** An organization's repository and one's own have different addresses, and a name does not say which of them it is. */
async function creationPath(client: ApiClient, owner: string, options: CallOptions): Promise<string> {
  const request = accountRequest(`/users/${encodeURIComponent(owner)}`, `find the account ${owner}`);
  const account = found(await client.send({ ...request, accept: [404], ...options }), request.purpose);
  if (account?.type === 'Organization') return `/orgs/${encodeURIComponent(owner)}/repos`;
  // /user/repos creates for whoever the token belongs to, so that must be the owner who was named.
  const ownRequest = accountRequest('/user', 'find the user of the token');
  const me = answered(await client.send({ ...ownRequest, ...options }), ownRequest.purpose);
  if (me.login.toLowerCase() === owner.toLowerCase()) return '/user/repos';
  throw new SluiceError('denied', `${owner} is neither an organization nor the user of the token`, {
    hint: `Create the organization first, or use a token of ${owner}.`,
  });
}

function accountRequest(path: string, purpose: string): ApiRequest<{ login: string; type: string }> {
  return { path, purpose, decode: (value) => accountSchema.parse(value) };
}
