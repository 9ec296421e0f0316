import { constants } from 'node:fs';
import { type FileHandle, open } from 'node:fs/promises';
import { dirname } from 'node:path';
import { diskError } from '../disk-error.ts';
import { makeDirectory } from '../make-directory.ts';
import { TailBuffer } from './tail-buffer.ts';

export interface LogSize {
  /** Bytes in the file, the note about dropped ones included. */
  readonly logBytes: number;
  /** Bytes of output that the file lacks: beyond the cap, or because the disk was full. */
  readonly droppedBytes: number;
}

export interface LogFile {
  readonly path: string;
  /** Never throws: a script must not fail because its log cannot grow. One call at a time. */
  write(chunk: Buffer): Promise<void>;
  /** The last bytes of output, at most 64 KiB, also when the file lacks them. */
  tail(): Buffer;
  /** Writes what is left and closes the file. */
  finish(): Promise<LogSize>;
}

export const defaultLogBytes = 10 * 1024 * 1024;
const tailBytes = 64 * 1024;
/** Room for the line about dropped bytes. */
const noteBytes = 64;

/**
 * Opens the log of a run (file 0600, directory 0700; an older file of that name is replaced, a symbolic link is not followed). Of an
 * output longer than `maxBytes` it keeps the beginning, as it comes, and the last 64 KiB (or a quarter), written at the end after a
 * line that says how much is missing.
 */
export async function openLog(path: string, maxBytes = defaultLogBytes): Promise<LogFile> {
  let file: FileHandle;
  try {
    await makeDirectory(dirname(path), 0o700);
    const { O_CREAT, O_NOFOLLOW, O_TRUNC, O_WRONLY } = constants;
    file = await open(path, O_CREAT | O_NOFOLLOW | O_TRUNC | O_WRONLY, 0o600);
  } catch (error) {
    throw diskError(`cannot write the log ${path}`, error, 'Is the directory writable and its disk not full?');
  }
  return cappedLog(path, file, maxBytes);
}

function cappedLog(path: string, file: FileHandle, maxBytes: number): LogFile {
  const keptTail = Math.min(tailBytes, Math.floor(maxBytes / 4));
  const headLimit = Math.max(0, maxBytes - keptTail - noteBytes);
  // Larger than what the file keeps: the last line of an output is wanted whatever the cap.
  const ring = new TailBuffer(tailBytes);
  let seen = 0;
  let head = 0;
  let full = false;
  return {
    path,
    async write(chunk) {
      ring.push(chunk);
      seen += chunk.length;
      if (full) return;
      const part = chunk.subarray(0, headLimit - head);
      const written = await writeAll(file, part);
      head += written;
      full = head >= headLimit || written < part.length;
    },
    tail: () => ring.last(),
    async finish() {
      const rest = seen - head;
      const kept = Math.min(rest, keptTail, ring.length);
      const dropped = rest - kept;
      const note = dropped > 0 ? Buffer.from(`\n[sluice] … ${dropped} bytes dropped …\n`) : Buffer.alloc(0);
      const noted = await writeAll(file, note);
      const ended = noted === note.length ? await writeAll(file, ring.last(kept)) : 0;
      await file.close().catch(() => undefined);
      return { logBytes: head + noted + ended, droppedBytes: dropped + kept - ended };
    },
  };
}

/** How many bytes got to the file: fewer than there are when the disk is full (ENOSPC, EDQUOT) or broken (EIO). */
async function writeAll(file: FileHandle, bytes: Buffer): Promise<number> {
  let written = 0;
  try {
    while (written < bytes.length) {
      written += (await file.write(bytes, written)).bytesWritten;
    }
  } catch {
    return written;
  }
  return written;
}
