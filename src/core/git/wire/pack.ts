import { createHash } from 'node:crypto';
import type { ObjectFormat } from '../../model/ref.ts';
import { malformed } from './pkt-line.ts';

const headerBytes = 12;

/** A pack stream whose header has been looked at; gitformat-pack(5). */
export interface OpenPack {
  readonly objects: number;
  /** The whole pack, header included. */
  readonly chunks: AsyncGenerator<Buffer>;
}

/** The pack without objects, which a push must carry when the receiver has everything already (gitprotocol-pack(5)). */
export function emptyPack(format: ObjectFormat): Buffer {
  const header = Buffer.from('PACK\0\0\0\x02\0\0\0\0', 'latin1');
  return Buffer.concat([header, createHash(format).update(header).digest()]);
}

/** Reads the header, so that what is no pack is refused before anything is sent on. */
export async function openPack(stream: AsyncIterable<Buffer>, from: string): Promise<OpenPack> {
  const source = stream[Symbol.asyncIterator]();
  let head: Buffer = Buffer.alloc(0);
  while (head.length < headerBytes) {
    const { done, value } = await source.next();
    if (done) throw malformed(from, `the pack ends after ${head.length} bytes`);
    head = Buffer.concat([head, value]);
  }
  const version = head.readUInt32BE(4);
  if (head.toString('latin1', 0, 4) !== 'PACK' || (version !== 2 && version !== 3)) {
    await source.return?.();
    throw malformed(from, 'what it sends is not a pack');
  }

  async function* chunks(): AsyncGenerator<Buffer> {
    try {
      yield head;
      for (let item = await source.next(); !item.done; item = await source.next()) yield item.value;
    } finally {
      await source.return?.();
    }
  }
  return { objects: head.readUInt32BE(8), chunks: chunks() };
}

/**
 * The same bytes, but the pack's last ones (its checksum) only when the stream has ended well. A receiver that counts
 * objects is done at the checksum and does not wait for the end of the request: without this, a push that was cut off or
 * refused at the last moment might have happened all the same.
 */
export async function* withholdChecksum(stream: AsyncIterable<Buffer>, format: ObjectFormat): AsyncGenerator<Buffer> {
  const checksumBytes = format === 'sha256' ? 32 : 20;
  let held: Buffer = Buffer.alloc(0);
  for await (const chunk of stream) {
    const both = held.length === 0 ? chunk : Buffer.concat([held, chunk]);
    const cut = Math.max(0, both.length - checksumBytes);
    // A copy, so that 20 bytes do not keep a whole chunk alive.
    held = Buffer.from(both.subarray(cut));
    if (cut > 0) yield both.subarray(0, cut);
  }
  yield held;
}
