import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { SluiceError } from '../../../../src/core/errors.ts';
import {
  createPacketDecoder,
  delimPacket,
  encodePacket,
  flushPacket,
  maxPacketBytes,
  type Packet,
} from '../../../../src/core/git/wire/pkt-line.ts';

describe('encodePacket', () => {
  test('writes the examples of gitprotocol-common(5)', () => {
    expect(encodePacket('a\n').toString()).toBe('0006a\n');
    expect(encodePacket('a').toString()).toBe('0005a');
    expect(encodePacket('foobar\n').toString()).toBe('000bfoobar\n');
    expect(encodePacket('').toString()).toBe('0004');
  });

  test('counts bytes, not characters', () => {
    expect(encodePacket('ü').toString()).toBe('0006ü');
  });

  test('refuses what does not fit', () => {
    expect(encodePacket(Buffer.alloc(maxPacketBytes - 4)).toString('latin1', 0, 4)).toBe('fff0');
    expect(() => encodePacket(Buffer.alloc(maxPacketBytes - 3))).toThrow(SluiceError);
  });
});

describe('createPacketDecoder', () => {
  test('knows the markers', () => {
    const wire = Buffer.concat([flushPacket, delimPacket, Buffer.from('0002'), encodePacket('x')]);
    expect(decode([wire])).toEqual(['flush', 'delim', 'response-end', 'x']);
  });

  test.each(['0003', 'xyz1', '<htm', 'fff1', 'ffff', '-001', ' 001'])('refuses the length %j', (length) => {
    const decoder = createPacketDecoder('test');
    expect(() => decoder.push(Buffer.from(`${length}rest`))).toThrow(SluiceError);
  });

  test('refuses a bad length as soon as its four bytes are there, however long the stream will be', () => {
    const decoder = createPacketDecoder('test');
    expect(decoder.push(Buffer.from('000'))).toEqual([]);
    expect(() => decoder.push(Buffer.from('z'))).toThrow(/begins with "000z"/);
  });

  test.each(['0', '000', '0006', '0006a', '00000'])('a stream that ends with %j is cut off', (tail) => {
    const decoder = createPacketDecoder('test');
    decoder.push(Buffer.from(tail));
    expect(() => decoder.end()).toThrow(/ended inside a packet/);
  });

  test('any packets, cut into any chunks, come out as they went in', () => {
    const payloads = fc.array(fc.option(fc.uint8Array({ maxLength: 300 }), { freq: 4 }), { maxLength: 30 });
    fc.assert(
      fc.property(payloads, fc.infiniteStream(fc.nat({ max: 90 })), (sent, sizes) => {
        const wire = Buffer.concat(sent.map((one) => (one === null ? flushPacket : encodePacket(one))));
        const expected = sent.map((one) => (one === null ? 'flush' : Buffer.from(one).toString('latin1')));
        expect(decode(cut(wire, sizes))).toEqual(expected);
      }),
    );
  });

  test('garbage gives packets or a SluiceError, never anything else', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 2000 }), fc.infiniteStream(fc.nat({ max: 90 })), (bytes, sizes) => {
        try {
          decode(cut(Buffer.from(bytes), sizes));
        } catch (error) {
          expect(error).toBeInstanceOf(SluiceError);
        }
      }),
    );
  });

  test('a packet of the greatest length may come byte by byte', () => {
    const payload = Buffer.alloc(maxPacketBytes - 4, 7);
    const decoder = createPacketDecoder('test');
    const packets = [...encodePacket(payload)].flatMap((byte) => decoder.push(Buffer.of(byte)));
    decoder.end();
    expect(packets).toEqual([{ kind: 'data', payload }]);
  });
});

function decode(chunks: Iterable<Buffer>): string[] {
  const decoder = createPacketDecoder('test');
  const packets: Packet[] = [];
  for (const chunk of chunks) packets.push(...decoder.push(chunk));
  decoder.end();
  return packets.map((packet) => (packet.kind === 'data' ? packet.payload.toString('latin1') : packet.kind));
}

function* cut(bytes: Buffer, sizes: Iterator<number>): Generator<Buffer> {
  for (let at = 0; at < bytes.length; ) {
    const size = sizes.next().value ?? 1;
    yield bytes.subarray(at, at + size);
    at += size;
  }
}
