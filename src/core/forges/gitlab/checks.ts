import type { ApiClient } from '../../http/client.ts';
import type { CheckState } from '../../model/check.ts';
import { shortOid } from '../../model/ref.ts';
import { type ListedCheck, oneCheckEach } from '../one-check-each.ts';
import type { ChecksRole } from '../review-roles.ts';
import { readAllOf } from './listing.ts';
import { projectPath } from './urls.ts';
import { type Job, jobsSchema } from './wire-reviews.ts';

/**
 * The jobs of all pipelines of a commit, and what others reported as its status, which GitLab keeps as jobs of an external pipeline
 * (https://docs.gitlab.com/api/commits/#list-the-statuses-of-a-commit); retried jobs are left out by the forge. It vouches for nobody:
 * every developer of the project may report under any name, so no check has an app.
 */
export function checksRole(client: ApiClient): ChecksRole {
  return {
    async list(repo, sha, options = {}) {
      const jobs = await readAllOf(client, 'Commit', {
        path: `${projectPath(repo)}/repository/commits/${encodeURIComponent(sha)}/statuses`,
        decode: (value) => jobsSchema.parse(value),
        purpose: `list the commit statuses of ${repo} at ${shortOid(sha)}`,
        ...options,
      });
      const own = (jobs ?? []).filter((job) => job.sha.toLowerCase() === sha);
      return oneCheckEach(own.map((job) => convertJob(job, repo, sha)));
    },
  };
}

/** A later pipeline of one ref replaces the earlier; those of several refs (branch, tag, merge request) stand side by side. */
function convertJob({ id, name, status, target_url, ref }: Job, repo: string, sha: string): ListedCheck {
  return {
    check: { name, app: undefined, repo, sha, state: jobState(status), url: target_url || undefined },
    order: id,
    group: ref ?? '',
    withdrawn: status === 'canceled',
  };
}

/**
 * A failed job is a failure although it was allowed to: that lets the pipeline go on, and says nothing to whoever asks for the job by
 * its name. `manual` waits for a person, like everything else that has not ended and every word that is not known.
 */
function jobState(status: string): CheckState {
  switch (status) {
    case 'success':
    case 'skipped':
      return status;
    case 'failed':
    case 'canceled':
      return 'failure';
    default:
      return 'pending';
  }
}
