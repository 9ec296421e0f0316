import { SluiceError } from '../../errors.ts';
import type { ApiClient } from '../../http/client.ts';
import type { Change } from '../../model/change.ts';
import { answered, found } from '../answered.ts';
import { createUnlessThere } from '../create-repository.ts';
import { eachOnce } from '../each-once.ts';
import type { CallOptions, ChangesRole, RepositoriesRole, Repository } from '../forge.ts';
import { nextPageNumber } from '../page-number.ts';
import { convertMergeRequest, convertProject, isInternal } from './convert.ts';
import { findSourcePaths } from './source-projects.ts';
import { namespaceAndName, projectPath, requestPath } from './urls.ts';
import { type MergeRequest, mergeRequestSchema, mergeRequestsSchema, namespaceSchema, projectSchema } from './wire.ts';

/** Merge requests (https://docs.gitlab.com/api/merge_requests/). */
export function changesRole(client: ApiClient): ChangesRole {
  return {
    async listOpen(repo, options = {}) {
      const requests = await client.sendAll(
        {
          path: `${projectPath(repo)}/merge_requests`,
          // The oldest first, so that one opened meanwhile does not shift the pages. Merge requests have no keyset paging.
          query: { state: 'opened', scope: 'all', order_by: 'created_at', sort: 'asc', per_page: 100 },
          decode: (value) => mergeRequestsSchema.parse(value),
          purpose: `list open merge requests of ${repo}`,
          ...options,
        },
        nextPageNumber,
      );
      return eachOnce(await convertAll(client, repo, requests, options));
    },

    async find(repo, number, options = {}) {
      const purpose = `find merge request !${number} of ${repo}`;
      const answer = await client.send({
        path: requestPath(repo, number),
        decode: (value) => mergeRequestSchema.parse(value),
        accept: [404],
        purpose,
        ...options,
      });
      const request = found(answer, purpose);
      return request && (await convertAll(client, repo, [request], options))[0];
    },

    headLocation(repo, change) {
      return { repo, ref: `refs/merge-requests/${change.number}/head` };
    },
  };
}

/** Merge requests of one project; the paths of forks are asked for. */
export async function convertAll(
  client: ApiClient,
  repo: string,
  requests: readonly MergeRequest[],
  options: CallOptions,
): Promise<readonly Change[]> {
  const paths = await findSourcePaths(client, requests, options);
  return requests.map((request) => {
    const headRepo = isInternal(request) ? repo : paths.get(request.source_project_id ?? -1);
    return convertMergeRequest(request, repo, headRepo);
  });
}

/** Projects (https://docs.gitlab.com/api/projects/). */
export function repositoriesRole(client: ApiClient): RepositoriesRole {
  async function find(repo: string, options: CallOptions = {}): Promise<Repository | undefined> {
    const purpose = `find the project ${repo}`;
    const answer = await client.send({
      path: projectPath(repo),
      decode: (value) => convertProject(projectSchema.parse(value)),
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
        () => createProject(client, repo, want, options),
      );
    },
  };
}

async function createProject(
  client: ApiClient,
  repo: string,
  want: { readonly private: boolean; readonly description?: string },
  options: CallOptions,
): Promise<Repository> {
  const { namespace, name } = namespaceAndName(repo);
  const purpose = `create the project ${repo}`;
  const answer = await client.send({
    method: 'POST',
    path: '/projects',
    body: {
      name,
      path: name,
      namespace_id: await findNamespace(client, namespace, options),
      visibility: want.private ? 'private' : 'public',
      ...(want.description === undefined ? {} : { description: want.description }),
    },
    decode: (value) => convertProject(projectSchema.parse(value)),
    purpose,
    ...options,
  });
  return answered(answer, purpose);
}

/** The number of a group or user; without it GitLab would create the project in the token owner's own namespace. */
async function findNamespace(client: ApiClient, namespace: string, options: CallOptions): Promise<number> {
  const purpose = `find the group or user ${namespace}`;
  const answer = await client.send({
    path: `/namespaces/${encodeURIComponent(namespace)}`,
    decode: (value) => namespaceSchema.parse(value).id,
    accept: [404],
    purpose,
    ...options,
  });
  const id = found(answer, purpose);
  if (id !== undefined) return id;
  throw new SluiceError('not-found', `there is no group or user ${namespace} that this credential may see`, {
    hint: 'Create the group first, or check the spelling and the scope of the token (api).',
  });
}
