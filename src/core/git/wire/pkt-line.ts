import { SluiceError } from '../../errors.ts';

/**
 * Packet-line framing: four hexadecimal digits of length (which count themselves), then the payload; the lengths 0, 1 and 2
 * are markers without payload. Source: gitprotocol-common(5) and gitprotocol-v2(5), "Packet-line framing".
 */
export type Packet =
  | { readonly kind: 'data'; readonly payload: Buffer }
  | { readonly kind: 'flush' }
  | { readonly kind: 'delim' }
  | { readonly kind: 'response-end' };

/** The largest packet on the wire, its four digits of length included. */
export const maxPacketBytes = 65520;

export const flushPacket: Buffer = Buffer.from('0000');
export const delimPacket: Buffer = Buffer.from('0001');

const flush: Packet = { kind: 'flush' };
const markers: readonly (Packet | undefined)[] = [flush, { kind: 'delim' }, { kind: 'response-end' }];

/** One data packet. Text is encoded as UTF-8; no line feed is added. */
export function encodePacket(payload: string | Uint8Array): Buffer {
  const bytes = typeof payload === 'string' ? Buffer.from(payload) : payload;
  const length = bytes.length + 4;
  if (length > maxPacketBytes) {
    throw new SluiceError('internal', `encode a packet-line: ${length} bytes exceed the limit of ${maxPacketBytes}`);
  }
  return Buffer.concat([Buffer.from(length.toString(16).padStart(4, '0')), bytes]);
}

/** Turns a byte stream, cut anywhere, into packets. */
export interface PacketDecoder {
  /** The packets that this chunk completes. Payloads are views into the chunk where that is possible. */
  push(chunk: Uint8Array): Packet[];
  /** Must be called at the end of the stream; throws when it ended inside a packet. */
  end(): void;
}

/** @param from Names the sender in errors: "https://example.org/x.git". */
export function createPacketDecoder(from: string): PacketDecoder {
  // Chunks are joined only when they complete a packet, so that a stream of single bytes costs no more than its length.
  let held: Uint8Array[] = [];
  let heldBytes = 0;
  let needed = 4;

  function push(chunk: Uint8Array): Packet[] {
    held.push(chunk);
    heldBytes += chunk.length;
    if (heldBytes < needed) return [];
    const bytes = join(held, heldBytes);
    const packets: Packet[] = [];
    let at = 0;
    needed = 4;
    while (bytes.length - at >= 4) {
      const length = lengthAt(bytes, at, from);
      const marker = markers[length];
      if (marker !== undefined) {
        packets.push(marker);
        at += 4;
        continue;
      }
      if (bytes.length - at < length) {
        needed = length;
        break;
      }
      packets.push({ kind: 'data', payload: bytes.subarray(at + 4, at + length) });
      at += length;
    }
    const rest = bytes.subarray(at);
    held = rest.length === 0 ? [] : [rest];
    heldBytes = rest.length;
    return packets;
  }

  function end(): void {
    if (heldBytes > 0) throw malformed(from, `the answer ended inside a packet (${heldBytes} of ${needed} bytes)`);
  }

  return { push, end };
}

/** The remote does not keep to the protocol; it may be a proxy's page or a connection cut short, so a retry can help. */
export function malformed(from: string, problem: string): SluiceError {
  return new SluiceError('unavailable', `${from} does not follow the git protocol: ${problem}`, {
    hint: 'Check that the URL is that of a git repository; `git ls-remote` with the same URL shows what git makes of it.',
  });
}

function join(chunks: readonly Uint8Array[], length: number): Buffer {
  const [only] = chunks;
  if (only === undefined || chunks.length > 1) return Buffer.concat(chunks, length);
  return Buffer.isBuffer(only) ? only : Buffer.from(only.buffer, only.byteOffset, only.length);
}

function lengthAt(bytes: Buffer, at: number, from: string): number {
  let length = 0;
  for (let index = at; index < at + 4; index += 1) {
    const digit = hexDigit(bytes[index] ?? 0);
    if (digit < 0)
      throw malformed(from, `a packet begins with ${quoted(bytes.subarray(at, at + 4))}, not with its length`);
    length = length * 16 + digit;
  }
  if (length === 3) throw malformed(from, 'a packet has the impossible length 3');
  if (length > maxPacketBytes)
    throw malformed(from, `a packet of ${length} bytes exceeds the limit of ${maxPacketBytes}`);
  return length;
}

function hexDigit(byte: number): number {
  if (byte >= 0x30 && byte <= 0x39) return byte - 0x30;
  const lower = byte | 0x20;
  return lower >= 0x61 && lower <= 0x66 ? lower - 0x57 : -1;
}

function quoted(bytes: Buffer): string {
  return JSON.stringify(bytes.toString('latin1'));
}
