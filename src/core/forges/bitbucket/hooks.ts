import * as z from 'zod/mini';
import type { ApiClient } from '../../http/client.ts';
import { nextPath } from '../../http/link-header.ts';
import { answered } from '../answered.ts';
import { restHooks } from '../rest-hooks.ts';
import type { Hook, HooksRole } from '../webhooks-role.ts';
import { repositoryPath } from './urls.ts';

const hookSchema = z.object({ uuid: z.string(), url: z.string(), active: z.boolean() });

const pageSchema = z.object({ values: z.array(hookSchema), next: z.optional(z.nullable(z.string())) });

/** Every event that `decode` makes something of. */
const events = [
  'repo:push',
  'repo:commit_status_created',
  'repo:commit_status_updated',
  'pullrequest:created',
  'pullrequest:updated',
  'pullrequest:fulfilled',
  'pullrequest:rejected',
  'pullrequest:approved',
  'pullrequest:unapproved',
  'pullrequest:changes_request_created',
  'pullrequest:changes_request_removed',
  'pullrequest:comment_created',
  'pullrequest:comment_updated',
];

/** Repository webhooks (https://developer.atlassian.com/cloud/bitbucket/rest/api-group-repositories/). */
export function hooksRole(client: ApiClient): HooksRole {
  return restHooks({
    clientFor: () => client,
    path: (repo) => `${repositoryPath(repo)}/hooks`,
    pages: {
      query: { pagelen: 100 },
      decode: (value) => pageSchema.parse(value),
      next:
        ({ baseUrl }) =>
        (answer, request) => {
          const { next } = answered(answer, request.purpose);
          return next ? { path: nextPath(baseUrl, next) } : undefined;
        },
      hooks: ({ values }) => values.map(convertHook),
    },
    decode: (value) => convertHook(hookSchema.parse(value)),
    updateBy: 'PUT',
    body: ({ url, secret }) => ({
      description: 'sluice',
      url,
      active: true,
      skip_cert_verification: false,
      secret: secret.reveal(),
      events,
    }),
    right: 'the permission "webhook" and administration of the repository',
  });
}

function convertHook({ uuid, url, active }: z.infer<typeof hookSchema>): Hook {
  return { id: uuid, url, active };
}
