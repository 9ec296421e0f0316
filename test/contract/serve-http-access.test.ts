import { describe, expect, test } from 'vitest';
import { Secret } from '../../src/core/secret.ts';
import { type Site, type SiteOptions, startSite } from './serve-http-site.ts';
import { someDelivery, someRun, textLog } from './serve-http-store.ts';

const password = 'correct horse';
const login = { authorization: `Basic ${Buffer.from(`ann:${password}`).toString('base64')}` };
const token = { authorization: 'Bearer token-of-ann' };
const basic = { username: 'ann', password: new Secret(password) };
const bearer = [new Secret('token-of-bob'), new Secret('token-of-ann')];

const protectedPaths = [
  '/',
  '/runs',
  '/runs/1',
  '/runs/1/log',
  '/runs/1/events',
  '/deliveries',
  '/deliveries/d-1',
  '/deliveries/d-1/body',
  '/repositories',
  '/dead-letters',
  '/events',
  '/login',
  '/metrics',
  '/api/v1/jobs',
  '/api/v1/jobs/1',
  '/api/v1/jobs/1/log',
  '/api/v1/deliveries',
  '/api/v1/deliveries/d-1',
  '/api/v1/deliveries/d-1/body',
  '/api/v1/repositories',
  '/api/v1/sources',
  '/api/v1/queue',
  '/api/v1/nothing',
];

async function filledSite(options: SiteOptions): Promise<Site> {
  const site = await startSite(options);
  site.store.all.runs.push(someRun({ id: '1' }));
  site.store.all.deliveries.push(someDelivery({ guid: 'd-1' }));
  textLog(site.store, '1', 'hello\n', true);
  return site;
}

async function statusOf(site: Site, path: string, init: RequestInit = {}): Promise<number> {
  const answer = await fetch(site.url + path, { redirect: 'manual', ...init });
  await answer.body?.cancel();
  return answer.status;
}

describe('who is not logged in', () => {
  test.each(protectedPaths)('is asked to at %s', async (path) => {
    const site = await filledSite({ access: { basic, bearer } });
    const answer = await fetch(site.url + path, { redirect: 'manual' });
    expect(answer.status).toBe(401);
    expect(answer.headers.get('www-authenticate')).toBe('Basic realm="sluice", charset="UTF-8", Bearer realm="sluice"');
    expect(answer.headers.get('cache-control')).toBe('no-store');
    expect(await answer.text()).not.toMatch(/hello|acme/);
  });

  test('still reaches webhooks, health and the style sheet', async () => {
    const site = await filledSite({ access: { basic } });
    expect(await statusOf(site, '/hooks/a', { method: 'POST', body: 'x' })).toBe(202);
    for (const path of ['/healthz', '/readyz']) expect(await statusOf(site, path)).toBe(200);
    const style = /href="(\/assets\/style-[^"]+)"/.exec(
      await (await fetch(`${site.url}/runs`, { headers: { accept: 'text/html' } })).text(),
    );
    const answer = await fetch(site.url + (style?.[1] ?? ''));
    expect(answer.headers.get('content-type')).toBe('text/css; charset=utf-8');
    expect(answer.headers.get('cache-control')).toBe('public, max-age=31536000, immutable');
  });

  test('is told what to configure where there is no way in', async () => {
    const site = await filledSite({});
    const answer = await fetch(`${site.url}/api/v1/jobs`);
    expect(answer.status).toBe(403);
    expect(await answer.json()).toEqual({
      error: 'these pages are closed',
      hint: expect.stringContaining('serve.auth'),
    });
  });
});

describe('who is', () => {
  test.each([
    ['by name and password', login],
    ['by the first token', { authorization: 'Bearer token-of-bob' }],
    ['by another token, in another spelling', { authorization: 'bEARER   token-of-ann' }],
  ])('%s, comes in', async (_how, headers) => {
    const site = await filledSite({ access: { basic, bearer } });
    expect(await statusOf(site, '/runs', { headers })).toBe(200);
  });

  test.each([
    ['a wrong password', { authorization: `Basic ${Buffer.from('ann:wrong').toString('base64')}` }],
    ['a wrong name', { authorization: `Basic ${Buffer.from(`bob:${password}`).toString('base64')}` }],
    ['no base64', { authorization: 'Basic ann' }],
    ['a token as password', { authorization: `Basic ${Buffer.from('ann:token-of-ann').toString('base64')}` }],
    ['an empty token', { authorization: 'Bearer ' }],
    ['a wrong token', { authorization: 'Bearer token-of-ann2' }],
    ['the header of a proxy that is none', { 'x-forwarded-user': 'ann' }],
  ])('not, with %s', async (_what, headers) => {
    const site = await filledSite({
      access: { basic, bearer, proxyHeader: 'X-Forwarded-User' },
      trustProxy: ['10.0.0.0/8'],
    });
    expect(await statusOf(site, '/runs', { headers: headers as Record<string, string> })).toBe(401);
  });

  test('named by a trusted proxy comes in under that name', async () => {
    const site = await filledSite({ access: { proxyHeader: 'X-Forwarded-User' }, trustProxy: ['127.0.0.0/8'] });
    const page = await (await fetch(`${site.url}/runs`, { headers: { 'x-forwarded-user': '<i>ann</i>' } })).text();
    expect(page).toContain('&lt;i&gt;ann&lt;/i&gt;');
    expect(await statusOf(site, '/runs')).toBe(403);
  });
});

