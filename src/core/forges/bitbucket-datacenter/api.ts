import { SluiceError } from '../../errors.ts';
import type { ApiClient, NextPage } from '../../http/client.ts';
import { answered, found } from '../answered.ts';
import { createUnlessThere } from '../create-repository.ts';
import { eachOnce } from '../each-once.ts';
import type { CallOptions, ChangesRole, RepositoriesRole, Repository } from '../forge.ts';
import { convertPullRequest, convertRepository } from './convert.ts';
import { projectAndSlug, projectPath, repositoryPath } from './urls.ts';
import {
  branchSchema,
  type DatacenterRepository,
  type PullRequestPage,
  pullRequestPageSchema,
  pullRequestSchema,
  repositorySchema,
} from './wire.ts';

/** Pull requests (https://developer.atlassian.com/server/bitbucket/rest/, "Pull Requests"). */
export function changesRole(client: ApiClient, webUrl: string): ChangesRole {
  return {
    async listOpen(repo, options = {}) {
      const requests = await client.sendPages(
        {
          path: `${repositoryPath(repo)}/pull-requests`,
          // The oldest first, so that one opened meanwhile does not shift the pages.
          query: { state: 'OPEN', order: 'OLDEST', limit: 100, start: 0 },
          decode: (value) => pullRequestPageSchema.parse(value),
          purpose: `list open pull requests of ${repo}`,
          ...options,
        },
        nextStart,
        (page) => page.values,
      );
      return eachOnce(requests.map((request) => convertPullRequest(request, repo, webUrl)));
    },

    async find(repo, number, options = {}) {
      const purpose = `find pull request #${number} of ${repo}`;
      const answer = await client.send({
        path: `${repositoryPath(repo)}/pull-requests/${number}`,
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

/** The start of the next page is the server's to say: rows that the reader may not see make it more than `start + limit`. */
const nextStart: NextPage<PullRequestPage> = (answer, request) => {
  const page = answered(answer, request.purpose);
  if (page.isLastPage) return undefined;
  if (typeof page.nextPageStart !== 'number') {
    throw new SluiceError(
      'unavailable',
      `could not ${request.purpose}: a page is not the last, but does not name the next`,
    );
  }
  return { path: request.path, query: { ...request.query, start: page.nextPageStart } };
};

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
