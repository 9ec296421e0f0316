import { describe, expect, test } from 'vitest';
import { fitContext, fitStatus } from '../../../src/core/forges/fit-status.ts';
import type { CommitStatus } from '../../../src/core/model/status.ts';
import { rememberSecret } from '../../../src/core/secret.ts';

const sha = '131cb13f4aed12e725177bc4b7c28db67839bf9f';
const limits = { description: 20, context: 30, targetUrl: 40 };
const status: CommitStatus = { sha, state: 'success', context: 'ci', description: 'fine' };

describe('fitStatus', () => {
  test('leaves alone what fits', () => {
    const whole: CommitStatus = { ...status, targetUrl: 'https://ci.example.org/1?a=b#c', ref: 'refs/heads/main' };
    expect(fitStatus(whole, limits)).toEqual(whole);
  });

  test('cuts, leaves out, and writes ids in lower case', () => {
    const long = {
      ...status,
      sha: sha.toUpperCase(),
      description: 'x'.repeat(21),
      targetUrl: `https://${'x'.repeat(40)}/`,
    };
    expect(fitStatus(long, limits)).toEqual({ ...status, description: `${'x'.repeat(19)}…` });
  });

  test('a secret at the cut does not leave its first half', () => {
    rememberSecret('canary-0123456789');
    const { description } = fitStatus({ ...status, description: 'token: canary-0123456789' }, limits);
    expect(description).toBe('token: [secret]');
  });

  test('braces in a URL are no template of the forge', () => {
    const targetUrl = 'https://ci.example.org/{a}?b={c}';
    expect(fitStatus({ ...status, targetUrl }, limits).targetUrl).toBe('https://ci.example.org/%7Ba%7D?b=%7Bc%7D');
  });

  test('a SHA-256 id is a full one', () => {
    expect(fitStatus({ ...status, sha: 'ab'.repeat(32) }, limits).sha).toBe('ab'.repeat(32));
  });
});

describe('fitContext', () => {
  test('is the same for the same text, and another for another one', () => {
    const long = 'a very long name of a pipeline';
    const [a, b] = [fitContext(`${long} a`, limits), fitContext(`${long} b`, limits)];
    expect(a).toBe(fitContext(`${long} a`, limits));
    expect(a).not.toBe(b);
    expect(a).toMatch(/^a very long name-[0-9a-f]{12}$/);
    expect(fitContext(long, limits)).toBe(long);
  });

  test('never is longer than allowed', () => {
    for (let length = 1; length <= 40; length += 1) {
      for (const end of ['', '🚀', '…']) {
        const context = fitContext('x'.repeat(length) + end, { context: 30, noAstral: true });
        expect(context.length).toBeLessThanOrEqual(30);
      }
    }
  });

  test('tells apart what has lost its emoji', () => {
    const plain = { context: 30, noAstral: true };
    expect(fitContext('🚀 ship', plain)).toMatch(/^ship-[0-9a-f]{12}$/);
    expect(fitContext('🚀', plain)).toMatch(/^[0-9a-f]{12}$/);
    expect(fitContext('🐛', plain)).not.toBe(fitContext('🚀', plain));
  });
});
