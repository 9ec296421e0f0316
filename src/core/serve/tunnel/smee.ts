import { SluiceError } from '../../errors.ts';
import type { Tunnel, TunnelRequest } from './tunnel.ts';

export interface SmeeRequest extends TunnelRequest {
  /** A channel from before (`https://smee.io/…`, or one of a relay of one's own); undefined: a new one is made. */
  readonly smeeChannel: string | undefined;
  /** Where new channels come from. Default `https://smee.io/new`. */
  readonly newChannelUrl?: string;
}

const answerLimitMs = 30_000;
const connectLimitMs = 30_000;

/**
 * Deliveries through a smee channel (https://smee.io). A channel has one address, so the source is a parameter of it. The relay parses
 * bodies; newer ones keep the raw text beside it, and without that it is written anew as forges write JSON, which keeps most signatures.
 */
export async function openSmee(request: SmeeRequest): Promise<Tunnel> {
  const { SmeeClient } = await import('smee-client');
  const channel = request.smeeChannel ?? (await newChannel(request, SmeeClient));
  const client = new SmeeClient({
    source: channel,
    target: request.localUrl,
    forward: false,
    maxConnectionTimeout: connectLimitMs,
    logger: { info: () => {}, error: () => {} },
  });
  // It reconnects by itself; a person is told once each time.
  let connected = false;
  client.onopen = () => {
    if (!connected) request.log.info(`connected to ${channel}`);
    connected = true;
  };
  client.onerror = () => {
    if (connected) request.log.warn(`the connection to ${channel} is lost; deliveries meanwhile do not come back`);
    connected = false;
  };
  client.onmessage = ({ data }) => {
    forward(String(data), request).catch((error: unknown) => {
      request.log.warn(`a delivery from ${channel} could not be handed on: ${String(error)}`);
    });
  };
  try {
    await client.start();
  } catch (error) {
    await client.stop().catch(() => {});
    throw new SluiceError('unavailable', `could not connect to the smee channel ${channel}`, {
      hint: 'Is it reachable from here (proxy)? Remove smeeChannel, or SMEE_URL, to have a new one.',
      cause: error,
    });
  }
  return {
    display: channel,
    addressOf: (source) => `${channel}?source=${encodeURIComponent(source)}`,
    [Symbol.asyncDispose]: async () => {
      await client.stop();
    },
  };
}

async function newChannel(
  { newChannelUrl }: SmeeRequest,
  client: typeof import('smee-client').SmeeClient,
): Promise<string> {
  try {
    return await client.createChannel(newChannelUrl === undefined ? {} : { newChannelUrl });
  } catch (error) {
    throw new SluiceError('unavailable', `could not make a channel at ${newChannelUrl ?? 'https://smee.io/new'}`, {
      hint: 'Is it reachable from here? SMEE_URL names a channel that is there already.',
      cause: error,
    });
  }
}

/** Headers and body beside each other in one object. */
interface SmeeMessage {
  readonly body?: unknown;
  readonly rawdata?: unknown;
  readonly rawbody?: unknown;
  readonly query?: { readonly source?: unknown };
  readonly [header: string]: unknown;
}

const notForwarded = new Set([
  'host',
  'connection',
  'content-length',
  'transfer-encoding',
  'accept-encoding',
  'expect',
]);

async function forward(text: string, { localUrl, signal, log }: TunnelRequest): Promise<void> {
  const { body, rawdata, rawbody, query, timestamp: _, ...rest } = JSON.parse(text) as SmeeMessage;
  const source = typeof query?.source === 'string' ? query.source : undefined;
  const headers: [string, string][] = Object.entries(rest).flatMap(([name, value]) =>
    typeof value === 'string' && !notForwarded.has(name.toLowerCase()) ? [[name, value] as [string, string]] : [],
  );
  const url = source === undefined ? `${localUrl}/` : `${localUrl}/hooks/${encodeURIComponent(source)}`;
  const answer = await fetch(url, {
    method: 'POST',
    headers,
    body: rawText(rawdata ?? rawbody) ?? JSON.stringify(body),
    signal: AbortSignal.any([signal, AbortSignal.timeout(answerLimitMs)]),
  });
  await answer.arrayBuffer();
  if (!answer.ok) log.warn(`a delivery through smee was answered ${answer.status}`);
}

function rawText(raw: unknown): string | undefined {
  return typeof raw === 'string' && raw !== '' ? raw : undefined;
}
