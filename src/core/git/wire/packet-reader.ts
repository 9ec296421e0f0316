import { createPacketDecoder, malformed, type Packet } from './pkt-line.ts';
import { errorWords, remoteFailure } from './remote-text.ts';

/** Pulls packets one by one from a byte stream; asks the stream for more only when it has none left (backpressure). */
export interface PacketReader {
  /** The next packet; undefined at the end of the stream. An `ERR` packet is thrown as the remote's error. */
  next(): Promise<Packet | undefined>;
  /** Like `next`, but the end of the stream is an error: `expected` says what is missing. */
  expect(expected: string): Promise<Packet>;
  /** Reads to the end of the stream (so that the connection can be used again); anything but flush packets is an error. */
  finish(): Promise<void>;
  /** Gives up the stream; what was not read yet is thrown away together with the connection. */
  discard(): Promise<void>;
}

export interface ReaderOptions {
  /** Names the sender in errors. */
  readonly from: string;
  /** Most bytes that are read before the remote is given up; default: no limit. */
  readonly maxBytes?: number;
  /** False where the caller looks at `ERR` packets itself, or where payloads are side-band data that may begin with anything. */
  readonly throwOnError?: boolean;
}

export function createPacketReader(stream: AsyncIterable<Uint8Array>, options: ReaderOptions): PacketReader {
  const { from, maxBytes = Number.POSITIVE_INFINITY, throwOnError = true } = options;
  const chunks = stream[Symbol.asyncIterator]();
  const decoder = createPacketDecoder(from);
  let packets: Packet[] = [];
  let at = 0;
  let received = 0;

  async function refill(): Promise<boolean> {
    while (at >= packets.length) {
      const { done, value } = await chunks.next();
      if (done) {
        decoder.end();
        return false;
      }
      received += value.length;
      if (received > maxBytes) {
        await chunks.return?.();
        throw malformed(from, `the answer is longer than ${maxBytes} bytes`);
      }
      packets = decoder.push(value);
      at = 0;
    }
    return true;
  }

  async function next(): Promise<Packet | undefined> {
    if (at >= packets.length && !(await refill())) return undefined;
    const packet = packets[at];
    at += 1;
    const words = throwOnError && packet?.kind === 'data' ? errorWords(packet.payload) : undefined;
    if (words !== undefined) throw remoteFailure(from, words);
    return packet;
  }

  async function expect(expected: string): Promise<Packet> {
    const packet = await next();
    if (packet === undefined) throw malformed(from, `the answer ended before ${expected}`);
    return packet;
  }

  async function finish(): Promise<void> {
    for (let packet = await next(); packet !== undefined; packet = await next()) {
      if (packet.kind === 'data' || packet.kind === 'delim')
        throw malformed(from, 'there is something after the end of the answer');
    }
  }

  async function discard(): Promise<void> {
    await chunks.return?.();
  }

  return { next, expect, finish, discard };
}
