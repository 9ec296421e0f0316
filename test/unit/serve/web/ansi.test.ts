import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { nearestColour, paletteHex } from '../../../../src/core/serve/web/ansi/palette.ts';
import { styleLine } from '../../../../src/core/serve/web/ansi/segments.ts';
import { plainStyle } from '../../../../src/core/serve/web/ansi/style.ts';

function segments(line: string): readonly (readonly [string, string])[] {
  return styleLine(line, plainStyle).segments.map(({ text, classes }) => [text, classes] as const);
}

function textOf(line: string): string {
  return segments(line)
    .map(([text]) => text)
    .join('');
}

describe('colours', () => {
  test.each([
    [
      '\x1b[31mred\x1b[0m plain',
      [
        ['red', 'f1'],
        [' plain', ''],
      ],
    ],
    [
      '\x1b[1;4;92mloud\x1b[22m thin',
      [
        ['loud', 'f10 b u'],
        [' thin', 'f10 u'],
      ],
    ],
    ['\x1b[38;5;141mviolet\x1b[39m', [['violet', 'f141']]],
    ['\x1b[48:5:22mback\x1b[m', [['back', 'g22']]],
    ['\x1b[38;2;255;0;0mtrue', [['true', 'f196']]],
    ['\x1b[38:2::0:0:255mtrue', [['true', 'f21']]],
    ['\x1b[38:2:0:0:255mtrue', [['true', 'f21']]],
    ['\x1b[7mturned', [['turned', 'fi gi']]],
    ['\x1b[31;44;7mturned', [['turned', 'f4 g1']]],
    ['\x1b[58;5;3;1mbold', [['bold', 'b']]],
    [
      '\x1b[4:3mcurly\x1b[4:0m no',
      [
        ['curly', 'u'],
        [' no', ''],
      ],
    ],
    // What xterm reads as nothing must not become something: too large, too short, unknown.
    ['\x1b[38;5;256mx\x1b[38;5mx\x1b[38mx\x1b[999mx\x1b[38;2;1;2mx', [['xxxxx', '']]],
  ])('%j', (line, expected) => {
    expect(segments(line)).toEqual(expected);
  });

  test('go on in the next line until they are reset', () => {
    const { style } = styleLine('\x1b[1;35mfirst', plainStyle);
    expect(styleLine('second\x1b[0m', style).segments).toEqual([{ text: 'second', classes: 'f5 b' }]);
  });

  test('true colours find the nearest of the palette', () => {
    fc.assert(
      fc.property(fc.integer({ min: 16, max: 255 }), (index) => {
        const [red, green, blue] = [0, 2, 4].map((at) => Number.parseInt(paletteHex(index).slice(at, at + 2), 16));
        expect(paletteHex(nearestColour(red ?? 0, green ?? 0, blue ?? 0))).toBe(paletteHex(index));
      }),
    );
  });
});

describe('what a terminal would obey', () => {
  test.each([
    ['window titles', '\x1b]0;owned\x07text', 'text'],
    ['links keep their text', '\x1b]8;;javascript:alert(1)\x1b\\click\x1b]8;;\x1b\\', 'click'],
    ['cursor movements and erasures', '\x1b[2J\x1b[1;1Hhome\x1b[K\x1b[?25l', 'home'],
    ['device control strings', '\x1bP$q"p\x1b\\text', 'text'],
    ['an unterminated string ends with its line', 'before\x1b]52;c;ZXZpbA==', 'before'],
    ['one that the next sequence ends', '\x1b]0;title\x1b[31mtext', 'text'],
    ['8-bit controls', '\u009b31mred\u009d0;title\u009c!', 'red!'],
    ['bells, backspaces and other controls', 'a\x07b\bc\x00d\x7fe', 'abcde'],
    ['a lone escape at the end', 'text\x1b', 'text'],
    ['marks that turn the direction are shown', 'a\u202eb', 'a\ufffdb'],
  ])('%s', (_what, line, expected) => {
    expect(textOf(line)).toBe(expected);
  });

  test('nothing but text is left of any line', () => {
    const parts = fc.constantFrom(
      '\x1b',
      '[',
      ']',
      '0',
      '3',
      '8',
      ';',
      ':',
      'm',
      'K',
      '\x07',
      '\\',
      '\r',
      '<',
      'é',
      '\u009b',
      '\u202e',
    );
    fc.assert(
      fc.property(fc.array(fc.oneof(parts, fc.string())), (pieces) => {
        const text = textOf(pieces.join('').replaceAll('\n', ''));
        // biome-ignore lint/suspicious/noControlCharactersInRegex: these must be gone
        expect(text).not.toMatch(/[\x00-\x08\x0a-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]/);
      }),
      { numRuns: 500 },
    );
  });

  test('costs time in proportion to its length', () => {
    // Half a megabyte of each: anything quadratic would run into the time limit of the test.
    for (const piece of ['\r', '\x1b[', '\x1b]', '\x1b[1;', '1;', '\x1bP\x1b'])
      expect(textOf(`\x1b[${piece.repeat(500_000)}\x07text`)).toMatch(/text$/);
  });
});

describe('progress bars', () => {
  test.each([
    ['10%\r50%\r100%', '100%'],
    ['windows\r', 'windows'],
    ['100%\r\r', '100%'],
    ['\x1b[32m10%\r100%', '100%'],
  ])('%j is %j', (line, expected) => {
    expect(textOf(line)).toBe(expected);
  });

  test('keep the colour that an earlier drawing set', () => {
    expect(segments('\x1b[32m10%\r100%')).toEqual([['100%', 'f2']]);
  });
});
