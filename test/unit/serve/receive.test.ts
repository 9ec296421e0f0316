import { expect, test } from 'vitest';
import { SluiceError } from '../../../src/core/errors.ts';
import { webhooks as github } from '../../../src/core/forges/github/webhooks.ts';
import { webhooks as gitlab } from '../../../src/core/forges/gitlab/webhooks.ts';
import type { Accepted, NewDelivery } from '../../../src/core/jobs/store.ts';
import { Secret } from '../../../src/core/secret.ts';
import { openReceiver } from '../../../src/core/serve/receive.ts';
import type { Routed, WebhookSource } from '../../../src/core/serve/source.ts';
import type { Scenario } from '../../support/deliveries/scenario.ts';
import { deliveryOf } from '../../support/deliveries/sign.ts';

const place = { repo: 'acme/app', webUrl: 'https://forge.example', actor: 'octocat' };
const push: Scenario = { kind: 'push', ref: 'refs/heads/main', after: 'a'.repeat(40) };
const nothing: Routed = { repo: 'gh:acme/app', jobs: [], reason: 'nothing is run for it' };

interface Setting {
  readonly routed?: Routed;
  readonly accept?: () => Accepted;
  readonly secrets?: readonly string[];
}

/** A receiver with a source `app` at GitHub and a source `lab` at GitLab. */
function receiver({ routed = nothing, accept, secrets = ['old secret', 'new secret'] }: Setting = {}) {
  const stored: NewDelivery[] = [];
  const warnings: string[] = [];
  const wrapped = secrets.map((secret) => new Secret(secret));
  const sources: readonly WebhookSource[] = [
    { name: 'app', webhooks: github, secrets: wrapped, route: () => routed },
    { name: 'lab', webhooks: gitlab, secrets: wrapped, route: () => routed },
  ];
  const receive = openReceiver({
    sources,
    accept: async (delivery, jobs) => {
      const answer = accept?.() ?? { duplicate: false, queued: jobs.length };
      stored.push(delivery);
      return answer;
    },
    now: () => 1000,
    warn: (message) => warnings.push(message),
  });
  return { receive, stored, warnings, sources };
}

test('an authentic delivery is stored as it came, then answered 202 with its id', async () => {
  const { receive, stored } = receiver();
  const { headers, body } = deliveryOf('github', push, { place, secret: 'new secret', guid: 'guid-1' });
  expect(await receive({ source: 'app', headers, body })).toEqual({
    status: 202,
    body: { delivery: 'guid-1', jobs: 0, reason: 'nothing is run for it' },
  });
  expect(stored).toEqual([
    {
      guid: 'guid-1',
      source: 'app',
      event: 'push',
      repo: 'gh:acme/app',
      receivedAt: 1000,
      headers,
      body,
      reason: nothing.reason,
    },
  ]);
});

test('a duplicate is said to be one', async () => {
  const { receive } = receiver({ accept: () => ({ duplicate: true, queued: 0 }) });
  const { headers, body } = deliveryOf('github', push, { place, secret: 'new secret', guid: 'guid-1' });
  expect(await receive({ source: 'app', headers, body })).toMatchObject({ status: 202, body: { duplicate: true } });
});

test.each([
  ['a wrong secret', 'app', 'other secret', 401],
  ['an unknown source', 'nobody', 'new secret', 404],
  ['no name where there are several sources', undefined, 'new secret', 404],
  ['the deliveries of another forge', 'lab', 'new secret', 401],
])('%s is refused and stored nowhere', async (_, source, secret, status) => {
  const { receive, stored, warnings } = receiver();
  const { headers, body } = deliveryOf('github', push, { place, secret });
  const answer = await receive({ source, headers, body });
  expect(answer).toMatchObject({ status, body: { error: expect.any(String) } });
  expect(stored).toEqual([]);
  expect(warnings).toHaveLength(1);
  expect(JSON.stringify([answer, warnings])).not.toContain('new secret');
});

