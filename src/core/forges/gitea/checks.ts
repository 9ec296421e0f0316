import { SluiceError } from '../../errors.ts';
import type { ApiClient } from '../../http/client.ts';
import type { Check, CheckState } from '../../model/check.ts';
import { shortOid } from '../../model/ref.ts';
import type { CallOptions } from '../call-options.ts';
import type { ChecksRole } from '../review-roles.ts';
import { findCommit } from './commits.ts';
import { findAll } from './listing.ts';
import { repositoryPath } from './urls.ts';
import { commitStatusesSchema, type GiteaStatus } from './wire-reviews.ts';

/**
 * Commit statuses. `/commits/{ref}/statuses` would take the sha for the name of a branch first, which anybody who may push may create
 * (routers/api/v1/repo/status.go). Nothing vouches for who set a status, so no app is named.
 */
export function checksRole(client: ApiClient): ChecksRole {
  return {
    async list(repo, sha, options = {}) {
      const statuses = await listStatuses(client, repo, sha, options);
      // By number: `sort=highestindex` gives the lowest in some versions.
      const ascending = statuses.toSorted((a, b) => a.id - b.id);
      const latest = new Map(ascending.map((status) => [status.context, status]));
      return Array.from(latest.values(), (status) => convertCheck(status, repo, sha));
    },
  };
}

async function listStatuses(
  client: ApiClient,
  repo: string,
  sha: string,
  options: CallOptions,
): Promise<readonly GiteaStatus[]> {
  const purpose = `list the commit statuses of ${repo} at ${shortOid(sha)}`;
  const statuses = await findAll(client, {
    path: `${repositoryPath(repo)}/statuses/${sha}`,
    decode: (value) => commitStatusesSchema.parse(value),
    purpose,
    ...options,
  });
  if (statuses !== undefined) return statuses;
  // Of a commit that it does not have it says 404 or shows an empty list, depending on its version.
  if ((await findCommit(client, repo, sha, options)) === undefined) return [];
  throw new SluiceError('unavailable', `could not ${purpose}: the forge has the commit and not its statuses`, {
    hint: 'Try again later.',
  });
}

function convertCheck({ context: name, status, target_url }: GiteaStatus, repo: string, sha: string): Check {
  return { name, app: undefined, repo, sha, state: checkState(status), url: target_url || undefined };
}

function checkState(status: string): CheckState {
  if (status === 'success' || status === 'pending' || status === 'skipped') return status;
  return status === 'warning' ? 'neutral' : 'failure';
}
