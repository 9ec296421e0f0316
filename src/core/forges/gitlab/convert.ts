import type { Change } from '../../model/change.ts';
import { shortName } from '../../model/ref.ts';
import type { CommitStatus } from '../../model/status.ts';
import type { Repository } from '../forge.ts';
import { fullOid } from '../full-oid.ts';
import type { MergeRequest, Project } from './wire.ts';

// `locked` is the moment in which GitLab merges: not merged yet, and open again when the merge fails.
export const states = { opened: 'open', locked: 'open', closed: 'closed', merged: 'merged' } as const;

/**
 * A merge request of `repo` as a change. `headRepo` is the path of its source project, undefined when that is gone or not
 * visible. GitLab does not say where the target branch stands, so `base.sha` is undefined.
 */
export function convertMergeRequest(native: MergeRequest, repo: string, headRepo: string | undefined): Change {
  return {
    number: native.iid,
    title: native.title,
    state: states[native.state],
    draft: native.draft ?? native.work_in_progress ?? false,
    author: native.author?.username ?? '',
    url: native.web_url,
    head: { repo: headRepo, branch: native.source_branch, sha: fullOid(native.sha) },
    base: { repo, branch: native.target_branch, sha: undefined },
    internal: isInternal(native),
  };
}

/** Compared by id: a path may change its case or be renamed between two answers. */
export function isInternal(native: MergeRequest): boolean {
  return native.source_project_id === native.target_project_id;
}

export function convertProject(native: Project): Repository {
  return {
    path: native.path_with_namespace,
    private: (native.visibility ?? 'public') !== 'public',
    defaultBranch: native.default_branch ?? undefined,
  };
}

const jobStates = {
  pending: 'pending',
  running: 'running',
  success: 'success',
  failure: 'failed',
  error: 'failed',
} as const;

// https://docs.gitlab.com/api/commits/#set-commit-pipeline-status
const refLimit = 255;

/**
 * The ref says which of a commit's pipelines the status belongs to; without it GitLab takes the first branch that holds the
 * commit, and finds none for the head of a fork. Branches and tags go by their short names, `refs/merge-requests/…` whole.
 */
export function convertStatus({ state, context, description, targetUrl, ref }: CommitStatus): unknown {
  const name = ref === undefined ? undefined : shortName(ref);
  return {
    state: jobStates[state],
    name: context,
    ...(name === undefined || name.length > refLimit ? {} : { ref: name }),
    ...(description === '' ? {} : { description }),
    ...(targetUrl === undefined ? {} : { target_url: targetUrl }),
  };
}
