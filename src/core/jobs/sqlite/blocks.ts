import { constants, inflateRawSync, zstdCompressSync, zstdDecompressSync } from 'node:zlib';

/** Puts the bodies of one transaction together. */
export interface Packer {
  /**
   * Takes a body in. `insert` writes the row of its delivery, which says at which byte of the block it starts, and returns its number;
   * undefined when there is such a row already: then the body is not kept.
   */
  pack(bytes: Uint8Array, insert: (start: number) => number | undefined): number | undefined;
  /** Writes what was packed; before the commit. */
  finish(): void;
}

/** A larger block would have to be unpacked for one small body in it. */
const mostInBlock = 2 * 1024 * 1024;

/** With Node's usual 16 KB for each piece of output, single deliveries drive V8 into ten times as many full collections. */
const fastest = { params: { [constants.ZSTD_c_compressionLevel]: 1 }, chunkSize: 2048 };

type Run = (sql: string, parameters: Readonly<Record<string, number | Uint8Array>>) => unknown;

/**
 * Bodies are compressed together with their neighbours, because what is not written need not be synced. Zstandard takes half of deflate's
 * time for that, and 20 MB at once do not keep the event loop. A block has the numbers of its deliveries, which follow each other.
 */
export function openPacker(run: Run): Packer {
  let numbers: { readonly first: number; last: number } | undefined;
  let parts: Uint8Array[] = [];
  let size = 0;

  function finish(): void {
    if (numbers === undefined) return;
    const [only, ...more] = parts;
    const bytes = only !== undefined && more.length === 0 ? only : Buffer.concat(parts);
    const packed = zstdCompressSync(bytes, { ...fastest, pledgedSrcSize: bytes.length });
    run('INSERT INTO block (first, last, packed) VALUES (:first, :last, :packed)', { ...numbers, packed });
    numbers = undefined;
    parts = [];
    size = 0;
  }

  return {
    pack(bytes, insert) {
      if (size > 0 && size + bytes.length > mostInBlock) finish();
      const number = insert(size);
      if (number === undefined) return undefined;
      numbers ??= { first: number, last: number };
      numbers.last = number;
      parts.push(bytes);
      size += bytes.length;
      return number;
    },
    finish,
  };
}

/** How a frame of Zstandard begins (RFC 8878, 3.1.1). */
const magic = Buffer.from('28b52ffd', 'hex');

/** The bodies of a block, one behind the other. */
export function unpack(packed: Uint8Array): Buffer {
  const frame = Buffer.from(packed.buffer, packed.byteOffset, packed.byteLength);
  // Before schema 3 blocks were deflated; such a stream never begins like a frame of Zstandard.
  return frame.subarray(0, magic.length).equals(magic) ? zstdDecompressSync(frame) : inflateRawSync(frame);
}
