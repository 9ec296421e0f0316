import type { ApiClient } from '../../http/client.ts';
import { answered, found } from '../answered.ts';
import { createUnlessThere } from '../create-repository.ts';
import { eachOnce } from '../each-once.ts';
import type { CallOptions, ChangesRole, RepositoriesRole, Repository } from '../forge.ts';
import { convertPullRequest, convertRepository } from './convert.ts';
import { readAll } from './listing.ts';
import { projectAndSlug, projectPath, pullRequestPath, repositoryPath } from './urls.ts';
import {
  branchSchema,
  type DatacenterRepository,
  pullRequestPageSchema,
  pullRequestSchema,
  repositorySchema,
} from './wire.ts';

/** Pull requests (https://developer.atlassian.com/server/bitbucket/rest/, "Pull Requests"). */
export function changesRole(client: ApiClient, webUrl: string): ChangesRole {
  return {
    async listOpen(repo, options = {}) {
      const requests = await readAll(client, {
        path: `${repositoryPath(repo)}/pull-requests`,
        // The oldest first, so that one opened meanwhile does not shift the pages.
        query: { state: 'OPEN', order: 'OLDEST' },
        decode: (value) => pullRequestPageSchema.parse(value),
        purpose: `list open pull requests of ${repo}`,
        ...options,
      });
      return eachOnce(requests.map((request) => convertPullRequest(request, repo, webUrl)));
    },

    async find(repo, number, options = {}) {
      const purpose = `find pull request #${number} of ${repo}`;
      const answer = await client.send({
        path: pullRequestPath(repo, number),
        decode: (value) => convertPullRequest(pullRequestSchema.parse(value), repo, webUrl),
        accept: [404],
        purpose,
        ...options,
      });
      return found(answer, purpose);
    },

    headLocation(repo, change) {
      return { repo, ref: `refs/pull-requests/${change.number}/from` };
    },
  };
}

export function repositoriesRole(client: ApiClient): RepositoriesRole {
  async function find(repo: string, options: CallOptions = {}): Promise<Repository | undefined> {
    const purpose = `find the repository ${repo}`;
    const answer = await client.send({
      path: repositoryPath(repo),
      decode: (value) => repositorySchema.parse(value),
      accept: [404],
      purpose,
      ...options,
    });
    const native = found(answer, purpose);
    if (native === undefined) return undefined;
    return convertRepository(native, await findDefaultBranch(client, repo, options));
  }
  return {
    find,
    create(repo, want, options = {}) {
      return createUnlessThere(
        () => find(repo, options),
        async () => convertRepository(await createRepository(client, repo, want, options), undefined),
      );
    },
  };
}

/** Undefined while the repository is empty (204 or 404), and on servers before 7.5, which lack this address (404). */
async function findDefaultBranch(client: ApiClient, repo: string, options: CallOptions): Promise<string | undefined> {
  const answer = await client.send({
    path: `${repositoryPath(repo)}/default-branch`,
    decode: (value) => branchSchema.parse(value),
    accept: [404],
    purpose: `find the default branch of ${repo}`,
    ...options,
  });
  return answer.value?.id.replace(/^refs\/heads\//, '');
}

/** The server makes the slug from the name; names that are slugs already stay as they are. */
async function createRepository(
  client: ApiClient,
  repo: string,
  want: { readonly private: boolean; readonly description?: string },
  options: CallOptions,
): Promise<DatacenterRepository> {
  const { project, slug } = projectAndSlug(repo);
  const purpose = `create the repository ${repo}`;
  const answer = await client.send({
    method: 'POST',
    path: `${projectPath(project)}/repos`,
    body: {
      name: slug,
      scmId: 'git',
      public: !want.private,
      ...(want.description === undefined ? {} : { description: want.description }),
    },
    decode: (value) => repositorySchema.parse(value),
    purpose,
    ...options,
  });
  return answered(answer, purpose);
}
