import { describe, expect, test } from 'vitest';
import type { ForgeTraits } from './traits.ts';
import { withCommit } from './with-commit.ts';

const graphemes = [
  ['emoji', '🚀'],
  ['a family', '👩‍👩‍👧‍👦'],
  ['a flag', '🇪🇺'],
  ['combining marks', 'e\u0301\u0323'],
] as const;

const hostileLines = [
  ['', ''],
  [' \n ', ''],
  ['two\r\nlines\u2028and\ta\0NUL', 'two lines and a NUL'],
  ['\u001b[31mred\u001b[0m', '[31mred [0m'],
  ['half \ud83d of a pair', 'half \ufffd of a pair'],
  ['\u202etxt.exe\u202c <b onclick="x">&amp;', 'txt.exe <b onclick="x">&amp;'],
] as const;

export function describeStatusTexts(traits: ForgeTraits): void {
  const { states, astral = true } = traits.statuses;

  describe('descriptions of commit statuses', () => {
    test('one that just fits stays whole, and a longer one ends in …', async () => {
      const { report, kept, app, statuses } = await withCommit(traits);
      const limit = statuses.descriptionLimit;
      await report({ description: 'ü'.repeat(limit) });
      expect(kept(app)).toMatchObject([{ description: 'ü'.repeat(limit) }]);
      await report({ description: 'ü'.repeat(limit + 1) });
      expect(kept(app)).toMatchObject([{ description: `${'ü'.repeat(limit - 1)}…` }]);
    });

    test.each(graphemes)('%s: never cut in the middle, wherever the limit falls', async (_, grapheme) => {
      const { report, kept, app, statuses } = await withCommit(traits);
      const refused = !astral && /[\u{10000}-\u{10FFFF}]/u.test(grapheme);
      for (const shift of [0, 1, 2, 3]) {
        await report({ description: 'x'.repeat(shift) + grapheme.repeat(1000) });
        const description = kept(app)[0]?.description ?? '';
        expect(description).toMatch(refused ? /^x*$/ : new RegExp(`^x*(${grapheme})+…$`, 'u'));
        expect(description.length).toBeLessThanOrEqual(statuses.descriptionLimit);
        if (!refused) expect(description.length).toBeGreaterThan(statuses.descriptionLimit - grapheme.length - 1);
      }
    });

    test('what could break a line, a database or a page of the forge', async () => {
      const { report, kept, app } = await withCommit(traits);
      for (const [given, description] of hostileLines) {
        await report({ description: given });
        expect(kept(app), given).toMatchObject([{ description }]);
      }
    });
  });

  describe('contexts of commit statuses', () => {
    test('whatever is one line of text is kept', async () => {
      const { report, kept, app } = await withCommit(traits);
      const contexts = ['ci/Test: "a" & b', 'sluice (ünï)', 'a/b/../c?d=e#f', '100%', 'with spaces', '__proto__'];
      for (const context of contexts) await report({ context });
      expect(kept(app).map(({ context }) => context)).toEqual(contexts);
    });

    test('long ones, and those with what the forge refuses, do not become one', async () => {
      const { report, kept, app, fake, sha } = await withCommit(traits);
      const contexts = ['a', 'b', '🚀', '🐛', '\ud83d'].map((end) => `${'x'.repeat(end.length > 1 ? 39 : 400)}${end}`);
      for (const context of contexts) await report({ context, state: 'pending' });
      for (const context of contexts) await report({ context });
      expect(kept(app).map(({ state }) => state)).toEqual(contexts.map(() => states.success));
      expect(fake.state.statuses.of(app, sha).every(({ context }) => context.length <= 255)).toBe(true);
    });

    test('one that names nothing is refused before anything is sent', async () => {
      const { report, fake } = await withCommit(traits);
      for (const context of ['', ' \n\u202e '])
        await expect(report({ context })).rejects.toMatchObject({ code: 'usage' });
      expect(fake.requests).toEqual([]);
    });
  });
}
