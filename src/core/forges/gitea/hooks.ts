import * as z from 'zod/mini';
import type { ApiClient } from '../../http/client.ts';
import { nextPageNumber } from '../page-number.ts';
import { restHooks } from '../rest-hooks.ts';
import type { Hook, HooksRole } from '../webhooks-role.ts';
import { repositoryPath } from './urls.ts';

const hookSchema = z.object({
  id: z.number(),
  active: z.boolean(),
  config: z.optional(z.nullable(z.object({ url: z.optional(z.string()) }))),
});

/** Every event that `decode` makes something of; `pull_request` stands for all of its kinds, reviews, comments and labels too. */
const events = ['push', 'delete', 'pull_request', 'status'];

/** Repository webhooks (`/api/swagger` of any Gitea or Forgejo). */
export function hooksRole(client: ApiClient): HooksRole {
  const hooks = restHooks({
    clientFor: () => client,
    path: (repo) => `${repositoryPath(repo)}/hooks`,
    pages: {
      query: { limit: 50, page: 1 },
      decode: (value) => z.array(hookSchema).parse(value),
      next: () => nextPageNumber,
      hooks: (page) => page.map(convertHook),
    },
    decode: (value) => convertHook(hookSchema.parse(value)),
    updateBy: 'PATCH',
    body: ({ url, secret }) => ({
      type: 'gitea',
      active: true,
      events,
      config: { url, content_type: 'json', secret: secret.reveal() },
    }),
    right: 'the scope write:repository and the right to administer the repository',
  });
  return {
    ...hooks,
    // The secret of a webhook cannot be changed (routers/api/v1/utils/hook.go): a new one takes its place, and then the old one goes.
    async save(repo, { id, ...wanted }, options = {}) {
      const saved = await hooks.save(repo, wanted, options);
      if (id !== undefined) await hooks.remove(repo, id, options);
      return saved;
    },
  };
}

function convertHook({ id, active, config }: z.infer<typeof hookSchema>): Hook {
  return { id: String(id), url: config?.url ?? '', active };
}
