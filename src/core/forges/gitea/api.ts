import { SluiceError } from '../../errors.ts';
import type { ApiClient } from '../../http/client.ts';
import { answered, found } from '../answered.ts';
import { createUnlessThere } from '../create-repository.ts';
import { eachOnce } from '../each-once.ts';
import type { CallOptions, ChangesRole, RepositoriesRole, Repository } from '../forge.ts';
import { nextPageNumber } from '../page-number.ts';
import { ownerAndName } from '../repo-path.ts';
import { convertPullRequest, convertRepository } from './convert.ts';
import { repositoryPath } from './urls.ts';
import { pullRequestSchema, pullRequestsSchema, repositorySchema, userSchema } from './wire.ts';

/** Pull requests (`/api/swagger` of any Gitea or Forgejo). */
export function changesRole(client: ApiClient): ChangesRole {
  return {
    async listOpen(repo, options = {}) {
      const requests = await client.sendAll(
        {
          path: `${repositoryPath(repo)}/pulls`,
          // 50 is the default cap of a server (`[api] MAX_RESPONSE_ITEMS`); a lower one only means more pages.
          // The oldest first, so that one opened meanwhile does not shift the pages.
          query: { state: 'open', sort: 'oldest', limit: 50, page: 1 },
          decode: (value) => pullRequestsSchema.parse(value),
          purpose: `list open pull requests of ${repo}`,
          ...options,
        },
        nextPageNumber,
      );
      return eachOnce(requests.map((request) => convertPullRequest(request, repo)));
    },

    async find(repo, number, options = {}) {
      const purpose = `find pull request #${number} of ${repo}`;
      const answer = await client.send({
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

export function repositoriesRole(client: ApiClient): RepositoriesRole {
  async function find(repo: string, options: CallOptions = {}): Promise<Repository | undefined> {
    const purpose = `find the repository ${repo}`;
    const answer = await client.send({
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
        () => createRepository(client, repo, want, options),
      );
    },
  };
}

/**
 * An organization's repository and one's own have different addresses, and a name does not say which of them it is. A token
 * whose scopes leave organizations out is refused (403) before it is said that there is no such organization (404).
 */
async function createRepository(
  client: ApiClient,
  repo: string,
  want: { readonly private: boolean; readonly description?: string },
  options: CallOptions,
): Promise<Repository> {
  const { owner, name } = ownerAndName(repo);
  const request = {
    method: 'POST',
    body: { name, private: want.private, ...(want.description === undefined ? {} : { description: want.description }) },
    decode: (value: unknown) => convertRepository(repositorySchema.parse(value)),
    purpose: `create the repository ${repo}`,
    ...options,
  } as const;
  try {
    const answer = await client.send({ ...request, path: `/orgs/${encodeURIComponent(owner)}/repos` });
    return answered(answer, request.purpose);
  } catch (error) {
    // /user/repos creates for whoever the token belongs to, so that must be the owner who was named.
    if (!isRefusal(error) || !(await isTokenOwner(client, owner, options))) throw error;
  }
  return answered(await client.send({ ...request, path: '/user/repos' }), request.purpose);
}

function isRefusal(error: unknown): boolean {
  return error instanceof SluiceError && (error.code === 'not-found' || error.code === 'denied');
}

async function isTokenOwner(client: ApiClient, login: string, options: CallOptions): Promise<boolean> {
  const answer = await client.send({
    path: '/user',
    decode: (value) => userSchema.parse(value).login,
    accept: [401, 403],
    purpose: 'find the user of the token',
    ...options,
  });
  return answer.value?.toLowerCase() === login.toLowerCase();
}
