import type { ApiClient } from '../../http/client.ts';
import { answered } from '../answered.ts';
import { fitStatus } from '../fit-status.ts';
import type { StatusesRole } from '../forge.ts';
import { namingTheRight, statusPurpose, statusRefusal } from '../status-failure.ts';
import { convertStatus } from './convert.ts';
import { projectPath } from './urls.ts';
import { statusSchema } from './wire.ts';

const limits = { description: 255, context: 255, targetUrl: 255 } as const;

const right = 'the scope api and the role Developer (on a protected branch: the right to push to it)';

/**
 * Commit statuses, which GitLab shows as jobs of an external pipeline (https://docs.gitlab.com/api/commits/#commit-status).
 * A status that has ended is followed by a new one of the same name. One that has not keeps its description until it
 * moves on, and does not go back from running to pending: both mean "not yet".
 */
export function statusesRole(client: ApiClient): StatusesRole {
  return {
    descriptionLimit: limits.description,
    async set(repo, status, options = {}) {
      const fit = fitStatus(status, limits);
      const purpose = statusPurpose(repo, fit);
      const answer = await namingTheRight(right, () =>
        client.send({
          method: 'POST',
          idempotent: true,
          path: `${projectPath(repo)}/statuses/${fit.sha}`,
          body: convertStatus(fit),
          decode: (value) => statusSchema.parse(value),
          accept: [400, 409],
          purpose,
          ...options,
        }),
      );
      // "Another update to this commit status is in progress": GitLab itself has waited ten seconds for it.
      if (answer.status === 409) throw statusRefusal('unavailable', purpose, answer);
      if (answer.status !== 400) answered(answer, purpose);
      else if (!isUnfinishedAlready(answer.refusal)) throw statusRefusal('usage', purpose, answer);
    },
  };
}

/**
 * `Cannot transition status via :run from :running`: asked for a state that it is in
 * (https://gitlab.com/gitlab-org/gitlab-foss/-/issues/25807).
 */
function isUnfinishedAlready(refusal: string | undefined): boolean {
  return /cannot transition status via :(enqueue|run) from :(pending|running)/i.test(refusal ?? '');
}
