import type { ForgeEvent } from '../model/event.ts';
import type { Secret } from '../secret.ts';
import type { CallOptions } from './call-options.ts';

/** Request headers with lower-case names; repeated ones joined by ", ". */
export type DeliveryHeaders = Readonly<Record<string, string>>;

/** What a delivery says of itself before anything of it is believed. */
export interface DeliveryName {
  /** The forge's own id of the delivery, the same for a redelivery; undefined: it gives none, and the body's digest is used. */
  readonly guid: string | undefined;
  /** The forge's own word for the event: `pull_request`, `Merge Request Hook`, `pr:opened`. */
  readonly event: string;
}

/** Deliveries of one forge. All functions are pure and never throw, but for `decode`. */
export interface WebhooksRole {
  /** Undefined: these are not the headers of this forge's deliveries. */
  name(headers: DeliveryHeaders): DeliveryName | undefined;
  /**
   * Whether one of the secrets signed exactly these bytes (or, where the forge signs nothing, came along). Constant time in the secrets;
   * a signature that is missing, malformed, weak (SHA-1) or empty is none.
   */
  isAuthentic(headers: DeliveryHeaders, body: Uint8Array, secrets: readonly Secret[]): boolean;
  /**
   * What the delivery says, in its own order (Bitbucket puts several refs into one). Called after `isAuthentic` only. Throws SluiceError
   * `usage` (an HTTP 400) for what is not a payload of that event.
   */
  decode(event: string, body: Uint8Array): readonly ForgeEvent[];
}

/** A webhook as the forge keeps it. The secret is never given back by a forge. */
export interface Hook {
  readonly id: string;
  readonly url: string;
  readonly active: boolean;
}

/** A webhook as it shall be; with `id` the one that is there is changed. */
export interface WantedHook {
  readonly id?: string | undefined;
  /** Where deliveries go; without credentials. */
  readonly url: string;
  readonly secret: Secret;
}

/** Webhooks of a repository: registering and removing ours. */
export interface HooksRole {
  list(repo: string, options?: CallOptions): Promise<readonly Hook[]>;
  /** The events that sluice acts on, JSON bodies, TLS verified; with `id` that one is updated, else one is created. */
  save(repo: string, hook: WantedHook, options?: CallOptions): Promise<Hook>;
  remove(repo: string, id: string, options?: CallOptions): Promise<void>;
  /** Deliveries that failed since then (ms since the epoch), oldest first; only forges that list them with their time (GitHub). */
  failures?(repo: string, id: string, since: number, options?: CallOptions): Promise<readonly FailedDelivery[]>;
  /** Asks the forge to send one again. */
  redeliver?(repo: string, id: string, delivery: FailedDelivery, options?: CallOptions): Promise<void>;
}

export interface FailedDelivery {
  /** What `redeliver` names. */
  readonly id: string;
  readonly guid: string | undefined;
  readonly event: string;
  readonly at: number;
}
