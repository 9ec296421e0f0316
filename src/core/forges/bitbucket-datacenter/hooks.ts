import * as z from 'zod/mini';
import type { ApiClient } from '../../http/client.ts';
import { answered } from '../answered.ts';
import { restHooks } from '../rest-hooks.ts';
import type { Hook, HooksRole } from '../webhooks-role.ts';
import { repositoryPath } from './urls.ts';

const hookSchema = z.object({ id: z.number(), url: z.string(), active: z.boolean() });

const pageSchema = z.object({
  values: z.array(hookSchema),
  isLastPage: z.optional(z.boolean()),
  nextPageStart: z.optional(z.nullable(z.number())),
});

/** Every event that `decode` makes something of. */
const events = [
  'repo:refs_changed',
  'pr:opened',
  'pr:from_ref_updated',
  'pr:modified',
  'pr:merged',
  'pr:declined',
  'pr:deleted',
  'pr:reviewer:approved',
  'pr:reviewer:unapproved',
  'pr:reviewer:needs_work',
  'pr:comment:added',
  'pr:comment:edited',
];

/** Repository webhooks (https://developer.atlassian.com/server/bitbucket/rest/). */
export function hooksRole(client: ApiClient): HooksRole {
  return restHooks({
    clientFor: () => client,
    path: (repo) => `${repositoryPath(repo)}/webhooks`,
    pages: {
      query: { limit: 100 },
      decode: (value) => pageSchema.parse(value),
      next: () => (answer, request) => {
        const { isLastPage, nextPageStart } = answered(answer, request.purpose);
        if (isLastPage !== false || typeof nextPageStart !== 'number') return undefined;
        return { path: request.path, query: { ...request.query, start: nextPageStart } };
      },
      hooks: ({ values }) => values.map(convertHook),
    },
    decode: (value) => convertHook(hookSchema.parse(value)),
    updateBy: 'PUT',
    body: ({ url, secret }) => ({
      name: 'sluice',
      url,
      active: true,
      events,
      configuration: { secret: secret.reveal() },
      sslVerificationRequired: true,
    }),
    right: 'the permission to administer the repository',
  });
}

function convertHook({ id, url, active }: z.infer<typeof hookSchema>): Hook {
  return { id: String(id), url, active };
}
