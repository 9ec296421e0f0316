import { type ObjectFormat, type Oid, type RefName, zeroOid } from '../../model/ref.ts';
import { lineOf, objectFormatFrom } from './capabilities.ts';
import { isOid } from './ls-refs.ts';
import { createPacketDecoder, encodePacket, flushPacket, malformed, type Packet } from './pkt-line.ts';
import { errorWords, remoteFailure } from './remote-text.ts';
import type { ExchangeOptions, Transport } from './transport.ts';

/** What receive-pack says first (there is only the oldest protocol for pushing): gitprotocol-pack(5), "Reference discovery". */
export interface ReceivePackOffer {
  /** Without hidden refs (`receive.hideRefs`), which exist nevertheless. */
  readonly refs: ReadonlyMap<RefName, Oid>;
  /** `.have` lines: tips of repositories that this one borrows objects from. */
  readonly alternates: readonly Oid[];
  /** True when the history of the repository is cut off somewhere, so that a tip does not imply its ancestors. */
  readonly shallow: boolean;
  readonly capabilities: ReadonlyMap<string, string>;
  readonly objectFormat: ObjectFormat;
}

/** One line of a push. `old` undefined: the ref must not exist yet. `new` undefined: delete it. */
export interface RefUpdate {
  readonly name: RefName;
  readonly old: Oid | undefined;
  readonly new: Oid | undefined;
}

const maxBytes = 128 * 1024 * 1024;

/** The refs and capabilities of a repository as a pusher sees them; undefined when it does not speak the smart protocol. */
export async function readReceivePackOffer(
  transport: Transport,
  options: ExchangeOptions = {},
): Promise<ReceivePackOffer | undefined> {
  const answer = await transport.advertise('git-receive-pack', options);
  if (answer === undefined) return undefined;
  const parser = createOfferParser(transport.url);
  let received = 0;
  for await (const chunk of answer) {
    received += chunk.length;
    if (received > maxBytes) throw malformed(transport.url, `the list of refs is longer than ${maxBytes} bytes`);
    parser.push(chunk);
  }
  return parser.end();
}

/** Exported for its own tests: bytes of the advertisement, cut anywhere, to the offer. */
export function createOfferParser(from: string) {
  const decoder = createPacketDecoder(from);
  const refs = new Map<RefName, Oid>();
  const alternates: Oid[] = [];
  let capabilities: Map<string, string> | undefined;
  let shallow = false;
  let state: 'header' | 'refs' | 'ended' = 'header';

  function push(chunk: Uint8Array): void {
    for (const packet of decoder.push(chunk)) take(packet);
  }

  function take(packet: Packet): void {
    if (state === 'ended') throw malformed(from, 'there is something after the end of the list of refs');
    if (packet.kind === 'flush') {
      // The first flush ends the service header; a server that leaves the header out has begun with the refs.
      state = state === 'header' ? 'refs' : 'ended';
      return;
    }
    if (packet.kind !== 'data') throw malformed(from, `an unexpected ${packet.kind} packet in the list of refs`);
    const words = errorWords(packet.payload);
    if (words !== undefined) throw remoteFailure(from, words);
    const line = lineOf(packet.payload);
    if (line.startsWith('# service=') || line === 'version 1') return;
    state = 'refs';
    takeLine(line);
  }

  function takeLine(text: string): void {
    let line = text;
    if (capabilities === undefined) {
      const [first = '', list = ''] = text.split('\0');
      capabilities = parseCapabilities(list);
      line = first;
    }
    const space = line.indexOf(' ');
    const oid = line.slice(0, space);
    const name = line.slice(space + 1);
    if (oid === 'shallow') {
      shallow = true;
      return;
    }
    if (!isOid(oid, 40) && !isOid(oid, 64)) {
      throw malformed(from, `a line of the list of refs is ${JSON.stringify(line.slice(0, 200))}`);
    }
    // An empty repository has no ref to carry the capabilities.
    if (name === 'capabilities^{}') return;
    if (name === '.have') alternates.push(oid);
    else refs.set(name, oid);
  }

  function end(): ReceivePackOffer {
    decoder.end();
    if (state !== 'ended') throw malformed(from, 'the list of refs ends without a flush packet');
    if (capabilities === undefined) throw malformed(from, 'the server says nothing about its capabilities');
    const objectFormat = objectFormatFrom(capabilities.get('object-format'), from);
    return { refs, alternates, shallow, capabilities, objectFormat };
  }

  return { push, end };
}

/** The commands of a push, up to the flush packet after which the pack follows. */
export function encodeCommands(
  updates: readonly RefUpdate[],
  offer: Pick<ReceivePackOffer, 'capabilities' | 'objectFormat'>,
  options: { readonly atomic: boolean; readonly agent: string },
): Buffer {
  const zero = zeroOid(offer.objectFormat);
  const lines = updates.map((update) => `${update.old ?? zero} ${update.new ?? zero} ${update.name}`);
  const [first = '', ...rest] = lines;
  const capabilities = pushCapabilities(offer, options).join(' ');
  return Buffer.concat([
    encodePacket(`${first}\0 ${capabilities}`),
    ...rest.map((line) => encodePacket(line)),
    flushPacket,
  ]);
}

function pushCapabilities(
  { capabilities, objectFormat }: Pick<ReceivePackOffer, 'capabilities' | 'objectFormat'>,
  { atomic, agent }: { readonly atomic: boolean; readonly agent: string },
): string[] {
  return [
    'report-status',
    'side-band-64k',
    ...(atomic ? ['atomic'] : []),
    // Without progress; what hooks say comes all the same.
    ...(capabilities.has('quiet') ? ['quiet'] : []),
    ...(capabilities.has('object-format') ? [`object-format=${objectFormat}`] : []),
    ...(capabilities.has('agent') ? [`agent=${agent}`] : []),
  ];
}

function parseCapabilities(list: string): Map<string, string> {
  const words = list.split(' ').filter((word) => word !== '');
  return new Map(
    words.map((word) => {
      const equals = word.indexOf('=');
      return equals < 0 ? [word, ''] : [word.slice(0, equals), word.slice(equals + 1)];
    }),
  );
}
