import { expect, test } from 'vitest';
import { nextPageNumber } from '../../../src/core/forges/page-number.ts';
import type { ApiRequest } from '../../../src/core/http/client.ts';

const request: ApiRequest<readonly unknown[]> = {
  path: '/list',
  query: { state: 'open', page: 2 },
  decode: () => [],
  purpose: 'list',
};

function next(headers: Record<string, string>, items = 3): unknown {
  return nextPageNumber({ status: 200, headers, value: Array.from({ length: items }), refusal: undefined }, request);
}

const third = { path: '/list', query: { state: 'open', page: 3 } };

test('takes the number from either header and never the address', () => {
  expect(next({ 'x-next-page': '3' })).toEqual(third);
  expect(
    next({ link: '<http://wrong.example/elsewhere?limit=3&page=3>; rel="next",<http://x/?page=9>; rel="last"' }),
  ).toEqual(third);
});

test('ends where a header says so', () => {
  expect(next({ 'x-next-page': '' })).toBeUndefined();
  expect(next({ link: '<http://x/?page=1>; rel="first",<http://x/?page=1>; rel="prev"' })).toBeUndefined();
  expect(next({ 'x-total-count': '3' })).toBeUndefined();
  expect(next({ 'x-total': '2' })).toBeUndefined();
});

test('goes on to an empty page when no header says anything', () => {
  expect(next({})).toEqual(third);
  expect(next({ 'x-total-count': '50' })).toEqual(third);
  expect(next({}, 0)).toBeUndefined();
});

test('a body that is missing is not an empty page', () => {
  const empty = { status: 200, headers: {}, value: undefined, refusal: undefined };
  expect(() => nextPageNumber(empty, request)).toThrow(expect.objectContaining({ code: 'unavailable' }));
});
