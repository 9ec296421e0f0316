import { constants } from 'node:fs';
import { open, stat } from 'node:fs/promises';
import type { LogPart } from './read-model.ts';

const mostBytes = 1024 * 1024;

/** Size of a log; undefined: there is none. */
export async function logSize(path: string): Promise<number | undefined> {
  return await stat(path).then(
    ({ size }) => size,
    () => undefined,
  );
}

/** A part of a log; undefined: there is none. `ended` was asked before, so that with true these bytes are final. */
export async function readLogPart(
  path: string,
  { offset, limit }: { readonly offset: number; readonly limit: number },
  ended: boolean,
): Promise<LogPart | undefined> {
  // A script that may write there could put something else in its place: a link to any file, or a pipe that nobody writes to.
  const flags = constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK;
  const file = await open(path, flags).catch(() => undefined);
  if (file === undefined) return undefined;
  await using _file = file;
  const found = await file.stat();
  if (!found.isFile()) return undefined;
  const { size } = found;
  const length = Math.max(0, Math.min(limit, mostBytes, size - offset));
  const { buffer, bytesRead } = await file.read(Buffer.alloc(length), 0, length, offset);
  return { offset, bytes: buffer.subarray(0, bytesRead), size, ended };
}
