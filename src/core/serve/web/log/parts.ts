import type { ServeReads } from '../../read-model.ts';

export type ReadLog = ServeReads['log'];

/**
 * A log is shown in parts of about this many bytes, so that a page of a 100 MB log is as light as any other. A part begins at the first
 * line that starts at or after its multiple.
 */
export const partBytes = 64 * 1024;

/** How far a line may run over the end of its part; beyond, it is broken. */
export const overrunBytes = 32 * 1024;

const newline = 0x0a;

export function partCount(size: number): number {
  return Math.max(1, Math.ceil(size / partBytes));
}

/** Where part `index` begins; the end of the log when there is no such part. Both neighbours compute the same. */
export async function partStart(read: ReadLog, id: string, index: number, size: number): Promise<number> {
  const nominal = index * partBytes;
  if (nominal <= 0) return 0;
  if (nominal >= size) return size;
  // The line feed that ends the line before may be the last byte of the part before.
  const window = await read(id, { offset: nominal - 1, limit: overrunBytes });
  if (window === undefined) return size;
  const bytes = Buffer.from(window.bytes.buffer, window.bytes.byteOffset, window.bytes.byteLength);
  const at = bytes.indexOf(newline);
  if (at >= 0) return Math.min(size, nominal + at);
  if (nominal - 1 + bytes.length >= size) return size;
  return nominal + continuationBytes(bytes.subarray(1));
}

/** Bytes of the range, read in steps, fewer when the log ends before. */
export async function readRange(read: ReadLog, id: string, start: number, end: number): Promise<Buffer> {
  const pieces: Uint8Array[] = [];
  for (let at = start; at < end; ) {
    const piece = await read(id, { offset: at, limit: Math.min(end - at, 1024 * 1024) });
    if (piece === undefined || piece.bytes.length === 0) break;
    pieces.push(piece.bytes);
    at += piece.bytes.length;
  }
  return Buffer.concat(pieces);
}

/** A long line is not broken inside a character of UTF-8: bytes 10xxxxxx belong to the one before. */
export function continuationBytes(bytes: Uint8Array): number {
  let count = 0;
  while (count < 3 && ((bytes[count] ?? 0) & 0xc0) === 0x80) count++;
  return count;
}
