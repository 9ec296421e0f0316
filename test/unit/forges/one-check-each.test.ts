import { expect, test } from 'vitest';
import { type ListedCheck, oneCheckEach } from '../../../src/core/forges/one-check-each.ts';
import type { CheckState } from '../../../src/core/model/check.ts';

function listed(order: number, group: string, state: CheckState, withdrawn = false, app?: string): ListedCheck {
  const check = { name: 'build', app, repo: 'acme/app', sha: 'a'.repeat(40), state, url: undefined };
  return { check, order, group, withdrawn };
}

const states = (all: readonly ListedCheck[]) => oneCheckEach(all).map(({ state }) => state);

test('the latest of a group, in whatever order they are listed', () => {
  expect(states([listed(1, 'a', 'failure'), listed(2, 'a', 'success')])).toEqual(['success']);
  expect(states([listed(2, 'a', 'success'), listed(1, 'a', 'failure')])).toEqual(['success']);
});

test.each<[CheckState, CheckState, CheckState]>([
  ['success', 'failure', 'failure'],
  ['pending', 'success', 'pending'],
  ['pending', 'failure', 'failure'],
  ['skipped', 'success', 'skipped'],
  ['neutral', 'success', 'neutral'],
  ['success', 'success', 'success'],
])('%s beside %s is %s', (one, other, expected) => {
  expect(states([listed(1, 'a', one), listed(2, 'b', other)])).toEqual([expected]);
  expect(states([listed(2, 'a', one), listed(1, 'b', other)])).toEqual([expected]);
});

test('one that was withdrawn gives way to a newer one only', () => {
  expect(states([listed(1, 'a', 'failure', true), listed(2, 'b', 'success')])).toEqual(['success']);
  expect(states([listed(2, 'a', 'failure', true), listed(1, 'b', 'success')])).toEqual(['failure']);
  expect(states([listed(1, 'a', 'failure', true)])).toEqual(['failure']);
});

test('another app’s is another one', () => {
  const all = [listed(1, 'a', 'success', false, 'x'), listed(2, 'a', 'failure', false, 'y'), listed(3, 'a', 'failure')];
  expect(oneCheckEach(all).map(({ app, state }) => [app, state])).toEqual([
    ['x', 'success'],
    ['y', 'failure'],
    [undefined, 'failure'],
  ]);
});
