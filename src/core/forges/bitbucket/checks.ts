import type { ApiClient } from '../../http/client.ts';
import type { CheckState } from '../../model/check.ts';
import { shortOid } from '../../model/ref.ts';
import { type ListedCheck, oneCheckEach } from '../one-check-each.ts';
import type { ChecksRole } from '../review-roles.ts';
import { assureRepository, readAllOrNothing } from './listing.ts';
import { commitPath } from './urls.ts';
import { type Build, buildPageSchema } from './wire-reviews.ts';

/**
 * Build statuses (https://developer.atlassian.com/cloud/bitbucket/rest/api-group-commit-statuses/). Bitbucket vouches for nobody:
 * whoever may read the repository may report under any key, so no check has an app.
 */
export function checksRole(client: ApiClient): ChecksRole {
  return {
    async list(repo, sha, options = {}) {
      const builds = await readAllOrNothing(client, {
        path: `${commitPath(repo, sha)}/statuses`,
        decode: (value) => buildPageSchema.parse(value),
        purpose: `list the build statuses of ${repo} at ${shortOid(sha)}`,
        ...options,
      });
      if (builds === undefined) await assureRepository(client, repo, options);
      return oneCheckEach((builds ?? []).flatMap((build) => convertBuild(build, repo, sha)));
    },
  };
}

/** By its key, which stays the same from build to build, and by its name, which is what the pages show (and where sluice puts a context). */
function convertBuild({ key, name, state, url, updated_on }: Build, repo: string, sha: string): readonly ListedCheck[] {
  const names = new Set([key, name || key]);
  return Array.from(names, (one) => ({
    check: { name: one, app: undefined, repo, sha, state: buildState(state), url: url || undefined },
    order: updated_on,
    group: key,
    withdrawn: state === 'STOPPED',
  }));
}

function buildState(state: string): CheckState {
  if (state === 'SUCCESSFUL') return 'success';
  return state === 'FAILED' || state === 'STOPPED' ? 'failure' : 'pending';
}
