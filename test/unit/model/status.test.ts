import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { cutDescription, plainLine, withoutAstral } from '../../../src/core/model/status.ts';

describe('cutDescription', () => {
  test.each([
    ['short', 10, 'short'],
    ['exactly 10', 10, 'exactly 10'],
    ['exactly 11!', 10, 'exactly 1…'],
    ['two words are', 5, 'two…'],
    ['🚀🚀🚀', 6, '🚀🚀🚀'],
    ['🚀🚀🚀🚀', 6, '🚀🚀…'],
    ['x🚀🚀🚀', 6, 'x🚀🚀…'],
    ['👩‍👩‍👧‍👦!', 8, '…'],
    ['e\u0301e\u0301e\u0301', 5, 'e\u0301e\u0301…'],
    ['  a\n\tb  ', 10, 'a b'],
    ['', 10, ''],
  ])('%j at %d is %j', (text, limit, cut) => {
    expect(cutDescription(text, limit)).toBe(cut);
  });

  test('any text: well-formed, within the limit, a whole line or whole graphemes of it', () => {
    const graphemes = (text: string) => Array.from(new Intl.Segmenter('en').segment(text), ({ segment }) => segment);
    const texts = fc.string({
      unit: fc.constantFrom('a', ' ', '\n', 'ü', '🚀', '\u200d', '\u0301', '🇪', '🇺', '\ud83d', '\u202e'),
    });
    fc.assert(
      fc.property(texts, fc.integer({ min: 1, max: 20 }), (text, limit) => {
        const cut = cutDescription(text, limit);
        expect(cut.isWellFormed()).toBe(true);
        expect(cut.length).toBeLessThanOrEqual(limit);
        const line = plainLine(text);
        if (line.length <= limit) {
          expect(cut).toBe(line);
          return;
        }
        const kept = graphemes(cut.slice(0, -1));
        expect(cut.endsWith('…')).toBe(true);
        expect(graphemes(line).slice(0, kept.length)).toEqual(kept);
      }),
    );
  });

  test('a long text takes no long time', () => {
    expect(cutDescription('e\u0301 '.repeat(1_000_000), 140).length).toBeLessThanOrEqual(140);
    expect(cutDescription(' '.repeat(3_000_000), 140)).toBe('');
  });
});

test.each([
  ['done ✅ ünï', 'done ✅ ünï'],
  ['🐛 fix 👩‍👩‍👧‍👦 it ❤️‍🔥', ' fix  it '],
  ['𠜎', ''],
])('%j without what lies beyond the Basic Multilingual Plane is %j', (text, kept) => {
  expect(withoutAstral(text)).toBe(kept);
});
