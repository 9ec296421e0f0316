import * as z from 'zod/mini';
import { nextByLink } from '../../http/link-header.ts';
import { restHooks } from '../rest-hooks.ts';
import { namingTheRight } from '../status-failure.ts';
import type { FailedDelivery, Hook, HooksRole } from '../webhooks-role.ts';
import type { ClientFor } from './api.ts';
import { repositoryPath } from './urls.ts';

const hookSchema = z.object({
  id: z.number(),
  active: z.boolean(),
  config: z.object({ url: z.optional(z.string()) }),
});

const deliverySchema = z.object({
  id: z.number(),
  guid: z.string(),
  delivered_at: z.string(),
  // 0 when there was no answer at all.
  status_code: z.number(),
  event: z.string(),
});

type NativeDelivery = z.infer<typeof deliverySchema>;

/** Every event that `decode` makes something of. */
const events = ['push', 'pull_request', 'pull_request_review', 'issue_comment', 'status', 'check_run'];

const right =
  'the scope admin:repo_hook (classic token), or the permission "Webhooks: write" (fine-grained token, GitHub App)';

/** Repository webhooks (https://docs.github.com/en/rest/repos/webhooks). */
export function hooksRole(clientFor: ClientFor): HooksRole {
  const collection = (repo: string) => `${repositoryPath(repo)}/hooks`;
  return {
    ...restHooks({
      clientFor,
      path: collection,
      pages: {
        query: { per_page: 100 },
        decode: (value) => z.array(hookSchema).parse(value),
        next: ({ baseUrl }) => nextByLink(baseUrl),
        hooks: (page) => page.map(convertHook),
      },
      decode: (value) => convertHook(hookSchema.parse(value)),
      updateBy: 'PATCH',
      body: ({ id, url, secret }) => ({
        ...(id === undefined ? { name: 'web' } : {}),
        active: true,
        events,
        config: { url, content_type: 'json', insecure_ssl: '0', secret: secret.reveal() },
      }),
      right,
    }),

    async failures(repo, id, since, options = {}) {
      const client = clientFor(repo);
      const next = nextByLink(client.baseUrl);
      const native = await namingTheRight(
        right,
        () =>
          client.sendAll<NativeDelivery>(
            {
              path: `${collection(repo)}/${id}/deliveries`,
              query: { per_page: 100 },
              decode: (value) => z.array(deliverySchema).parse(value),
              purpose: `list the deliveries of webhook ${id} of ${repo}`,
              ...options,
            },
            // The newest come first, and they are kept for some days only.
            (answer, request) => (answer.value?.some((one) => timeOf(one) < since) ? undefined : next(answer, request)),
          ),
        'Webhooks need',
      );
      return failuresOf(native, since);
    },

    async redeliver(repo, id, delivery, options = {}) {
      await clientFor(repo).send({
        method: 'POST',
        path: `${collection(repo)}/${id}/deliveries/${delivery.id}/attempts`,
        decode: () => undefined,
        // It is sent some time later.
        accept: [202],
        purpose: `have delivery ${delivery.guid ?? delivery.id} of ${repo} sent again`,
        ...options,
      });
    },
  };
}

function convertHook({ id, active, config }: z.infer<typeof hookSchema>): Hook {
  return { id: String(id), url: config.url ?? '', active };
}

/** Attempts of one delivery share its guid: one that arrived at last has not failed. Pings carry nothing that could be lost. */
function failuresOf(native: readonly NativeDelivery[], since: number): readonly FailedDelivery[] {
  const arrived = new Set(native.filter(({ status_code }) => isSuccess(status_code)).map(({ guid }) => guid));
  const failed = new Map<string, FailedDelivery>();
  for (const delivery of native.toReversed()) {
    const { id, guid, event } = delivery;
    const at = timeOf(delivery);
    if (event !== 'ping' && !arrived.has(guid) && at >= since) failed.set(guid, { id: String(id), guid, event, at });
  }
  return [...failed.values()];
}

function timeOf({ delivered_at }: NativeDelivery): number {
  return Date.parse(delivered_at);
}

function isSuccess(status: number): boolean {
  return status >= 200 && status < 300;
}
