import type { WebhooksRole } from '../forges/webhooks-role.ts';
import type { NewJob } from '../jobs/store.ts';
import type { ForgeEvent } from '../model/event.ts';
import type { Secret } from '../secret.ts';

/** What a delivery leads to. */
export interface Routed {
  /** As the configuration writes it; undefined: no configured repository. */
  readonly repo: string | undefined;
  readonly jobs: readonly NewJob[];
  /** Why there is nothing to do, one clause; undefined when there are jobs. */
  readonly reason: string | undefined;
}

/** One place that deliveries come from: `/hooks/NAME`. */
export interface WebhookSource {
  readonly name: string;
  readonly webhooks: WebhooksRole;
  /** Empty only where the operator said that nobody signs (`--insecure-no-secret`). */
  readonly secrets: readonly Secret[];
  /** What the events of one delivery lead to. Pure but for the list of hook scripts, which is read anew. */
  readonly route: (events: readonly ForgeEvent[]) => Routed;
}
