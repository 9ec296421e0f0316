import type { ApiClient, NextPage } from '../http/client.ts';
import { answered } from './answered.ts';
import { namingTheRight } from './status-failure.ts';
import type { Hook, HooksRole, WantedHook } from './webhooks-role.ts';

/** How one forge's API keeps the webhooks of a repository: all five keep them as a collection with items. */
export interface RestHooks<P> {
  clientFor(repo: string): ApiClient;
  /** Of the collection; an item's is `path/id`. */
  path(repo: string): string;
  readonly pages: {
    readonly query: Readonly<Record<string, string | number>>;
    decode(value: unknown): P;
    next(client: ApiClient): NextPage<P>;
    hooks(page: P): readonly Hook[];
  };
  decode(value: unknown): Hook;
  readonly updateBy: 'PATCH' | 'PUT';
  body(hook: WantedHook): unknown;
  /** What the credential needs, for messages. */
  readonly right: string;
}

/** Listing, saving and removing webhooks; what a refusal says names the right that is missing. */
export function restHooks<P>(api: RestHooks<P>): Pick<HooksRole, 'list' | 'save' | 'remove'> {
  const named = <T>(send: () => Promise<T>) => namingTheRight(api.right, send, 'Webhooks need');
  return {
    list(repo, options = {}) {
      const client = api.clientFor(repo);
      const request = {
        path: api.path(repo),
        query: api.pages.query,
        decode: (value: unknown) => api.pages.decode(value),
        purpose: `list the webhooks of ${repo}`,
        ...options,
      };
      return named(() => client.sendPages(request, api.pages.next(client), (page) => api.pages.hooks(page)));
    },

    async save(repo, hook, options = {}) {
      const { id } = hook;
      const purpose = id === undefined ? `create a webhook of ${repo}` : `update the webhook ${id} of ${repo}`;
      const answer = await named(() =>
        api.clientFor(repo).send({
          method: id === undefined ? 'POST' : api.updateBy,
          path: id === undefined ? api.path(repo) : `${api.path(repo)}/${encodeURIComponent(id)}`,
          body: api.body(hook),
          decode: (value) => api.decode(value),
          purpose,
          ...options,
        }),
      );
      return answered(answer, purpose);
    },

    async remove(repo, id, options = {}) {
      await named(() =>
        api.clientFor(repo).send({
          method: 'DELETE',
          path: `${api.path(repo)}/${encodeURIComponent(id)}`,
          decode: () => undefined,
          // Gone already.
          accept: [404],
          purpose: `remove the webhook ${id} of ${repo}`,
          ...options,
        }),
      );
    },
  };
}
