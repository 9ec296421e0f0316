import { expect, test } from 'vitest';
import { parseListen } from '../../../../src/core/serve/http/listen-address.ts';

test.each([
  ['127.0.0.1:8080', { kind: 'tcp', host: '127.0.0.1', port: 8080 }],
  [':80', { kind: 'tcp', host: undefined, port: 80 }],
  ['[::1]:0', { kind: 'tcp', host: '::1', port: 0 }],
  ['localhost:9', { kind: 'tcp', host: 'localhost', port: 9 }],
  ['unix:/run/sluice.sock', { kind: 'unix', path: '/run/sluice.sock' }],
])('%s', (text, expected) => {
  expect(parseListen(text)).toEqual(expected);
});

test.each(['', '8080', 'host', 'host:', 'host:65536', 'unix:relative', '::1:80', 'a b:80', 'http://host:80'])(
  '%j is refused',
  (text) => {
    expect(() => parseListen(text)).toThrow(`cannot listen on ${JSON.stringify(text)}`);
  },
);
