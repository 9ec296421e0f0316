import { encodePacket, flushPacket } from '../../../../src/core/git/wire/pkt-line.ts';

/** Packets as bytes: text and buffers are data packets, null is a flush. */
export function wire(...packets: (string | Uint8Array | null)[]): Buffer {
  return Buffer.concat(packets.map((packet) => (packet === null ? flushPacket : encodePacket(packet))));
}

/** A side-band packet's payload. */
export function band(number: 1 | 2 | 3, content: string | Uint8Array): Buffer {
  return Buffer.concat([Buffer.of(number), Buffer.from(content)]);
}

/** The bytes cut into chunks of these sizes, over and over; at least one byte each. */
export function* cut(bytes: Buffer, sizes: readonly number[]): Generator<Buffer> {
  for (let at = 0, n = 0; at < bytes.length; n += 1) {
    const size = Math.max(1, sizes[n % sizes.length] ?? 1);
    yield bytes.subarray(at, at + size);
    at += size;
  }
}

export async function* stream(chunks: Iterable<Buffer>): AsyncGenerator<Buffer> {
  yield* chunks;
}
