import { expect, test } from 'vitest';
import { eachOnce } from '../../../src/core/forges/each-once.ts';
import type { Change } from '../../../src/core/model/change.ts';

function change(number: number, title: string): Change {
  const side = { repo: 'acme/app', branch: 'b', sha: undefined };
  return { number, title, state: 'open', draft: false, author: 'ada', url: '', head: side, base: side, internal: true };
}

test('ascending by number, and what came twice counts as it was seen last', () => {
  const seen = eachOnce([change(10, 'ten'), change(2, 'old'), change(2, 'new')]);
  expect(seen.map(({ number, title }) => [number, title])).toEqual([
    [2, 'new'],
    [10, 'ten'],
  ]);
});
