import type { LineCounter } from './line-count.ts';
import { createLineReader, type LineReader, type LogLine } from './lines.ts';
import { overrunBytes, partBytes, partCount, partStart, type ReadLog, readRange } from './parts.ts';

/** What one page shows of a log. */
export interface LogWindow {
  readonly lines: readonly LogLine[];
  /** Bytes shown: `[start, end)`. */
  readonly start: number;
  readonly end: number;
  /** Where the last whole line ends; a running log may have begun another, and that one is followed from its start. */
  readonly settled: number;
  readonly size: number;
  readonly ended: boolean;
  /** Parts shown: `first` to `last`, of `count`. */
  readonly first: number;
  readonly last: number;
  readonly count: number;
}

/** A line or a part that a URL asks for; neither: the end of the log. */
export interface WindowRequest {
  readonly line?: number | undefined;
  readonly part?: number | undefined;
}

/** Reads at most two parts of a log. Undefined: there is no log. */
export async function readWindow(
  read: ReadLog,
  counter: LineCounter,
  id: string,
  request: WindowRequest,
): Promise<LogWindow | undefined> {
  const head = await read(id, { offset: 0, limit: 0 });
  if (head === undefined) return undefined;
  const { size, ended } = head;
  const count = partCount(size);
  const part = await wantedPart(read, counter, id, request, size);
  // The end of a log is what people look for first; its last part alone may be a single line.
  const [first, last] = part === undefined || part >= count - 2 ? [Math.max(0, count - 2), count - 1] : [part, part];
  const start = await partStart(read, id, first, size);
  const end = last === count - 1 ? size : await partStart(read, id, last + 1, size);
  const reader = await openReader(read, counter, id, start);
  const bytes = await readRange(read, id, start, end);
  const settled = start + bytes.lastIndexOf(0x0a) + 1;
  return { lines: reader.read(bytes), start, end, settled, size, ended, first, last, count };
}

/** A reader for the lines from `start` on, with their numbers and the colours that came before. */
export async function openReader(read: ReadLog, counter: LineCounter, id: string, start: number): Promise<LineReader> {
  const before = await readRange(read, id, Math.max(0, start - overrunBytes), start);
  return createLineReader((await counter.before(id, start)) + 1, before);
}

async function wantedPart(
  read: ReadLog,
  counter: LineCounter,
  id: string,
  { line, part }: WindowRequest,
  size: number,
): Promise<number | undefined> {
  if (line === undefined) return part;
  const offset = await counter.find(id, line, size);
  const nominal = Math.floor(offset / partBytes);
  // A line that starts before its part does is the end of the part before.
  return (await partStart(read, id, nominal, size)) > offset ? nominal - 1 : nominal;
}
