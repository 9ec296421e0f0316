import { describe, expect, test } from 'vitest';
import { mostPublishedBytes, publishedText } from '../../../src/core/git/published-text.ts';

describe('text to be published', () => {
  test.each([
    ['', ''],
    ['\n \u0007\n', ''],
    ['a\r\nb\rc', 'a\nb\nc\n'],
    ['\tkept\u202Eflipped\u0085', '\tkeptflipped\n'],
    ['lone \uD800', 'lone \uFFFD\n'],
    ['\u{1F468}\u200D\u{1F469}', '\u{1F468}\u200D\u{1F469}\n'],
  ])('%j is %j', (text, published) => {
    expect(publishedText(text)).toBe(published);
  });

  test('is cut at 64 KB, between characters, and then stays as it is', () => {
    for (const lead of ['', 'a', 'ab', 'abc']) {
      const cut = publishedText(lead + '\u{1F600}'.repeat(20_000));
      expect(Buffer.byteLength(cut)).toBeLessThanOrEqual(mostPublishedBytes);
      expect(cut).not.toContain('\uFFFD');
      expect(publishedText(cut)).toBe(cut);
    }
  });
});
