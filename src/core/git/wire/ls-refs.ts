import { createHash } from 'node:crypto';
import type { ObjectFormat, RefName, RemoteRef } from '../../model/ref.ts';
import { commandCapabilities, type V2Offer } from './capabilities.ts';
import { createPacketDecoder, delimPacket, encodePacket, flushPacket, malformed, type Packet } from './pkt-line.ts';
import { errorWords, remoteFailure } from './remote-text.ts';
import type { ExchangeOptions, Transport } from './transport.ts';

/** A remote's ref. A name that is not valid UTF-8 carries U+FFFD in place of the bad bytes, so `refNameProblem` refuses it. */
export interface WireRef extends RemoteRef {
  /** Where a symbolic ref points; only when `symrefs` was asked for. */
  readonly symrefTarget?: RefName;
}

export interface ListRefsOptions extends ExchangeOptions {
  /** Only names that begin with one of these (a whole name is its own prefix); none means all refs. */
  readonly prefixes?: readonly string[];
  readonly symrefs?: boolean;
  /** The digest of an earlier listing with the same prefixes; when the answer is byte for byte the same, it is not parsed. */
  readonly unlessDigest?: string | undefined;
  /** Most bytes of an answer; default 128 MiB, which is about two million refs. */
  readonly maxBytes?: number;
}

export interface RefListing {
  /** In the order of the remote (sorted by name, HEAD first); undefined when nothing changed since `unlessDigest`. */
  readonly refs: readonly WireRef[] | undefined;
  /** Names this answer; equal digests mean equal refs. */
  readonly digest: string;
}

const defaultMaxBytes = 128 * 1024 * 1024;
// git's own client sends no prefixes at all when there are too many; each costs the server a comparison for every ref.
const maxPrefixes = 65536;

/** The refs of a repository through `ls-refs` (gitprotocol-v2(5)), without the listing of all others that git might hide. */
export async function lsRefs(transport: Transport, offer: V2Offer, options: ListRefsOptions = {}): Promise<RefListing> {
  const { maxBytes = defaultMaxBytes, unlessDigest } = options;
  const body = await transport.request('git-upload-pack', lsRefsRequest(offer, options), options);
  const parser = createRefParser(transport.url, offer.objectFormat, options.prefixes ?? []);
  const hash = createHash('sha1');
  // Chunks are kept only while the answer may turn out to be the old one: hashing costs a fifth of parsing.
  const kept: Buffer[] = [];
  let received = 0;
  for await (const chunk of body) {
    received += chunk.length;
    if (received > maxBytes) throw malformed(transport.url, `the list of refs is longer than ${maxBytes} bytes`);
    hash.update(chunk);
    if (unlessDigest === undefined) parser.push(chunk);
    else kept.push(chunk);
  }
  const digest = hash.digest('base64');
  if (digest === unlessDigest) return { refs: undefined, digest };
  for (const chunk of kept) parser.push(chunk);
  return { refs: parser.end(), digest };
}

function lsRefsRequest(offer: V2Offer, options: ListRefsOptions): Buffer {
  const prefixes = options.prefixes ?? [];
  return Buffer.concat([
    encodePacket('command=ls-refs\n'),
    ...commandCapabilities(offer, undefined),
    delimPacket,
    ...(options.symrefs ? [encodePacket('symrefs\n')] : []),
    ...(prefixes.length > maxPrefixes ? [] : prefixes.map((prefix) => encodePacket(`ref-prefix ${prefix}\n`))),
    flushPacket,
  ]);
}

/** Exported for its own tests: packets of an ls-refs answer, cut anywhere, to refs. */
export function createRefParser(from: string, format: ObjectFormat, prefixes: readonly string[]) {
  const decoder = createPacketDecoder(from);
  const refs: WireRef[] = [];
  let ended = false;

  function push(chunk: Uint8Array): void {
    for (const packet of decoder.push(chunk)) take(packet);
  }

  function take(packet: Packet): void {
    if (ended) throw malformed(from, 'there is something after the end of the list of refs');
    if (packet.kind === 'flush') {
      ended = true;
      return;
    }
    if (packet.kind !== 'data') throw malformed(from, `an unexpected ${packet.kind} packet in the list of refs`);
    const words = errorWords(packet.payload);
    if (words !== undefined) throw remoteFailure(from, words);
    const ref = parseRef(packet.payload, format, from);
    // A server may ignore prefixes (gitprotocol-v2(5), "purely for optimization").
    if (ref !== undefined && matches(ref.name, prefixes)) refs.push(ref);
  }

  function end(): readonly WireRef[] {
    decoder.end();
    if (!ended) throw malformed(from, 'the list of refs ends without a flush packet');
    return refs;
  }

  return { push, end };
}

function parseRef(payload: Buffer, format: ObjectFormat, from: string): WireRef | undefined {
  const oidLength = format === 'sha256' ? 64 : 40;
  const line = payload.toString('utf8', 0, payload.at(-1) === 0x0a ? payload.length - 1 : payload.length);
  // HEAD of an empty repository; it has no object id yet. Not asked for, but servers may say it.
  if (line.startsWith('unborn ')) return undefined;
  const oid = line.slice(0, oidLength);
  const [name = '', ...attributes] = line.slice(oidLength + 1).split(' ');
  if (!isOid(oid, oidLength) || line[oidLength] !== ' ' || name === '') {
    throw malformed(from, `a line of the list of refs is ${JSON.stringify(line.slice(0, 200))}`);
  }
  if (attributes.length === 0) return { name, oid };
  const target = attributes.find((attribute) => attribute.startsWith('symref-target:'))?.slice('symref-target:'.length);
  return target === undefined ? { name, oid } : { name, oid, symrefTarget: target };
}

/** Whether this is a full object id in lower-case hexadecimal. */
export function isOid(text: string, length: number): boolean {
  return text.length === length && /^[0-9a-f]+$/.test(text);
}

function matches(name: RefName, prefixes: readonly string[]): boolean {
  return prefixes.length === 0 || prefixes.some((prefix) => name.startsWith(prefix));
}
