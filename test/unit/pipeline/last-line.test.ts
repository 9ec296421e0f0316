import { expect, test } from 'vitest';
import { lastLine } from '../../../src/core/pipeline/last-line.ts';
import { TailBuffer } from '../../../src/core/pipeline/tail-buffer.ts';
import { rememberSecret } from '../../../src/core/secret.ts';

test.each([
  ['one\ntwo\n\n  \n', 'two'],
  ['\u001b[31;1mred\u001b[0m \u001b]8;;http://x\u0007link\u001b]8;;\u0007\n', 'red link'],
  ['10%\r50%\r100%\r\n', '100%'],
  ['a\tb\u0007\u0000c', 'a bc'],
  ['pass\u202egnp.exe\u200b', 'passgnp.exe'],
  ['good\n\u001b[0m\n', 'good'],
  ['', ''],
  ['\n\n', ''],
])('%j ends with %j', (text, expected) => {
  expect(lastLine(Buffer.from(text))).toBe(expected);
});

test('bytes that are not UTF-8 are replaced, and a long line is cut between characters', () => {
  expect(lastLine(Buffer.from([0x61, 0xff, 0xfe, 0x62, 0x0a]))).toBe('a\ufffd\ufffdb');
  expect(lastLine(Buffer.from('😀'.repeat(2_000)))).toBe('😀'.repeat(1_000));
});

test('a known secret is blanked, also where the line is cut, and where colours hid it', () => {
  rememberSecret('hunter2-hunter2');
  expect(lastLine(Buffer.from(`${'x'.repeat(995)}hunter2-hunter2`))).toBe(`${'x'.repeat(995)}[secr`);
  expect(lastLine(Buffer.from('token hunter2-\u001b[0mhun\u200bter2'))).toBe('token [secret]');
});

test('TailBuffer keeps exactly the last bytes, however they come', () => {
  const all = Buffer.from(Array.from({ length: 1_000 }, (_, at) => at % 251));
  for (const step of [1, 3, 7, 16, 17, 100, 1_000]) {
    const tail = new TailBuffer(16);
    for (let at = 0; at < all.length; at += step) {
      tail.push(all.subarray(at, at + step));
      const end = Math.min(at + step, all.length);
      expect(tail.last()).toEqual(all.subarray(Math.max(0, end - 16), end));
    }
    expect(tail.last(5)).toEqual(all.subarray(-5));
  }
});
