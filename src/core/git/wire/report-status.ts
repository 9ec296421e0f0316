import type { RefName } from '../../model/ref.ts';
import { lineOf } from './capabilities.ts';
import { createPacketReader } from './packet-reader.ts';
import { createPacketDecoder, malformed, type Packet } from './pkt-line.ts';
import { remoteFailure, remoteText } from './remote-text.ts';
import type { Answer } from './transport.ts';

/** What receive-pack reports after a push: gitprotocol-pack(5), "Report status". */
export interface PushReport {
  /** `ok`, or why the pack could not be taken in. */
  readonly unpack: string;
  /** Refs that the remote spoke about: undefined when it was updated, else the remote's reason why not. */
  readonly refusals: ReadonlyMap<RefName, string | undefined>;
  /** Lines that the remote wrote for a person (`remote: …` in git), hooks' output among them. */
  readonly messages: readonly string[];
}

/** A hook that prints without end must not fill the memory; nobody reads more than this. */
const maxMessageBytes = 256 * 1024;
const maxReportBytes = 64 * 1024 * 1024;

/**
 * Reads the multiplexed answer of receive-pack (side-band-64k: 1 is the report, 2 is for people, 3 are last words).
 * Throws when the report is not whole: refs may have been updated or not.
 */
export async function readPushReport(answer: Answer, from: string): Promise<PushReport> {
  const reader = createPacketReader(answer, { from });
  const report = createReportParser(from);
  let messages = '';
  try {
    let packet = await reader.expect('the end of the report');
    while (packet.kind !== 'flush') {
      if (packet.kind !== 'data') throw malformed(from, `an unexpected ${packet.kind} packet in the report`);
      const [band] = packet.payload;
      const content = packet.payload.subarray(1);
      if (band === 3) throw remoteFailure(from, remoteText(content));
      if (band === 2 && messages.length < maxMessageBytes) messages += content.toString();
      if (band === 1) report.push(content);
      packet = await reader.expect('the end of the report');
    }
    await reader.finish();
    return { ...report.end(), messages: messageLines(messages) };
  } finally {
    await reader.discard();
  }
}

function createReportParser(from: string) {
  const decoder = createPacketDecoder(from);
  const refusals = new Map<RefName, string | undefined>();
  let unpack: string | undefined;
  let received = 0;

  function push(bytes: Buffer): void {
    received += bytes.length;
    if (received > maxReportBytes) throw malformed(from, `the report is longer than ${maxReportBytes} bytes`);
    for (const packet of decoder.push(bytes)) take(packet);
  }

  function take(packet: Packet): void {
    if (packet.kind !== 'data') return;
    const line = lineOf(packet.payload);
    const [word = '', subject = '', ...reason] = line.split(' ');
    if (word === 'unpack') unpack = line.slice('unpack '.length);
    else if (word === 'ok') refusals.set(subject, undefined);
    else if (word === 'ng') refusals.set(subject, remoteText(reason.join(' ')) || 'no reason given');
    // `option` lines belong to report-status-v2, which is not asked for.
    else if (word !== 'option') throw malformed(from, `the report says ${JSON.stringify(line.slice(0, 200))}`);
  }

  function end(): Pick<PushReport, 'unpack' | 'refusals'> {
    decoder.end();
    if (unpack === undefined) throw malformed(from, 'the report says nothing about the pack');
    return { unpack: remoteText(unpack), refusals };
  }

  return { push, end };
}

/** Progress overwrites its line with carriage returns; only what would stay on the screen is kept. */
function messageLines(text: string): string[] {
  const lines = text.split('\n').map((line) => line.split('\r').findLast((part) => part.trim() !== '') ?? '');
  return lines.map((line) => remoteText(line)).filter((line) => line !== '');
}
