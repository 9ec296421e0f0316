import type { ApiClient } from '../../http/client.ts';
import { fitStatus } from '../fit-status.ts';
import type { StatusesRole } from '../forge.ts';
import { namingTheRight, statusPurpose } from '../status-failure.ts';
import { convertRichStatus, convertStatus } from './convert.ts';
import { commitPath, commitUrl } from './urls.ts';

const limits = { description: 255, context: 255, targetUrl: 450 } as const;

const right = 'an HTTP access token (or an account) with the permission "Repository read"';

/**
 * Build statuses (https://developer.atlassian.com/server/bitbucket/how-tos/updating-build-status-for-commits/). `older`
 * speaks to `/rest/build-status/1.0`, the only place for them before 7.4.
 */
export function statusesRole(client: ApiClient, older: ApiClient, webUrl: string): StatusesRole {
  return {
    descriptionLimit: limits.description,
    async set(repo, status, options = {}) {
      const fit = fitStatus(status, limits);
      const purpose = statusPurpose(repo, fit);
      const build = convertStatus(fit, commitUrl(webUrl, repo, fit.sha));
      await namingTheRight(right, async () => {
        const commit = commitPath(repo, fit.sha);
        const request = { method: 'POST', idempotent: true, decode: () => undefined, purpose, ...options } as const;
        const rich = convertRichStatus(build, fit.ref);
        const answer = await client.send({ ...request, path: `${commit}/builds`, body: rich, accept: [404] });
        if (answer.status !== 404) return;
        // The older address asks neither for a repository nor whether the commit exists: that is for sluice to ask.
        await client.send({ path: commit, decode: () => undefined, purpose, ...options });
        await older.send({ ...request, path: `/commits/${fit.sha}`, body: build });
      });
    },
  };
}
