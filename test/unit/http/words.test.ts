import { expect, test } from 'vitest';
import { isWebPage, oneLine, wordsOf } from '../../../src/core/http/words.ts';
import { Secret } from '../../../src/core/secret.ts';

const json = { 'content-type': 'application/json' };

test.each<[unknown, string | undefined]>([
  [{ message: 'Not Found', documentation_url: 'https://x' }, 'Not Found'],
  [
    {
      message: 'Validation Failed',
      errors: [{ resource: 'Repository', field: 'name', code: 'custom', message: 'name already exists' }],
    },
    'Validation Failed; name already exists',
  ],
  [
    { message: 'Validation Failed', errors: [{ resource: 'Hook', code: 'missing_field', field: 'url' }] },
    'Validation Failed; Hook url missing_field',
  ],
  [
    { message: { path: ['has already been taken'], name: ['is too long'] } },
    'path has already been taken; name is too long',
  ],
  [{ error: 'invalid_token', error_description: 'Token was revoked.' }, 'invalid_token; Token was revoked.'],
  [
    { type: 'error', error: { message: 'Repository acme/x not found', detail: 'Look again' } },
    'Repository acme/x not found; Look again',
  ],
  [
    { errors: [{ context: null, message: 'Project ACME does not exist.', exceptionName: 'x' }] },
    'Project ACME does not exist.',
  ],
  [{ message: 'a', errors: ['a', 'b'] }, 'a; b'],
  ['plain', 'plain'],
  [[], undefined],
  [null, undefined],
  [{ message: '' }, undefined],
])('%j', (body, words) => {
  expect(wordsOf({ headers: json, text: JSON.stringify(body) })).toBe(words);
});

test('text that is not JSON is taken as it is, pages and nothing are not', () => {
  expect(wordsOf({ headers: {}, text: 'upstream\r\nconnect error' })).toBe('upstream connect error');
  expect(wordsOf({ headers: {}, text: '' })).toBeUndefined();
  expect(wordsOf({ headers: { 'content-type': 'text/html' }, text: 'Bad Gateway' })).toBeUndefined();
  expect(wordsOf({ headers: {}, text: ' <!DOCTYPE html>' })).toBeUndefined();
});

test('a page is known by its type or its look', () => {
  expect(isWebPage({ headers: { 'content-type': 'application/xhtml+xml' }, text: '' })).toBe(true);
  expect(isWebPage({ headers: json, text: '{"a":"<"}' })).toBe(false);
});

test('one line: no control characters, no secrets, not too long', () => {
  const secret = new Secret('canary-9f8e7d6c');
  expect(oneLine(` a\u001b[31m\n\tb\u0000${secret.reveal()} `)).toBe('a [31m b [secret]');
  expect(oneLine('x'.repeat(10_000)).length).toBe(300);
  // The cut may not leave half of a secret behind.
  expect(oneLine(`${'x'.repeat(290)}${secret.reveal()}`)).not.toContain('canary');
});
