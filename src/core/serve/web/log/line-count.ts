import type { ReadLog } from './parts.ts';

/** Numbers of lines need the line feeds before them counted; what was counted is kept, for a log only grows. */
export interface LineCounter {
  /** Line feeds before `offset`, which is the number of the line there, from 0. */
  before(id: string, offset: number): Promise<number>;
  /** Offset at which line `number` (from 1) begins, or the end of the log's last whole line. */
  find(id: string, number: number, size: number): Promise<number>;
}

const stepBytes = 256 * 1024;
const newline = 0x0a;

/**
 * Remembers a count every 256 KiB for the logs that were asked for last, so that 100 MB are read once. Memory: 8 bytes for each step,
 * at most `logs` logs.
 */
export function createLineCounter(read: ReadLog, logs = 64): LineCounter {
  const known = new Map<string, number[]>();

  /** `marks[n]`: line feeds in the first n whole steps. */
  async function marksUpTo(id: string, steps: number): Promise<readonly number[]> {
    const marks = known.get(id) ?? [0];
    known.delete(id);
    known.set(id, marks);
    for (const oldest of known.keys()) if (known.size > logs) known.delete(oldest);
    while (marks.length <= steps) {
      const step = marks.length - 1;
      const bytes = await stepOf(id, step);
      if (bytes.length < stepBytes) break;
      // Another request may have counted the same step meanwhile.
      if (marks.length - 1 === step) marks.push((marks[step] ?? 0) + countLineFeeds(bytes));
    }
    return marks;
  }

  async function stepOf(id: string, step: number): Promise<Buffer> {
    const part = await read(id, { offset: step * stepBytes, limit: stepBytes });
    return part === undefined
      ? Buffer.alloc(0)
      : Buffer.from(part.bytes.buffer, part.bytes.byteOffset, part.bytes.byteLength);
  }

  return {
    async before(id, offset) {
      const step = Math.floor(offset / stepBytes);
      const marks = await marksUpTo(id, step);
      const rest = offset - step * stepBytes;
      return (marks[step] ?? 0) + (rest === 0 ? 0 : countLineFeeds((await stepOf(id, step)).subarray(0, rest)));
    },
    async find(id, number, size) {
      const feeds = Math.max(0, number - 1);
      if (feeds === 0) return 0;
      const marks = await marksUpTo(id, Math.floor(size / stepBytes));
      const after = marks.findIndex((mark) => mark >= feeds);
      const step = after === -1 ? marks.length - 1 : after - 1;
      const bytes = await stepOf(id, step);
      return step * stepBytes + afterLineFeeds(bytes, feeds - (marks[step] ?? 0));
    },
  };
}

function countLineFeeds(bytes: Buffer): number {
  let count = 0;
  for (let at = bytes.indexOf(newline); at >= 0; at = bytes.indexOf(newline, at + 1)) count++;
  return count;
}

/** Offset behind the `wanted`-th line feed, or behind the last one there is. */
function afterLineFeeds(bytes: Buffer, wanted: number): number {
  let offset = 0;
  for (let left = wanted; left > 0; left--) {
    const at = bytes.indexOf(newline, offset);
    if (at < 0) break;
    offset = at + 1;
  }
  return offset;
}
