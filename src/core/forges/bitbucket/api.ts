import type { ApiClient } from '../../http/client.ts';
import { answered, found } from '../answered.ts';
import { createUnlessThere } from '../create-repository.ts';
import { eachOnce } from '../each-once.ts';
import type { CallOptions, ChangesRole, RepositoriesRole, Repository } from '../forge.ts';
import { convertPullRequest, convertRepository } from './convert.ts';
import { readAll } from './listing.ts';
import { repositoryPath } from './urls.ts';
import { pullRequestPageSchema, pullRequestSchema, repositorySchema } from './wire.ts';

/** Pull requests (https://developer.atlassian.com/cloud/bitbucket/rest/api-group-pullrequests/). */
export function changesRole(client: ApiClient): ChangesRole {
  return {
    async listOpen(repo, options = {}) {
      const requests = await readAll(client, {
        path: `${repositoryPath(repo)}/pullrequests`,
        // The oldest first: by default the last updated comes first, and one updated meanwhile would shift the pages.
        query: { state: 'OPEN', sort: 'created_on' },
        decode: (value) => pullRequestPageSchema.parse(value),
        purpose: `list open pull requests of ${repo}`,
        ...options,
      });
      return eachOnce(requests.map(convertPullRequest));
    },

    async find(repo, number, options = {}) {
      const purpose = `find pull request #${number} of ${repo}`;
      const answer = await client.send({
        path: `${repositoryPath(repo)}/pullrequests/${number}`,
        decode: (value) => convertPullRequest(pullRequestSchema.parse(value)),
        accept: [404],
        purpose,
        ...options,
      });
      return found(answer, purpose);
    },

    // Git sees no refs for pull requests here, so the head is reached through the branch it was made from.
    headLocation(_repo, { head }) {
      return head.repo === undefined ? undefined : { repo: head.repo, ref: `refs/heads/${head.branch}` };
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

async function createRepository(
  client: ApiClient,
  repo: string,
  want: { readonly private: boolean; readonly description?: string },
  options: CallOptions,
): Promise<Repository> {
  const purpose = `create the repository ${repo}`;
  const answer = await client.send({
    method: 'POST',
    path: repositoryPath(repo),
    body: {
      scm: 'git',
      is_private: want.private,
      ...(want.description === undefined ? {} : { description: want.description }),
    },
    decode: (value) => convertRepository(repositorySchema.parse(value)),
    purpose,
    ...options,
  });
  return answered(answer, purpose);
}
