import type { Oid } from '../../model/ref.ts';
import { commandCapabilities, lineOf, type V2Offer } from './capabilities.ts';
import { createPacketReader, type PacketReader } from './packet-reader.ts';
import { delimPacket, encodePacket, flushPacket, malformed } from './pkt-line.ts';
import { errorWords, remoteFailure, remoteText } from './remote-text.ts';
import type { ExchangeOptions, Transport } from './transport.ts';

export interface FetchRequest {
  /** What the source offers. */
  readonly offer: V2Offer;
  readonly wants: readonly Oid[];
  /** What the receiver has, best first. None: the receiver is empty and gets the whole history. */
  readonly haves: readonly Oid[];
  /** How many of them are worth asking about even when earlier ones are known already. */
  readonly likely: number;
  /** The receiver can complete deltas against objects that it has. */
  readonly thin: boolean;
  readonly ofsDelta: boolean;
  readonly agent: string;
}

export type FetchOutcome =
  /** `pack` is the raw pack; it ends only when the source has said that it is whole, and throws otherwise. */
  { readonly kind: 'pack'; readonly pack: AsyncIterable<Buffer> } | Unsuitable;

/** Not an error: this way does not fit, another may. The reason is half a sentence about source or destination. */
export interface Unsuitable {
  readonly kind: 'unsuitable';
  readonly reason: string;
}

export function unsuitable(reason: string): Unsuitable {
  return { kind: 'unsuitable', reason };
}

/** Without an answer to the likely ones, this many more are tried at a time. */
export const havesPerRound = 64;
/** More rounds cost more than they save; the caller offers the likely haves first. */
export const maxRounds = 4;

/**
 * Asks upload-pack for a pack with the `fetch` command of gitprotocol-v2(5). With haves, the source must acknowledge one
 * before it is told to send: without a common commit it would send its whole history, gigabytes perhaps.
 */
export async function fetchPack(
  source: Transport,
  request: FetchRequest,
  options: ExchangeOptions = {},
): Promise<FetchOutcome> {
  // A server calls itself ready only when it has seen the exact base of every want, which for a change behind the trunk is
  // never: more haves would cost more than the few objects they save, so the likely ones and one answer are enough.
  const common: Oid[] = [];
  let asked = 0;
  for (let round = 0; round < maxRounds && asked < request.haves.length && common.length === 0; round += 1) {
    const haves = request.haves.slice(asked, asked + Math.max(round === 0 ? request.likely : 0, havesPerRound));
    asked += haves.length;
    const answer = await ask(source, request, { haves, done: false }, options);
    if (answer.kind !== 'acknowledged') return answer;
    common.push(...new Set(answer.common));
  }
  if (request.haves.length > 0 && common.length === 0) {
    return unsuitable('source and destination have no commit in common');
  }
  const answer = await ask(source, request, { haves: common, done: true }, options);
  if (answer.kind === 'acknowledged') throw malformed(source.url, 'it sends no pack although negotiation is done');
  return answer;
}

interface Round {
  readonly haves: readonly Oid[];
  readonly done: boolean;
}

type RoundAnswer = FetchOutcome | { readonly kind: 'acknowledged'; readonly common: readonly Oid[] };

async function ask(
  source: Transport,
  request: FetchRequest,
  round: Round,
  options: ExchangeOptions,
): Promise<RoundAnswer> {
  const answer = await source.request('git-upload-pack', encodeFetch(request, round), options);
  const reader = createPacketReader(answer, { from: source.url, throwOnError: false });
  let result: RoundAnswer | undefined;
  try {
    result = await readSections(reader, source.url, round.haves.length);
    return result;
  } finally {
    if (result?.kind !== 'pack') await reader.discard();
  }
}

function encodeFetch(request: FetchRequest, round: Round): Buffer {
  const flags = ['no-progress', ...(request.thin ? ['thin-pack'] : []), ...(request.ofsDelta ? ['ofs-delta'] : [])];
  const lines = [
    ...flags,
    ...request.wants.map((oid) => `want ${oid}`),
    ...round.haves.map((oid) => `have ${oid}`),
    ...(round.done ? ['done'] : []),
  ];
  return Buffer.concat([
    encodePacket('command=fetch\n'),
    ...commandCapabilities(request.offer, request.agent),
    delimPacket,
    ...lines.map((line) => encodePacket(`${line}\n`)),
    flushPacket,
  ]);
}

/** `[acknowledgments] [shallow-info] packfile`, or acknowledgments alone when the source wants to hear more haves. */
async function readSections(reader: PacketReader, from: string, asked: number): Promise<RoundAnswer> {
  const common: Oid[] = [];
  for (;;) {
    const packet = await reader.expect('the pack');
    if (packet.kind !== 'data') throw malformed(from, `an unexpected ${packet.kind} packet before the pack`);
    const words = errorWords(packet.payload);
    if (words !== undefined) return unsuitable(`the source refuses: ${words}`);
    const section = lineOf(packet.payload);
    if (section === 'packfile') return { kind: 'pack', pack: packBytes(reader, from) };
    // Only sources that are shallow themselves say this; what lies beyond their boundary, the receiver may lack.
    if (section === 'shallow-info') return unsuitable('the source is a shallow repository');
    if (section !== 'acknowledgments')
      throw malformed(from, `the unknown section ${JSON.stringify(section.slice(0, 80))}`);
    if ((await readAcknowledgments(reader, from, common, asked)) === 'end') return { kind: 'acknowledged', common };
  }
}

async function readAcknowledgments(
  reader: PacketReader,
  from: string,
  common: Oid[],
  asked: number,
): Promise<'end' | 'next-section'> {
  for (;;) {
    const packet = await reader.expect('the end of the acknowledgments');
    if (packet.kind === 'delim') return 'next-section';
    if (packet.kind !== 'data') {
      await reader.finish();
      return 'end';
    }
    const words = errorWords(packet.payload);
    if (words !== undefined) throw remoteFailure(from, words);
    const line = lineOf(packet.payload);
    if (line.startsWith('ACK ')) common.push(line.slice('ACK '.length));
    if (common.length > asked) throw malformed(from, 'it acknowledges more than it was asked');
    if (!/^(ACK .*|NAK|ready)$/.test(line))
      throw malformed(from, `the acknowledgment ${JSON.stringify(line.slice(0, 80))}`);
  }
}

/** Side-band 1 is the pack, 2 progress, 3 the source's last words. */
async function* packBytes(reader: PacketReader, from: string): AsyncGenerator<Buffer> {
  try {
    for (;;) {
      const packet = await reader.expect('the end of the pack');
      if (packet.kind === 'flush') break;
      if (packet.kind !== 'data') throw malformed(from, `an unexpected ${packet.kind} packet in the pack`);
      const { payload } = packet;
      const [band] = payload;
      if (band === 3) throw remoteFailure(from, remoteText(payload.subarray(1)));
      const words = errorWords(payload);
      if (words !== undefined) throw remoteFailure(from, words);
      if (band !== 1 && band !== 2) throw malformed(from, `side-band ${band} in the pack`);
      // An empty packet only keeps the connection alive while the source is thinking.
      if (band === 1 && payload.length > 1) yield payload.subarray(1);
    }
    await reader.finish();
  } finally {
    await reader.discard();
  }
}
