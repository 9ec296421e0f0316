import { open } from 'node:fs/promises';
import { setTimeout as sleep } from 'node:timers/promises';

const chunkBytes = 64 * 1024;
const pollMs = 200;

/** The last `bytes` of a log, from the start of a line where it was cut. A log that is gone is empty. */
export async function readTail(path: string, bytes: number): Promise<Buffer> {
  const file = await open(path).catch(() => undefined);
  if (file === undefined) return Buffer.alloc(0);
  await using _file = file;
  const { size } = await file.stat();
  const start = Math.max(0, size - bytes);
  const length = Math.min(bytes, size);
  const { buffer, bytesRead } = await file.read(Buffer.alloc(length), 0, length, start);
  const text = buffer.subarray(0, bytesRead);
  return start === 0 ? text : text.subarray(text.indexOf(0x0a) + 1);
}

export interface FollowOptions {
  /** Byte offset to begin at; default 0. */
  readonly from?: number;
  /** True when nobody writes any more; what is there is still delivered. */
  readonly ended: () => boolean | Promise<boolean>;
  readonly signal?: AbortSignal | undefined;
}

/** The bytes of a log that may still grow, as they come, until the run has ended or the signal aborts. */
export async function* followLog(path: string, options: FollowOptions): AsyncGenerator<Buffer, void> {
  let at = options.from ?? 0;
  const file = await open(path).catch(() => undefined);
  if (file === undefined) return;
  await using _file = file;
  while (!options.signal?.aborted) {
    // Asked before reading: what was written before the end is then in the file.
    const last = await options.ended();
    // A run that is begun again writes its log anew.
    if ((await file.stat()).size < at) at = 0;
    for (;;) {
      const { buffer, bytesRead } = await file.read(Buffer.alloc(chunkBytes), 0, chunkBytes, at);
      if (bytesRead === 0) break;
      at += bytesRead;
      yield buffer.subarray(0, bytesRead);
      if (options.signal?.aborted) return;
    }
    if (last) return;
    await sleep(pollMs, undefined, options.signal === undefined ? {} : { signal: options.signal }).catch(
      () => undefined,
    );
  }
}
