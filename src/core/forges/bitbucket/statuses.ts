import type { ApiClient } from '../../http/client.ts';
import { answered } from '../answered.ts';
import { fitContext, fitStatus } from '../fit-status.ts';
import type { StatusesRole } from '../forge.ts';
import { namingTheRight, statusPurpose } from '../status-failure.ts';
import { convertStatus } from './convert.ts';
import { commitUrl, repositoryPath } from './urls.ts';
import { statusSchema } from './wire.ts';

const limits = { description: 255, context: 255, targetUrl: 450 } as const;

// 400 "key: Ensure this value has at most 40 characters".
const keyLimit = 40;

const right =
  'the scope repository (API tokens: read:repository:bitbucket), or repository:write where that is not enough';

/** Build statuses (https://developer.atlassian.com/cloud/bitbucket/rest/api-group-commit-statuses/). */
export function statusesRole(client: ApiClient, webUrl: string): StatusesRole {
  return {
    descriptionLimit: limits.description,
    async set(repo, status, options = {}) {
      const fit = fitStatus(status, limits);
      const key = fitContext(status.context, { context: keyLimit });
      const purpose = statusPurpose(repo, fit);
      const answer = await namingTheRight(right, () =>
        client.send({
          method: 'POST',
          idempotent: true,
          path: `${repositoryPath(repo)}/commit/${fit.sha}/statuses/build`,
          body: convertStatus(fit, key, commitUrl(webUrl, repo, fit.sha)),
          decode: (value) => statusSchema.parse(value),
          purpose,
          ...options,
        }),
      );
      answered(answer, purpose);
    },
  };
}
