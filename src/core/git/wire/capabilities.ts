import type { ObjectFormat } from '../../model/ref.ts';
import { createPacketReader, type PacketReader } from './packet-reader.ts';
import { encodePacket, malformed } from './pkt-line.ts';
import type { ExchangeOptions, Transport } from './transport.ts';

/**
 * What upload-pack offers. A server without version 2 is a value and not an error: git itself can still talk to it
 * (`v0`, `v1`: the older smart protocols; `dumb`: plain files, or a page that is not git's at all).
 */
export type UploadPackOffer =
  | { readonly protocol: 'v0' | 'v1' | 'dumb' }
  | {
      readonly protocol: 'v2';
      /** `fetch` → "shallow filter", `agent` → "git/2.39.5"; keys without a value have an empty one. */
      readonly capabilities: ReadonlyMap<string, string>;
      readonly objectFormat: ObjectFormat;
    };

/** An offer that can be used: commands are sent with its capabilities. */
export type V2Offer = Extract<UploadPackOffer, { readonly protocol: 'v2' }>;

/** No server says more than some kilobytes of capabilities. */
const maxBytes = 1024 * 1024;

/** Asks upload-pack for version 2 and reads what it offers (gitprotocol-v2(5), "Capability advertisement"). */
export async function readUploadPackOffer(
  transport: Transport,
  options: ExchangeOptions = {},
): Promise<UploadPackOffer> {
  const answer = await transport.advertise('git-upload-pack', options);
  if (answer === undefined) return { protocol: 'dumb' };
  const reader = createPacketReader(answer, { from: transport.url, maxBytes });
  try {
    const version = await readVersion(reader);
    if (version !== 'version 2') return { protocol: version === 'version 1' ? 'v1' : 'v0' };
    const capabilities = await readCapabilities(reader);
    await reader.finish();
    return {
      protocol: 'v2',
      capabilities,
      objectFormat: objectFormatFrom(capabilities.get('object-format'), transport.url),
    };
  } finally {
    await reader.discard();
  }
}

/** `object-format` as advertised; SHA-1 when nothing is said (gitprotocol-capabilities(5)). */
export function objectFormatFrom(value: string | undefined, from: string): ObjectFormat {
  if (value === undefined || value === 'sha1') return 'sha1';
  if (value === 'sha256') return 'sha256';
  throw malformed(from, `the object format ${JSON.stringify(value)} is unknown`);
}

/**
 * The capability packets of a command. Only what the server has offered: servers before git 2.28 do not know
 * `object-format`, and a server dies of a capability that it does not know.
 */
export function commandCapabilities(offer: V2Offer, agent: string | undefined): Buffer[] {
  const { capabilities, objectFormat } = offer;
  return [
    ...(agent !== undefined && capabilities.has('agent') ? [encodePacket(`agent=${agent}\n`)] : []),
    ...(capabilities.has('object-format') ? [encodePacket(`object-format=${objectFormat}\n`)] : []),
  ];
}

/** The line without the line feed that senders should add and receivers must not require (gitprotocol-common(5)). */
export function lineOf(payload: Buffer): string {
  return payload.toString('utf8', 0, payload.at(-1) === 0x0a ? payload.length - 1 : payload.length);
}

async function readVersion(reader: PacketReader): Promise<string> {
  const first = await reader.expect('the protocol version');
  if (first.kind !== 'data') return '';
  const line = lineOf(first.payload);
  if (!line.startsWith('# service=')) return line;
  // The header of the older protocols; git leaves it out in version 2, some servers do not.
  await reader.expect('the flush packet after the service header');
  const second = await reader.expect('the protocol version');
  return second.kind === 'data' ? lineOf(second.payload) : '';
}

async function readCapabilities(reader: PacketReader): Promise<Map<string, string>> {
  const capabilities = new Map<string, string>();
  for (;;) {
    const packet = await reader.expect('the end of the capabilities');
    if (packet.kind !== 'data') return capabilities;
    const [key = '', ...value] = lineOf(packet.payload).split('=');
    capabilities.set(key, value.join('='));
  }
}
