import type { ApiClient } from '../../http/client.ts';
import { answered } from '../answered.ts';
import { fitStatus } from '../fit-status.ts';
import type { CallOptions, StatusesRole } from '../forge.ts';
import { namingTheRight, statusPurpose, statusRefusal, unknownCommit } from '../status-failure.ts';
import { convertStatus } from './convert.ts';
import { repositoryPath } from './urls.ts';
import { statusSchema } from './wire.ts';

// The server has none (its columns are TEXT); longer ones would only fill its pages.
const limits = { description: 255, context: 255 } as const;

const right = 'the scope write:repository and write access to the repository';

/** Commit statuses (`/api/swagger` of any Gitea or Forgejo). */
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
          path: `${repositoryPath(repo)}/statuses/${fit.sha}`,
          body: convertStatus(fit),
          decode: (value) => statusSchema.parse(value),
          accept: [500],
          purpose,
          ...options,
        }),
      );
      if (answer.status !== 500) answered(answer, purpose);
      else if (await hasCommit(client, repo, fit.sha, options)) throw statusRefusal('unavailable', purpose, answer);
      else throw unknownCommit(purpose);
    },
  };
}

/** Gitea answers 500 about a commit that it does not have (services/repository/commitstatus), as it does when it fails. */
async function hasCommit(client: ApiClient, repo: string, sha: string, options: CallOptions): Promise<boolean> {
  const answer = await client.send({
    path: `${repositoryPath(repo)}/git/commits/${sha}`,
    query: { stat: false, verification: false, files: false },
    decode: () => true,
    accept: [404],
    purpose: `find the commit ${sha} of ${repo}`,
    ...options,
  });
  return answer.status !== 404;
}