test.each([
  ['guid-1', 'guid-1'],
  ['<b>hostile</b>', undefined],
])('what is refused is said with its id, if it is one: %s', async (guid, delivery) => {
  const said: unknown[] = [];
  const { sources } = receiver();
  const warn = (_: string, fields: object) => void said.push(fields);
  const receive = openReceiver({ sources, accept: () => Promise.reject(new Error('not called')), now: () => 0, warn });
  const { headers, body } = deliveryOf('github', push, { place, secret: 'other secret', guid });
  const sender = () => '192.0.2.7';
  expect(await receive({ source: 'app', headers, body, sender })).toMatchObject({ status: 401 });
  expect(said).toEqual([expect.objectContaining({ source: 'app', delivery, from: '192.0.2.7', status: 401 })]);
});

test('what is not authentic is not even parsed', async () => {
  const { receive } = receiver();
  const { headers } = deliveryOf('github', push, { place, secret: 'new secret' });
  expect(await receive({ source: 'app', headers, body: Buffer.from('{"broken') })).toMatchObject({ status: 401 });
});

test('an authentic body that is no payload is 400, and its text is not repeated', async () => {
  const { receive } = receiver({ secrets: [] });
  const { headers } = deliveryOf('github', push, { place, secret: 'any' });
  const answer = await receive({ source: 'app', headers, body: Buffer.from('{"canary') });
  expect(answer).toMatchObject({ status: 400 });
  expect(JSON.stringify(answer)).not.toContain('canary');
});

test('a ping is answered 200 and not stored', async () => {
  const { receive, stored } = receiver();
  const { headers, body } = deliveryOf('github', { kind: 'ping' }, { place, secret: 'old secret' });
  expect(await receive({ source: 'app', headers, body })).toMatchObject({ status: 200 });
  expect(stored).toEqual([]);
});

test('the only source needs no name', async () => {
  const { sources, stored } = receiver();
  const receive = openReceiver({
    sources: sources.slice(0, 1),
    accept: async (delivery) => {
      stored.push(delivery);
      return { duplicate: false, queued: 0 };
    },
    now: () => 0,
    warn: () => {},
  });
  const { headers, body } = deliveryOf('github', push, { place, secret: 'new secret' });
  expect(await receive({ source: undefined, headers, body })).toMatchObject({ status: 202 });
});

test('a full disk is 503, and a bug of ours 500 without its words', async () => {
  const { headers, body } = deliveryOf('github', push, { place, secret: 'new secret' });
  const full = receiver({
    accept: () => {
      throw new SluiceError('unavailable', 'the disk is full');
    },
  });
  expect(await full.receive({ source: 'app', headers, body })).toMatchObject({
    status: 503,
    body: { error: 'the disk is full' },
  });
  const broken = receiver({
    accept: () => {
      throw new TypeError('cannot read canary of undefined');
    },
  });
  const answer = await broken.receive({ source: 'app', headers, body });
  expect(answer).toMatchObject({ status: 500 });
  expect(JSON.stringify(answer)).not.toContain('canary');
});

test('a delivery without an id is known by its bytes', async () => {
  const { receive, stored } = receiver();
  const { headers, body } = deliveryOf('gitlab', push, { place, secret: 'new secret' });
  const { 'idempotency-key': _, ...anonymous } = headers;
  await receive({ source: 'lab', headers: anonymous, body });
  await receive({ source: 'lab', headers: anonymous, body });
  const changed = Buffer.from(body.toString().replace('octocat', 'ada'));
  await receive({ source: 'lab', headers: anonymous, body: changed });
  const [first, second, third] = stored.map(({ guid }) => guid);
  expect(first).toMatch(/^sha256:[0-9a-f]{64}$/);
  expect(second).toBe(first);
  expect(third).not.toBe(first);
});

test("GitLab's secret token, which comes in the open, is not stored", async () => {
  const { receive, stored } = receiver();
  const { headers, body } = deliveryOf('gitlab', push, { place, secret: 'new secret' });
  await receive({ source: 'lab', headers: { ...headers, authorization: 'Basic new secret' }, body });
  expect(stored).toHaveLength(1);
  expect(JSON.stringify(stored[0]?.headers)).not.toContain('new secret');
});
