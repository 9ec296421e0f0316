import { SluiceError } from '../../errors.ts';
import type { ObjectFormat } from '../../model/ref.ts';
import { openPack, withholdChecksum } from './pack.ts';
import type { RequestBody } from './transport.ts';

export interface PushBodyOptions {
  /** Encoded commands with their flush packet. */
  readonly commands: Buffer;
  /** Undefined for a push of deletions only. */
  readonly pack: AsyncIterable<Buffer> | undefined;
  readonly format: ObjectFormat;
  /** Names the source of the pack in errors. */
  readonly from: string;
  readonly maxPackBytes: number;
  readonly bufferBytes: number;
}

export interface PushBody {
  readonly body: RequestBody;
  /** Bytes of the pack that were handed out so far, and seen too many when `tooLarge()`. */
  packBytes(): number;
  /** True once the pack has exceeded its limit; a body that is a stream has then thrown, before the pack's end. */
  tooLarge(): boolean;
}

/**
 * The body of a push: commands, then the pack. A small one becomes bytes at hand (a request with Content-Length, as some
 * proxies want it, and a source that fails early is noticed before the destination hears anything); the rest is a stream.
 */
export async function pushBody(options: PushBodyOptions): Promise<PushBody> {
  const { commands, pack, format, maxPackBytes, bufferBytes } = options;
  let packBytes = 0;
  const state = { packBytes: () => packBytes, tooLarge: () => packBytes > maxPackBytes };
  if (pack === undefined) return { body: commands, ...state };
  const { chunks } = await openPack(pack, options.from);
  const counted = counting();

  const first: Buffer[] = [commands];
  try {
    for (let item = await counted.next(); !item.done; item = await counted.next()) {
      first.push(item.value);
      if (packBytes > bufferBytes) return { body: rest(first, counted), ...state };
    }
  } catch (error) {
    if (!state.tooLarge()) throw error;
  }
  return { body: Buffer.concat(first), ...state };

  async function* counting(): AsyncGenerator<Buffer> {
    for await (const chunk of withholdChecksum(chunks, format)) {
      packBytes += chunk.length;
      // Ends the request as a fault of the source would: cut off, so that the destination discards what it has.
      if (state.tooLarge()) throw new SluiceError('internal', 'the pack exceeds its limit');
      yield chunk;
    }
  }
}

async function* rest(first: readonly Buffer[], counted: AsyncGenerator<Buffer>): AsyncGenerator<Buffer> {
  yield* first;
  yield* counted;
}
