import * as z from 'zod/mini';
import type { ApiClient } from '../../http/client.ts';
import { nextPageNumber } from '../page-number.ts';
import { restHooks } from '../rest-hooks.ts';
import { isSigningToken } from '../signature.ts';
import type { Hook, HooksRole } from '../webhooks-role.ts';
import { projectPath } from './urls.ts';

const hookSchema = z.object({
  id: z.number(),
  url: z.string(),
  // GitLab switches hooks off that fail too often.
  alert_status: z.optional(z.nullable(z.string())),
});

/** Every event that `decode` makes something of. */
const events = {
  push_events: true,
  tag_push_events: true,
  merge_requests_events: true,
  note_events: true,
  pipeline_events: true,
  job_events: true,
};

/** Project webhooks (https://docs.gitlab.com/api/project_webhooks/). */
export function hooksRole(client: ApiClient): HooksRole {
  return restHooks({
    clientFor: () => client,
    path: (repo) => `${projectPath(repo)}/hooks`,
    pages: {
      query: { per_page: 100, page: 1 },
      decode: (value) => z.array(hookSchema).parse(value),
      next: () => nextPageNumber,
      hooks: (page) => page.map(convertHook),
    },
    decode: (value) => convertHook(hookSchema.parse(value)),
    updateBy: 'PUT',
    body: ({ url, secret }) => ({
      url,
      enable_ssl_verification: true,
      ...events,
      [isSigningToken(secret) ? 'signing_token' : 'token']: secret.reveal(),
    }),
    right: 'the scope api and the role Maintainer',
  });
}

function convertHook({ id, url, alert_status }: z.infer<typeof hookSchema>): Hook {
  return { id: String(id), url, active: (alert_status ?? 'executable') === 'executable' };
}
