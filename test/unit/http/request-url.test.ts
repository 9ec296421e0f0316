import { describe, expect, test } from 'vitest';
import { parseBaseUrl, requestUrl } from '../../../src/core/http/request-url.ts';

describe('the base', () => {
  test.each(['', 'api.example.org', 'ftp://x', 'https://user:pw-canary@x', 'https://x/?a', 'https://x/#a'])(
    '%j',
    (text) => {
      expect(() => parseBaseUrl(text)).toThrow(
        expect.objectContaining({ code: 'config', message: expect.not.stringContaining('canary') }),
      );
    },
  );
});

describe('a request', () => {
  test.each([
    ['https://x.example/', '/a/b', 'https://x.example/a/b'],
    ['https://x.example/api/v3/', '/a?page=2', 'https://x.example/api/v3/a?page=2'],
    ['https://x.example', '/a%2Fb/%20', 'https://x.example/a%2Fb/%20'],
  ])('%s and %s', (base, path, url) => {
    expect(requestUrl(parseBaseUrl(base), { path }).href).toBe(url);
  });

  test('parameters are encoded, those without a value left out', () => {
    const query = { q: 'a&b=c', page: 2, all: false, none: undefined };
    expect(requestUrl(parseBaseUrl('https://x.example'), { path: '/a', query }).search).toBe(
      '?q=a%26b%3Dc&page=2&all=false',
    );
  });

  test.each([
    '',
    'a',
    '@evil.example/',
    '.evil.example/a',
    '/../a',
    '/a/../../b',
    '/a/%2e%2E/b',
    '/a/.%2e',
    '/./a',
    ':8080/a',
  ])('%j is refused', (path) => {
    const base = parseBaseUrl('https://x.example/api');
    expect(() => requestUrl(base, { path })).toThrow(expect.objectContaining({ code: 'usage' }));
  });
});
