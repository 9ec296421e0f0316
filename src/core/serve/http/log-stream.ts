import type { LogPart } from '../read-model.ts';
import type { LineCounter } from '../web/log/line-count.ts';
import type { LineReader, LogLine } from '../web/log/lines.ts';
import { continuationBytes, partBytes, type ReadLog, readRange } from '../web/log/parts.ts';
import { openReader } from '../web/log/window.ts';
import { sizeText } from '../web/words.ts';
import type { ChangeHub } from './change-hub.ts';
import type { EventStream } from './event-stream.ts';

export interface LogStreamPorts {
  readonly readLog: ReadLog;
  readonly counter: LineCounter;
  readonly hub: ChangeHub;
}

/** What one `log` event tells the browser: whole lines, and perhaps the beginning of one that the next event replaces. */
interface LogEvent {
  readonly from: number;
  /** End of the last whole line: where the next event begins, and the event's id. */
  readonly to: number;
  readonly lines: readonly (readonly [number, ...(readonly [string, string])[]])[];
  readonly partial: boolean;
  /** Size of the output that was left out before these lines, as text; '' is none. */
  readonly skipped: string;
}

const chunkBytes = 64 * 1024;
/** A browser this far behind gets the end of the log instead of all of it. */
const farBehindBytes = 8 * partBytes;
/** The log is looked at at least this often, for a writer whose changes nobody announces, and at most every `quickMs`. */
const slowMs = 1000;
const quickMs = 100;

/** Sends a log from byte `from` on as it grows, and `end` when it is complete. Ends with the stream's signal. */
export async function streamLog(ports: LogStreamPorts, stream: EventStream, id: string, from: number): Promise<void> {
  const wake = waker(ports.hub, id, stream.signal);
  const cursor: Cursor = { at: from, shown: from, reader: undefined };
  while (!stream.signal.aborted) {
    const part = await ports.readLog(id, { offset: cursor.at, limit: chunkBytes });
    if (part === undefined) break;
    if (part.size < cursor.at) {
      // Another attempt writes it anew: nothing of what the browser has is right any more.
      await stream.send({ name: 'restart', data: {} });
      break;
    }
    if (part.size - cursor.at > farBehindBytes) {
      await skipToEnd(ports, stream, id, cursor, part.size);
      continue;
    }
    cursor.reader ??= await openReader(ports.readLog, ports.counter, id, cursor.at);
    const reachesEnd = cursor.at + part.bytes.length >= part.size;
    await sendPart(stream, cursor, cursor.reader, part);
    if (!reachesEnd) continue;
    if (part.ended) {
      await stream.send({ name: 'end', id: cursor.at, data: {} });
      break;
    }
    await wake();
  }
  stream.end();
}

interface Cursor {
  /** Where the next part begins: the start of a line. */
  at: number;
  /** Up to where the browser has seen the log, an unfinished line included. */
  shown: number;
  reader: LineReader | undefined;
}

async function sendPart(stream: EventStream, cursor: Cursor, reader: LineReader, part: LogPart): Promise<void> {
  const bytes = Buffer.from(part.bytes.buffer, part.bytes.byteOffset, part.bytes.byteLength);
  const from = cursor.at;
  const reachesEnd = from + bytes.length >= part.size;
  const settled = settledLength(bytes, reachesEnd && part.ended, !reachesEnd || bytes.length === chunkBytes);
  const lines = reader.read(bytes.subarray(0, settled));
  const open = reachesEnd ? reader.peek(bytes.subarray(settled)) : [];
  const grown = from + bytes.length > cursor.shown;
  cursor.at = from + settled;
  cursor.shown = from + bytes.length;
  if (lines.length === 0 && !grown) return;
  const all = [...lines, ...open].map(compact);
  await send(stream, { from, to: cursor.at, lines: all, partial: open.length > 0, skipped: '' });
}

async function skipToEnd(
  ports: LogStreamPorts,
  stream: EventStream,
  id: string,
  cursor: Cursor,
  size: number,
): Promise<void> {
  const start = await lineStartBefore(ports, id, size - partBytes);
  const skipped = sizeText(start - cursor.at);
  await send(stream, { from: cursor.at, to: start, lines: [], partial: false, skipped });
  cursor.at = start;
  cursor.shown = start;
  cursor.reader = undefined;
}

async function send(stream: EventStream, event: LogEvent): Promise<void> {
  await stream.send({ name: 'log', id: event.to, data: event });
}

/** Bytes up to the last line feed; all of them when nothing follows, and of a line that does not end (`open`) what was read of it. */
function settledLength(bytes: Buffer, complete: boolean, open: boolean): number {
  if (complete) return bytes.length;
  const end = bytes.lastIndexOf(0x0a) + 1;
  return end === 0 && open ? bytes.length : end;
}

async function lineStartBefore({ readLog }: LogStreamPorts, id: string, offset: number): Promise<number> {
  const bytes = await readRange(readLog, id, offset, offset + chunkBytes);
  const feed = bytes.indexOf(0x0a);
  return offset + (feed >= 0 ? feed + 1 : continuationBytes(bytes));
}

function compact({ number, segments }: LogLine): readonly [number, ...(readonly [string, string])[]] {
  return [number, ...segments.map(({ text, classes }) => [text, classes] as const)];
}

/** Resolves when the log may have grown: never sooner than `quickMs` after the last time, nor later than `slowMs`. */
function waker(hub: ChangeHub, id: string, signal: AbortSignal): () => Promise<void> {
  let changed = false;
  let resolve: () => void = () => undefined;
  const unsubscribe = hub.subscribe((change) => {
    if (change.id !== id || (change.kind !== 'log' && change.kind !== 'run')) return;
    changed = true;
    resolve();
  });
  signal.addEventListener('abort', () => {
    unsubscribe();
    resolve();
  });
  return async () => {
    await wait(quickMs, () => signal.aborted);
    await wait(slowMs - quickMs, () => changed || signal.aborted);
    changed = false;
  };

  async function wait(ms: number, over: () => boolean): Promise<void> {
    if (over()) return;
    const waiting = Promise.withResolvers<void>();
    const timer = setTimeout(waiting.resolve, ms);
    resolve = () => over() && waiting.resolve();
    await waiting.promise;
    clearTimeout(timer);
  }
}