describe('public pages', () => {
  const access = { public: true, basic };

  test('are read by everybody, without what forges wrote', async () => {
    const site = await filledSite({ access });
    for (const path of ['/runs', '/runs/1', '/runs/1/log', '/deliveries', '/repositories', '/metrics', '/api/v1/jobs'])
      expect([path, await statusOf(site, path)]).toEqual([path, 200]);
    expect(await statusOf(site, '/deliveries/d-1/body')).toBe(403);
    const page = await (await fetch(`${site.url}/deliveries/d-1`)).text();
    expect(page).not.toMatch(/content-type|refs\/heads/);
    const delivery = await (await fetch(`${site.url}/api/v1/deliveries/d-1`)).json();
    expect(delivery).not.toHaveProperty('headers');
    const full = await (await fetch(`${site.url}/api/v1/deliveries/d-1`, { headers: login })).json();
    expect(full).toMatchObject({ headers: { 'x-hub-signature-256': '[redacted]' }, bodyKept: true });
  });

  test('offer to log in, and no buttons before', async () => {
    const site = await filledSite({ access });
    const stranger = await (await fetch(`${site.url}/runs/1`)).text();
    expect(stranger).toContain('href="/login"');
    expect(stranger).not.toContain('<form class="action"');
    expect(await statusOf(site, '/login')).toBe(401);
    expect(await statusOf(site, '/login', { headers: login })).toBe(302);
    const known = await (await fetch(`${site.url}/runs/1`, { headers: login })).text();
    expect(known).toContain('action="/runs/1/retry"');
  });

  test('let nobody act', async () => {
    const site = await filledSite({ access });
    for (const path of ['/runs/1/retry', '/api/v1/jobs/1/retry', '/deliveries/d-1/replay'])
      expect(await statusOf(site, path, { method: 'POST', headers: { 'sec-fetch-site': 'same-origin' } })).toBe(401);
    expect(site.store.asked).toEqual([]);
  });
});

describe('acting', () => {
  const own = { ...login, 'sec-fetch-site': 'same-origin' };

  test('a button leads back to its page, which says what was done', async () => {
    const site = await filledSite({ access: { basic } });
    const answer = await fetch(`${site.url}/runs/1/retry`, { method: 'POST', headers: own, redirect: 'manual' });
    expect([answer.status, answer.headers.get('location')]).toEqual([303, '/runs/1?done=retry']);
    const page = await (await fetch(`${site.url}/runs/1?done=retry`, { headers: login })).text();
    expect(page).toContain('The run is in the queue again.');
    expect(await (await fetch(`${site.url}/runs/1?done=constructor`, { headers: login })).text()).not.toContain(
      'native',
    );
    expect(site.store.asked).toEqual(['retry 1 by ann']);
  });

  test('the API answers in JSON, with the reason of a refusal', async () => {
    const site = await filledSite({ access: { bearer } });
    const post = async (path: string) => {
      const answer = await fetch(site.url + path, { method: 'POST', headers: token });
      return [answer.status, await answer.json()];
    };
    expect(await post('/api/v1/jobs/1/retry')).toEqual([200, { message: 'retry 1 by token' }]);
    expect(await post('/api/v1/jobs/1/cancel')).toEqual([409, { error: 'it has ended already' }]);
    expect(await post('/api/v1/jobs/2/retry')).toEqual([404, { error: 'there is no such entry' }]);
    expect(await post('/api/v1/deliveries/d-1/replay')).toEqual([200, { message: 'replay d-1 by token' }]);
  });

  test.each([
    ['another site', { 'sec-fetch-site': 'cross-site' }],
    ['a neighbour', { 'sec-fetch-site': 'same-site' }],
    ['another site, in an older browser', { origin: 'https://evil.example' }],
    ['a page without an origin', { origin: 'null' }],
    ['who does not say', {}],
  ])('%s cannot make a browser do it', async (_who, headers) => {
    const site = await filledSite({ access: { basic } });
    const answer = await fetch(`${site.url}/runs/1/retry`, {
      method: 'POST',
      headers: { ...login, ...(headers as Record<string, string>) },
      redirect: 'manual',
    });
    expect(answer.status).toBe(403);
    expect(site.store.asked).toEqual([]);
  });

  test('behind a proxy the origin is that of the base URL', async () => {
    const site = await filledSite({ access: { basic }, baseUrl: 'https://ci.example.org/sluice' });
    const headers = { ...login, origin: 'https://ci.example.org' };
    const answer = await fetch(`${site.url}/sluice/runs/1/retry`, { method: 'POST', headers, redirect: 'manual' });
    expect([answer.status, answer.headers.get('location')]).toEqual([303, '/sluice/runs/1?done=retry']);
  });

  test('never by following a link', async () => {
    const site = await filledSite({ access: { basic } });
    expect(await statusOf(site, '/runs/1/retry', { headers: own })).toBe(404);
    expect(site.store.asked).toEqual([]);
  });
});

test('every page forbids what it does not need', async () => {
  const site = await filledSite({ access: { public: true } });
  for (const path of ['/runs', '/runs/1', '/runs/1/log', '/runs/nope', '/nope', '/api/v1/jobs', '/deliveries/d-1']) {
    const { headers } = await fetch(site.url + path, { headers: { accept: 'text/html' } });
    expect(headers.get('content-security-policy')).toContain("default-src 'none'; script-src 'self'; style-src 'self'");
    expect(headers.get('content-security-policy')).toContain("frame-ancestors 'none'");
    expect(headers.get('x-content-type-options')).toBe('nosniff');
    expect(headers.get('referrer-policy')).toBe('same-origin');
  }
});
