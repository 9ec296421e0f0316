import { describe, expect, test } from 'vitest';
import { readableBody, readableHeaders } from '../../../../src/core/serve/web/delivery-body.ts';

test('headers that prove who sent a delivery are not shown', () => {
  const headers = {
    'x-hub-signature-256': 'sha256=00',
    'x-gitlab-token': 'token',
    authorization: 'Basic x',
    cookie: 'a=b',
    'x-gitea-signature': '00',
    'webhook-signature': 'v1,xx',
    'x-api-key': 'k',
    accept: '*/*',
  };
  const shown = readableHeaders(headers);
  expect(shown.filter(([, value]) => value !== '[redacted]')).toEqual([['accept', '*/*']]);
  expect(shown.map(([name]) => name)).toEqual(Object.keys(headers).sort());
});

describe('a body', () => {
  test.each([
    ['is laid out', '{"a":[1]}', '{\n  "a": [\n    1\n  ]\n}'],
    ['of a form too', `payload=${encodeURIComponent('{"a":"b c"}')}`, '{\n  "a": "b c"\n}'],
    ['that is no JSON stays as it is', 'not json', 'not json'],
    ['may be empty', '', ''],
  ])('%s', (_what, body, expected) => {
    expect(readableBody(Buffer.from(body))).toBe(expected);
  });

  test('of 25 MB is cut', () => {
    const text = readableBody(Buffer.alloc(25_000_000, 'a'));
    expect(text.length).toBeLessThan(300_000);
    expect(text).toMatch(/the rest is in the download$/);
  });

  test('that becomes long when it is laid out is cut too', () => {
    const text = readableBody(Buffer.from(JSON.stringify(Array.from({ length: 100_000 }, () => 1))));
    expect(text.length).toBeLessThan(300_000);
  });
});
