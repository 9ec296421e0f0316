import { createHash } from 'node:crypto';
import { errorTable, SluiceError, toSluiceError } from '../errors.ts';
import type { DeliveryHeaders, DeliveryName } from '../forges/webhooks-role.ts';
import type { JobStore, NewDelivery } from '../jobs/store.ts';
import type { ForgeEvent } from '../model/event.ts';
import { redact } from '../secret.ts';
import type { WebhookSource } from './source.ts';

/** A request to `/hooks/SOURCE` whose whole body has come. */
export interface RawDelivery {
  /** Undefined: `POST /`, which means the only source. */
  readonly source: string | undefined;
  /** Lower-case names; several values joined by ", ". */
  readonly headers: DeliveryHeaders;
  readonly body: Uint8Array;
  /** The address that it came from, for the log of refusals. */
  readonly sender?: () => string;
}

/** The answer, never thrown: `body` goes out as JSON. */
export interface ReceiptAnswer {
  readonly status: number;
  readonly body: Readonly<Record<string, unknown>>;
}

export type Receive = (delivery: RawDelivery) => Promise<ReceiptAnswer>;

export interface ReceiverOptions {
  readonly sources: readonly WebhookSource[];
  readonly accept: JobStore['accept'];
  /** Milliseconds since the epoch. */
  readonly now: () => number;
  /** Told of what did not end well: who sends has only its own log. */
  readonly warn: (message: string, fields: Readonly<Record<string, unknown>>) => void;
}

/**
 * Takes deliveries: finds the source, authenticates the raw bytes, only then parses them, and answers 202 when the delivery and its jobs
 * are on the disk. Nothing that takes time happens before the answer.
 */
export function openReceiver(options: ReceiverOptions): Receive {
  const { sources, warn } = options;
  const byName = new Map(sources.map((source) => [source.name, source]));
  const [only, ...more] = sources;
  return async ({ source: name, headers, body, sender }) => {
    const source = name === undefined ? onlyOf(only, more) : byName.get(name);
    try {
      if (source === undefined) throw unknownSource(name, sources.length);
      return await receive(source, headers, body, options);
    } catch (thrown) {
      const error = toSluiceError(thrown);
      const status = error instanceof Unauthentic ? 401 : errorTable[error.code].http;
      warn(`a delivery to ${source?.name ?? 'no source'} was answered ${status}: ${error.message}`, {
        source: source?.name,
        delivery: source && idOf(source.webhooks.name(headers)),
        from: sender?.(),
        status,
        hint: error.hint,
      });
      // What broke in here is for our log, not for whoever sent it.
      const said = error.code === 'internal' ? 'an internal error' : redact(error.message);
      return { status, body: { error: said, ...(error.hint === undefined ? {} : { hint: error.hint }) } };
    }
  };
}

function onlyOf(only: WebhookSource | undefined, more: readonly WebhookSource[]): WebhookSource | undefined {
  return more.length === 0 ? only : undefined;
}

function unknownSource(name: string | undefined, count: number): SluiceError {
  if (name !== undefined) return new SluiceError('not-found', 'there is no such source of deliveries');
  return new SluiceError('not-found', `there are ${count} sources of deliveries, so the address must name one`, {
    hint: 'Send to /hooks/NAME.',
  });
}

/** Answered 401 and not 403: a sender with the right secret would be let in. */
class Unauthentic extends SluiceError {
  constructor(source: string) {
    super('denied', `the delivery is not signed with a secret of ${source}`, {
      hint: 'The secret at the forge and the one configured here must be the same.',
    });
  }
}

async function receive(
  source: WebhookSource,
  headers: DeliveryHeaders,
  body: Uint8Array,
  { accept, now }: ReceiverOptions,
): Promise<ReceiptAnswer> {
  const { webhooks, secrets } = source;
  // No secrets: the operator said that nobody signs; a server without that word does not start.
  if (secrets.length > 0 && !webhooks.isAuthentic(headers, body, secrets)) throw new Unauthentic(source.name);
  const name = webhooks.name(headers);
  if (name === undefined) {
    throw new SluiceError('usage', `these are not the headers of a delivery of the forge behind ${source.name}`);
  }
  const events = webhooks.decode(name.event, body);
  if (isPing(events)) return { status: 200, body: { pong: true } };
  const routed = source.route(events);
  const delivery: NewDelivery = {
    guid: guidOf(name, body),
    source: source.name,
    event: name.event,
    repo: routed.repo,
    receivedAt: now(),
    headers: withoutCredentials(headers),
    body,
    reason: routed.reason,
  };
  const { duplicate, queued } = await accept(delivery, routed.jobs);
  return {
    status: 202,
    body: {
      delivery: delivery.guid,
      jobs: queued,
      ...(duplicate ? { duplicate } : {}),
      ...(routed.reason === undefined ? {} : { reason: routed.reason }),
    },
  };
}

function isPing(events: readonly ForgeEvent[]): boolean {
  return events.every(({ kind }) => kind === 'ping');
}

/** A forge that names no delivery (GitLab before 17.4) sends the same bytes again when it sends one again. */
function guidOf({ guid, event }: DeliveryName, body: Uint8Array): string {
  const id = idOf({ guid, event });
  if (id !== undefined) return id;
  const digest = createHash('sha256')
    .update(`${guid ?? ''}\n${event}\n`)
    .update(body);
  return `sha256:${digest.digest('hex')}`;
}

/** The forge's own id, if it is one that can be printed and looked for. */
function idOf(name: DeliveryName | undefined): string | undefined {
  return name?.guid !== undefined && /^[\w{}.:+/=-]{1,128}$/.test(name.guid) ? name.guid : undefined;
}

/** GitLab sends its secret token in the open, and a proxy may add a credential of its own: neither belongs into the history. */
const credentials = ['x-gitlab-token', 'authorization', 'proxy-authorization', 'cookie'];

function withoutCredentials(headers: DeliveryHeaders): DeliveryHeaders {
  const found = credentials.filter((name) => name in headers);
  return found.length === 0 ? headers : { ...headers, ...Object.fromEntries(found.map((name) => [name, '[secret]'])) };
}
