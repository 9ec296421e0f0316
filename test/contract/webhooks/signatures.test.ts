import { createHmac } from 'node:crypto';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { webhooks as bitbucket } from '../../../src/core/forges/bitbucket/webhooks.ts';
import { webhooksRole as datacenterRole } from '../../../src/core/forges/bitbucket-datacenter/webhooks.ts';
import type { ForgeType } from '../../../src/core/forges/forge.ts';
import { webhooks as gitea } from '../../../src/core/forges/gitea/webhooks.ts';
import { webhooks as github } from '../../../src/core/forges/github/webhooks.ts';
import { webhooks as gitlab } from '../../../src/core/forges/gitlab/webhooks.ts';
import type { WebhooksRole } from '../../../src/core/forges/webhooks-role.ts';
import { Secret } from '../../../src/core/secret.ts';
import { headersOf } from '../../support/deliveries/sign.ts';

const roles: Readonly<Record<ForgeType, WebhooksRole>> = {
  github,
  gitlab,
  gitea,
  bitbucket,
  'bitbucket-datacenter': datacenterRole('https://forge.example'),
};
const types = Object.keys(roles) as ForgeType[];

describe.each(types)('the signature of %s', (type) => {
  const role = roles[type];

  test('is right for the bytes and one of the secrets only', () => {
    const bytes = fc.uint8Array({ maxLength: 200 });
    const secret = fc.string({ minLength: 1, maxLength: 40 });
    fc.assert(
      fc.property(bytes, secret, secret, fc.nat(), (body, right, wrong, at) => {
        const headers = headersOf(type, 'e', 'g', body, right);
        expect(role.isAuthentic(headers, body, [new Secret(right)])).toBe(true);
        expect(role.isAuthentic(headers, body, [new Secret(wrong), new Secret(right)])).toBe(true);
        expect(role.isAuthentic(headers, body, [])).toBe(false);
        if (wrong !== right) expect(role.isAuthentic(headers, body, [new Secret(wrong)])).toBe(false);
        // GitLab's secret token says nothing about the body.
        if (type === 'gitlab' || body.length === 0) return;
        const other = Uint8Array.from(body, (byte, index) => (index === at % body.length ? byte ^ 1 : byte));
        expect(role.isAuthentic(headers, other, [new Secret(right)])).toBe(false);
      }),
    );
  });

  test('is refused in every weaker form', () => {
    const body = Buffer.from('{}');
    const secret = new Secret('s3cret');
    const good = headersOf(type, 'e', 'g', body, 's3cret');
    for (const name of Object.keys(good).filter((header) => /signature|token/.test(header))) {
      const value = good[name] ?? '';
      const sha1 = createHmac('sha1', 's3cret').update(body).digest('hex');
      const weaker = [
        '',
        ' ',
        'sha256=',
        `sha1=${sha1}`,
        sha1,
        value.slice(0, -1),
        `${value}0`,
        `${value.replace('sha256=', 'sha512=')}x`,
      ];
      for (const bad of weaker) {
        const headers = { 'x-hub-signature': `sha1=${sha1}`, ...omitSignatures(good), [name]: bad };
        expect(role.isAuthentic(headers, body, [secret]), `${name}: ${bad}`).toBe(false);
      }
    }
    expect(role.isAuthentic(omitSignatures(good), body, [secret])).toBe(false);
  });

  test('an empty secret authenticates nothing', () => {
    const body = Buffer.from('{}');
    expect(role.isAuthentic(headersOf(type, 'e', 'g', body, ''), body, [new Secret('')])).toBe(false);
  });
});

function omitSignatures(headers: Readonly<Record<string, string>>): Readonly<Record<string, string>> {
  return Object.fromEntries(Object.entries(headers).filter(([name]) => !/signature|token/.test(name)));
}

describe('published vectors and quirks', () => {
  test("GitHub's own example", () => {
    const body = Buffer.from('Hello, World!');
    const signature = 'sha256=757107ea0eb2509fc211221cce984b8a37570b6d7586c22c46f4379c8b043e17';
    const secrets = [new Secret("It's a Secret to Everybody")];
    expect(github.isAuthentic({ 'x-hub-signature-256': signature }, body, secrets)).toBe(true);
    expect(github.isAuthentic({ 'x-hub-signature-256': signature.slice(7) }, body, secrets)).toBe(false);
  });

  test("GitLab's signing token signs id, time and body as Standard Webhooks says", () => {
    // The example of the specification's own libraries.
    const token = new Secret('whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw');
    const body = Buffer.from('{"test": 2432232314}');
    const headers = {
      'x-gitlab-event': 'Push Hook',
      'webhook-id': 'msg_p5jXN8AQM9LWM0D4loKWxJek',
      'webhook-timestamp': '1614265330',
      'webhook-signature': 'v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=',
    };
    expect(gitlab.isAuthentic(headers, body, [token])).toBe(true);
    expect(
      gitlab.isAuthentic({ ...headers, 'webhook-signature': `v1,AAAA ${headers['webhook-signature']}` }, body, [token]),
    ).toBe(true);
    for (const changed of [
      { 'webhook-id': 'msg_other' },
      { 'webhook-timestamp': '1614265331' },
      { 'webhook-signature': 'v1,' },
      { 'webhook-signature': headers['webhook-signature'].replace('v1', 'v2') },
    ]) {
      expect(gitlab.isAuthentic({ ...headers, ...changed }, body, [token])).toBe(false);
    }
    // The token itself, sent in the open, is no proof; and a wrong signature is not saved by a right secret token.
    expect(gitlab.isAuthentic({ 'x-gitlab-token': token.reveal() }, body, [token])).toBe(false);
    const both = { ...headers, 'webhook-signature': 'v1,AAAA', 'x-gitlab-token': 'plain-token' };
    expect(gitlab.isAuthentic(both, body, [token, new Secret('plain-token')])).toBe(false);
  });

  test("a bad signature of Gitea's own is not saved by GitHub's beside it", () => {
    const body = Buffer.from('{}');
    const headers = { ...headersOf('gitea', 'push', 'g', body, 's3cret'), 'x-gitea-signature': '0'.repeat(64) };
    expect(gitea.isAuthentic(headers, body, [new Secret('s3cret')])).toBe(false);
  });
});
