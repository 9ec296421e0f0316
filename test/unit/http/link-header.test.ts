import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { nextByLink, nextPath, parseLinkHeader } from '../../../src/core/http/link-header.ts';

const base = 'https://api.example.org/api/v3';

describe('parseLinkHeader', () => {
  test.each<[string, Record<string, string>]>([
    ['', {}],
    ['<https://a.example/?page=2>; rel="next"', { next: 'https://a.example/?page=2' }],
    [
      '<https://a.example/?page=1>; rel="prev", <https://a.example/?page=3>; rel="next", <https://a.example/?page=9>; rel="last"',
      { prev: 'https://a.example/?page=1', next: 'https://a.example/?page=3', last: 'https://a.example/?page=9' },
    ],
    ['<https://a.example/?q=a,b;c>; rel=next', { next: 'https://a.example/?q=a,b;c' }],
    ['<x>;title="a, <y>; rel=\\"next\\"" ; REL="Next last"', { next: 'x', last: 'x' }],
    ['<x>; rel="next", <y>; rel="next"', { next: 'x' }],
    ['<x>', {}],
    ['x; rel="next"', {}],
    ['<x; rel="next"', {}],
  ])('%j', (header, links) => {
    expect(Object.fromEntries(parseLinkHeader(header))).toEqual(links);
  });

  test('any text is survived, and quickly', () => {
    fc.assert(
      fc.property(fc.string({ unit: fc.constantFrom(...'<>;="\\ ,relnxt') }), (text) => void parseLinkHeader(text)),
    );
    // A pattern that backtracks would take hours over these.
    for (const part of ['<x>; ', '<x>;a=', '<x>;a="b";', '<']) parseLinkHeader(part.repeat(20_000));
  });
});

describe('the next page', () => {
  const next = nextByLink(base);
  const request = { path: '/x', decode: () => undefined, purpose: 'list' };
  const answer = (link: string) => ({ status: 200, headers: { link }, value: [], refusal: undefined });

  test('is a path below the base, with its query', () => {
    const link = `<${base}/repositories/1/pulls?page=2&x=a%2Fb>; rel="next"`;
    expect(next(answer(link), request)).toEqual({ path: '/repositories/1/pulls?page=2&x=a%2Fb' });
    expect(next(answer('<?page=2>; rel="last"'), request)).toBeUndefined();
    expect(next({ ...answer(''), headers: {} }, request)).toBeUndefined();
  });

  test('a page without a body is not taken for the last one', () => {
    const link = `<${base}/x?page=2>; rel="next"`;
    for (const page of [answer(link), answer('')]) {
      expect(() => next({ ...page, value: undefined }, request)).toThrow(
        expect.objectContaining({ code: 'unavailable' }),
      );
    }
  });

  test.each([
    'https://evil.example/api/v3/x',
    'http://api.example.org/api/v3/x',
    'https://api.example.org:8443/api/v3/x',
    'https://user@api.example.org/api/v3/x',
    'https://api.example.org/api/v4/x',
    'https://api.example.org/api/v3/../../login',
    'https://api.example.org/api/v3evil',
    '//evil.example/api/v3/x',
    'javascript:alert(1)',
    'https://',
  ])('%s leads away', (url) => {
    expect(() => nextPath(base, url)).toThrow(expect.objectContaining({ code: 'unavailable' }));
  });
});
