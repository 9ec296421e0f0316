import type { Readable } from 'node:stream';
import { promisify } from 'node:util';

/**
 * The whole body as text, or undefined when it is larger than `maxBytes`, before or after unpacking: an answer must not be
 * able to fill the memory. gzip is the only encoding that the client asks for; a page of 100 change requests shrinks tenfold.
 */
export async function readText(
  body: Readable,
  encoding: string | undefined,
  maxBytes: number,
): Promise<string | undefined> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of body as AsyncIterable<Buffer>) {
    size += chunk.length;
    // Leaving the loop destroys the stream, and with it the connection.
    if (size > maxBytes) return undefined;
    chunks.push(chunk);
  }
  const packed = Buffer.concat(chunks);
  if (size === 0 || !/^(x-)?gzip$/i.test(encoding ?? '')) return packed.toString('utf8');
  // 3 ms to load, which a run that asks nothing does not pay.
  const { gunzip } = process.getBuiltinModule('node:zlib');
  try {
    const unpacked = await promisify(gunzip)(packed, { maxOutputLength: maxBytes });
    return unpacked.toString('utf8');
  } catch (error) {
    if (error instanceof RangeError) return undefined;
    throw error;
  }
}
