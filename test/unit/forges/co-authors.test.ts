import { expect, test } from 'vitest';
import { coAuthorsOf } from '../../../src/core/forges/co-authors.ts';

test.each([
  ['one', 'Fix\n\nCo-authored-by: Ada L <ada@mail.example>', [['Ada L', 'ada@mail.example']]],
  [
    'two, in any case, with other trailers',
    'Fix\r\n\r\nco-authored-by: A <a@x>\r\nSigned-off-by: C <c@x>\r\nCO-AUTHORED-BY:  B  <b@x> ',
    [
      ['A', 'a@x'],
      ['B', 'b@x'],
    ],
  ],
  ['without a name', 'Fix\n\nCo-authored-by: <a@x>', [['', 'a@x']]],
  ['in the middle of a line', 'He said Co-authored-by: A <a@x>', []],
  ['without an address', 'Co-authored-by: A', []],
])('%s', (_, message, expected) => {
  expect(coAuthorsOf(message).map(({ name, email }) => [name, email])).toEqual(expected);
});

test('a long line costs no time', () => {
  // A pattern that tries every split of the spaces would not come back.
  for (const text of [' ', '<', '\t <', 'Co-authored-by: ']) {
    expect(coAuthorsOf(`Co-authored-by:${text.repeat(100_000)}x`)).toEqual([]);
  }
});
