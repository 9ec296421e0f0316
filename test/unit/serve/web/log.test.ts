import { describe, expect, test } from 'vitest';
import { Secret } from '../../../../src/core/secret.ts';
import { createLineCounter } from '../../../../src/core/serve/web/log/line-count.ts';
import { createLineReader, lineCharacters } from '../../../../src/core/serve/web/log/lines.ts';
import { partBytes, partCount, partStart, type ReadLog } from '../../../../src/core/serve/web/log/parts.ts';
import { readWindow, type WindowRequest } from '../../../../src/core/serve/web/log/window.ts';

function logOf(
  text: string | Buffer,
  ended = true,
): { readonly read: ReadLog; readonly size: number; bytesRead(): number } {
  const content = Buffer.from(text);
  let bytesRead = 0;
  return {
    size: content.length,
    bytesRead: () => bytesRead,
    async read(_id, { offset, limit }) {
      const bytes = content.subarray(offset, offset + limit);
      bytesRead += bytes.length;
      return { offset, bytes, size: content.length, ended };
    },
  };
}

function numbered(lines: number): string {
  return Array.from({ length: lines }, (_, index) => `line ${index + 1} of many, with some text to fill it\n`).join('');
}

async function windowOf(text: string | Buffer, request: WindowRequest = {}, ended = true) {
  const log = logOf(text, ended);
  const window = await readWindow(log.read, createLineCounter(log.read), '1', request);
  if (window === undefined) throw new Error('no window');
  return { window, log };
}

const long = numbered(20_000);

describe('the window of a log', () => {
  test('shows a short log whole', async () => {
    const { window } = await windowOf('one\ntwo\n');
    expect(window).toMatchObject({ start: 0, end: 8, settled: 8, first: 0, last: 0, count: 1 });
    expect(window.lines.map(({ number, segments }) => [number, segments[0]?.text])).toEqual([
      [1, 'one'],
      [2, 'two'],
    ]);
  });

  test('shows the end of a long one, and reads little more than that', async () => {
    const { window, log } = await windowOf(long);
    expect(window.lines.at(-1)).toMatchObject({ number: 20_000 });
    expect(window.lines[0]?.segments[0]?.text).toBe(
      `line ${window.lines[0]?.number} of many, with some text to fill it`,
    );
    expect(window.end - window.start).toBeLessThan(3 * partBytes);
    expect(log.size).toBeGreaterThan(6 * partBytes);
  });

  test('its parts follow each other without a gap or an overlap', async () => {
    const numbers: number[] = [];
    const count = partCount(long.length);
    for (let part = 0; part < count; part++) {
      const { window } = await windowOf(long, { part });
      numbers.push(...window.lines.map(({ number }) => number).filter((number) => number > (numbers.at(-1) ?? 0)));
      expect(window.first).toBe(Math.min(part, count - 2));
    }
    expect(numbers).toEqual(Array.from({ length: 20_000 }, (_, index) => index + 1));
  });

  test.each([1, 2, 2345, 9_999, 19_999, 20_000])('finds line %i', async (line) => {
    const { window } = await windowOf(long, { line });
    expect(window.lines.find(({ number }) => number === line)?.segments[0]?.text).toBe(
      `line ${line} of many, with some text to fill it`,
    );
  });

  test('finds every line around the borders of the parts', async () => {
    const log = logOf(long);
    const counter = createLineCounter(log.read);
    for (let part = 1; part < partCount(log.size); part++) {
      const at = (await counter.before('1', await partStart(log.read, '1', part, log.size))) + 1;
      for (const line of [at - 1, at, at + 1]) {
        const window = await readWindow(log.read, counter, '1', { line });
        expect(window?.lines.some(({ number }) => number === line)).toBe(true);
      }
    }
  });

  test('a line or part that does not exist is the end', async () => {
    const { window } = await windowOf(long, { line: 1_000_000 });
    expect(window.lines.at(-1)?.number).toBe(20_000);
    expect((await windowOf(long, { part: 999 })).window.last).toBe(partCount(long.length) - 1);
  });

  test('a log of one endless line is shown in pieces, none inside a character', async () => {
    const endless = 'é'.repeat(3 * partBytes);
    const { window } = await windowOf(endless, { part: 1 });
    expect(window.lines).toHaveLength(1);
    expect(window.lines[0]?.number).toBe(1);
    const [text, cut] = window.lines[0]?.segments ?? [];
    expect(text?.text).toBe('é'.repeat(lineCharacters));
    expect(cut).toMatchObject({ classes: 'cut', text: expect.stringMatching(/\d+ more characters/) });
  });

  test('the unfinished line of a running log is shown, and followed from its start', async () => {
    const { window } = await windowOf('done\nhalf', {}, false);
    expect(window).toMatchObject({ settled: 5, end: 9 });
    expect(window.lines).toHaveLength(2);
  });

  test('an empty log has no lines', async () => {
    expect((await windowOf('')).window).toMatchObject({ lines: [], start: 0, end: 0, count: 1 });
  });

  test('colours that began before the part are still on', async () => {
    const lines = Array.from({ length: 40_000 }, (_, index) => `${index % 100 === 0 ? '\x1b[31m' : ''}red line\n`);
    const { window } = await windowOf(lines.join(''));
    const [first] = window.lines;
    expect(first?.number).toBeGreaterThan(1);
    expect((first?.number ?? 0) % 100).not.toBe(1);
    expect(first?.segments).toEqual([{ text: 'red line', classes: 'f1' }]);
  });
});

describe('the counter of lines', () => {
  test('reads a log once, however often it is asked', async () => {
    const log = logOf(long);
    const counter = createLineCounter(log.read);
    expect(await counter.before('1', log.size)).toBe(20_000);
    const once = log.bytesRead();
    expect(await counter.before('1', log.size)).toBe(20_000);
    expect(log.bytesRead() - once).toBeLessThan(256 * 1024);
  });

  test('forgets the logs that were asked for longest ago', async () => {
    const log = logOf(long);
    const counter = createLineCounter(log.read, 2);
    for (const id of ['1', '2', '3', '1']) expect(await counter.before(id, log.size)).toBe(20_000);
  });
});

describe('lines', () => {
  test('a secret is hidden also where a colour begins inside the line', () => {
    new Secret('canary-5f2e');
    const [line] = createLineReader(1, Buffer.alloc(0)).read(Buffer.from('token canary-5f2e \x1b[31mend\n'));
    expect(line?.segments.map(({ text }) => text)).toEqual(['token [secret] ', 'end']);
  });

  test('looking ahead changes nothing', () => {
    const reader = createLineReader(7, Buffer.alloc(0));
    expect(reader.peek(Buffer.from('\x1b[31mhalf'))).toEqual([
      { number: 7, segments: [{ text: 'half', classes: 'f1' }] },
    ]);
    expect(reader.read(Buffer.from('whole\nnext\n')).map(({ number }) => number)).toEqual([7, 8]);
    expect(reader.peek(Buffer.from('x'))).toEqual([{ number: 9, segments: [{ text: 'x', classes: '' }] }]);
  });

  test('bytes that are no UTF-8 are shown as such', () => {
    const [line] = createLineReader(1, Buffer.alloc(0)).read(Buffer.from([0x61, 0xff, 0xfe, 0x62, 0x0a]));
    expect(line?.segments[0]?.text).toBe('a\ufffd\ufffdb');
  });
});
