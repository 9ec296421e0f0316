import { SluiceError } from '../../errors.ts';
import type { ApiClient } from '../../http/client.ts';
import type { Change } from '../../model/change.ts';
import { shortOid } from '../../model/ref.ts';
import { answered } from '../answered.ts';
import type { CallOptions } from '../call-options.ts';
import { openFirst } from '../open-first.ts';
import type { ChangeSearchRole } from '../review-roles.ts';
import { samePath } from '../same-path.ts';
import { convertAll } from './api.ts';
import { convertMergeRequest, isInternal } from './convert.ts';
import { readAll, readAllOf } from './listing.ts';
import { projectPath } from './urls.ts';
import { mergeRequestsSchema } from './wire.ts';
import { labeledRequestsSchema, projectIdSchema } from './wire-reviews.ts';

// The oldest first, so that one opened meanwhile does not shift the pages.
const all = { state: 'all', scope: 'all', order_by: 'created_at', sort: 'asc' } as const;

/** Merge requests of any state (https://docs.gitlab.com/api/merge_requests/#list-project-merge-requests). */
export function changeSearchRole(client: ApiClient): ChangeSearchRole {
  return {
    async search(repo, query, options = {}) {
      switch (query.kind) {
        case 'branch':
          return openFirst(await fromBranch(client, repo, query.branch, query.headRepo ?? repo, options));
        case 'commit':
          return openFirst(await withCommit(client, repo, query.sha, options));
        case 'label':
          return openFirst(await withLabel(client, repo, query.label, options));
      }
    },
  };
}

/** Head repositories are compared by number: a merge request does not name them otherwise, and paths may be renamed. */
async function fromBranch(
  client: ApiClient,
  repo: string,
  branch: string,
  headRepo: string,
  options: CallOptions,
): Promise<readonly Change[]> {
  const listing = readAll(client, {
    path: `${projectPath(repo)}/merge_requests`,
    query: { ...all, source_branch: branch },
    decode: (value) => mergeRequestsSchema.parse(value),
    purpose: `find merge requests of ${repo} from the branch ${branch}`,
    ...options,
  });
  if (samePath(headRepo, repo)) {
    const own = (await listing).filter((request) => request.source_branch === branch && isInternal(request));
    return own.map((request) => convertMergeRequest(request, repo, repo));
  }
  const [requests, fork] = await Promise.all([listing, findProject(client, headRepo, options)]);
  return requests
    .filter((request) => request.source_branch === branch && request.source_project_id === fork.id)
    .map((request) => convertMergeRequest(request, repo, fork.path_with_namespace));
}

/** Those that contain it, and those that were merged as it. None of a commit that the project does not have. */
async function withCommit(
  client: ApiClient,
  repo: string,
  sha: string,
  options: CallOptions,
): Promise<readonly Change[]> {
  const requests = await readAllOf(client, 'Commit', {
    path: `${projectPath(repo)}/repository/commits/${encodeURIComponent(sha)}/merge_requests`,
    decode: (value) => mergeRequestsSchema.parse(value),
    purpose: `find merge requests of ${repo} with the commit ${shortOid(sha)}`,
    ...options,
  });
  return requests === undefined ? [] : convertAll(client, repo, requests, options);
}

async function withLabel(
  client: ApiClient,
  repo: string,
  label: string,
  options: CallOptions,
): Promise<readonly Change[]> {
  const purpose = `find merge requests of ${repo} with the label ${label}`;
  // A comma parts labels, and these two words mean "without a label" and "with any".
  if (/,|^(?:none|any)$/i.test(label)) {
    throw new SluiceError('usage', `could not ${purpose}: GitLab cannot search for a label of this name`, {
      hint: 'Use a label without a comma, and not "none" or "any".',
    });
  }
  const requests = await readAll(client, {
    path: `${projectPath(repo)}/merge_requests`,
    query: { ...all, labels: label },
    decode: (value) => labeledRequestsSchema.parse(value),
    purpose,
    ...options,
  });
  return convertAll(
    client,
    repo,
    requests.filter(({ labels }) => labels.includes(label)),
    options,
  );
}

async function findProject(client: ApiClient, path: string, options: CallOptions) {
  const purpose = `find the project ${path}`;
  const decode = (value: unknown) => projectIdSchema.parse(value);
  return answered(await client.send({ path: projectPath(path), decode, purpose, ...options }), purpose);
}
