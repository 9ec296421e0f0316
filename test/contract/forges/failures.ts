import type { AddressInfo } from 'node:net';
import { inspect } from 'node:util';
import { describe, expect, onTestFinished, test } from 'vitest';
import { SluiceError } from '../../../src/core/errors.ts';
import type { Fault } from '../../support/fake-forge/faults.ts';
import { type ForgeTraits, type Opened, open } from './traits.ts';

const date = 'Tue, 02 Jan 2024 03:04:05 GMT';
const epoch = Date.parse(date) / 1000;

function says(status: number, headers: Readonly<Record<string, string>> = {}): Fault {
  return { kind: 'answer', status, headers: { date, ...headers }, body: { message: 'the words of the forge' } };
}

/** Whatever happens for ever: the code it becomes, and how many requests it costs. */
const lasting: readonly (readonly [name: string, code: string, requests: number, fault: Fault])[] = [
  ['400', 'usage', 1, says(400)],
  ['401', 'denied', 1, says(401)],
  ['403', 'denied', 1, says(403)],
  ['404', 'not-found', 1, says(404)],
  ['500', 'unavailable', 4, says(500)],
  ['502', 'unavailable', 4, says(502)],
  ['503', 'unavailable', 4, says(503)],
  ['429', 'rate-limited', 4, says(429)],
  ['429 for an hour', 'rate-limited', 1, says(429, { 'retry-after': '3600' })],
  ['403 with Retry-After', 'rate-limited', 1, says(403, { 'retry-after': '3600' })],
  ['a redirect to another host', 'unavailable', 1, says(302, { location: 'https://evil.example/login' })],
  ['a web page', 'unavailable', 1, { kind: 'html' }],
  ['half of the JSON', 'unavailable', 1, { kind: 'half-json' }],
  ['wrong types', 'unavailable', 1, { kind: 'wrong-types' }],
  ['a cut connection', 'unavailable', 4, { kind: 'cut' }],
  ['a reset connection', 'unavailable', 4, { kind: 'reset' }],
];

export function describeFailures(traits: ForgeTraits): void {
  describe('failures', () => {
    test.each(lasting)('%s → %s', async (_, code, requests, fault) => {
      const opened = await withChange(traits);
      const { fake } = opened;
      fake.fail({ fault });
      const error = await failureOf(opened);
      expect(error).toMatchObject({ code, hint: expect.any(String) });
      expect(error.message).toContain(opened.app);
      expect(fake.requests.length).toBe(requests);
      expectNoSecret(error, fake.token);
      if (fault.kind === 'answer' && fault.status >= 400) expect(error.message).toContain('the words of the forge');
    });

    test('a server that never answers', async () => {
      const opened = await withChange(traits, { timeoutMs: 200 });
      opened.fake.fail({ fault: { kind: 'hang' } });
      expect(await failureOf(opened)).toMatchObject({ code: 'timed-out' });
      expect(opened.fake.requests.length).toBe(2);
    });

    test('nobody listens', async () => {
      const opened = await withChange(traits);
      await opened.fake.close();
      expect(await failureOf(opened)).toMatchObject({ code: 'unavailable' });
      expect(opened.waits.length).toBe(3);
    });

    test.each([
      ['a fault', says(500), [500]],
      ['a reset', { kind: 'reset' }, [500]],
      ['a cut', { kind: 'cut' }, [500]],
      ['429', says(429, { 'retry-after': '9' }), [9000]],
      ['429 until a date', says(429, { 'retry-after': 'Tue, 02 Jan 2024 03:04:17 GMT' }), [12_000]],
      [
        '403 until a reset',
        says(403, { 'x-ratelimit-remaining': '0', 'x-ratelimit-reset': `${epoch + 30}` }),
        [31_000],
      ],
    ] as const)('%s that passes is waited for', async (_, fault, waits) => {
      const opened = await withChange(traits, { now: () => epoch * 1000 });
      opened.fake.fail({ times: 1, fault });
      expect(await opened.changes.listOpen(opened.app)).toMatchObject([{ number: 1 }]);
      expect(opened.waits).toEqual(waits);
    });

    test('a long limit says when to come back', async () => {
      const opened = await withChange(traits);
      opened.fake.fail({ fault: says(429, { 'retry-after': '3600' }) });
      expect(await failureOf(opened)).toMatchObject({ code: 'rate-limited', retryAfterMs: 3_600_000 });
    });

    test('a web page with status 404 does not mean that something does not exist', async () => {
      const { fake, changes, repositories, app } = await withChange(traits);
      const body = '<html><body>Not found</body></html>';
      fake.fail({ fault: { kind: 'answer', status: 404, headers: { 'content-type': 'text/html' }, body } });
      await expect(changes.find(app, 1)).rejects.toMatchObject({ code: 'unavailable' });
      await expect(repositories.find(app)).rejects.toMatchObject({ code: 'unavailable' });
    });

    test('an error on a later page fails the whole listing', async () => {
      const opened = await withChange(traits);
      const { fake, app } = opened;
      for (const branch of ['b', 'c', 'd', 'e']) await fake.state.addChange({ repo: app, branch });
      fake.fail({ path: /(page|start)=2\b/, fault: says(403) });
      expect(await failureOf(opened)).toMatchObject({ code: 'denied' });
    });

    test('pages in a circle', async () => {
      const opened = await withChange(traits);
      const { fake, app } = opened;
      for (const branch of ['b', 'c', 'd', 'e']) await fake.state.addChange({ repo: app, branch });
      fake.fail({ fault: { kind: 'next-page', url: 'self' } });
      expect(await failureOf(opened)).toMatchObject({ code: 'unavailable' });
      expect(fake.requests.length).toBeLessThan(10);
    });

    test('neither a next page nor a redirect takes the credential to another server', async () => {
      const opened = await withChange(traits);
      const { fake, app } = opened;
      const trap = await startTrap();
      for (const branch of ['b', 'c', 'd', 'e']) await fake.state.addChange({ repo: app, branch });
      if (traits.nextPage !== 'number') {
        fake.fail({ fault: { kind: 'next-page', url: `${trap.url}/api/v3/x?page=2` } });
        const error = await failureOf(opened);
        expect(error).toMatchObject({ code: 'unavailable', message: expect.stringContaining(trap.url) });
        fake.heal();
      }
      for (const status of [301, 302, 303, 307, 308]) {
        fake.fail({ times: 1, fault: says(status, { location: `${trap.url}/x` }) });
        expect(await failureOf(opened)).toMatchObject({ code: 'unavailable' });
      }
      expect(trap.requests()).toBe(0);
    });

    test('a credential that the forge echoes is not repeated', async () => {
      const opened = await withChange(traits);
      const { fake } = opened;
      fake.fail({ fault: { kind: 'answer', status: 401, body: { message: `no such token: ${fake.token}` } } });
      const error = await failureOf(opened);
      expect(error.message).toContain('no such token: [secret]');
      expectNoSecret(error, fake.token);
    });

    test('a signal ends a request, a wait, and what has not begun', async () => {
      const opened = await withChange(traits);
      const { fake, changes, app } = opened;
      await expect(changes.listOpen(app, { signal: AbortSignal.abort() })).rejects.toMatchObject({
        code: 'interrupted',
      });
      expect(fake.requests).toEqual([]);

      fake.fail({ fault: { kind: 'hang' } });
      const controller = new AbortController();
      const listing = changes.listOpen(app, { signal: controller.signal });
      listing.catch(() => undefined);
      await expect.poll(() => fake.requests.length).toBe(1);
      controller.abort(new SluiceError('locked', 'the reason of the caller'));
      await expect(listing).rejects.toMatchObject({ code: 'locked', message: 'the reason of the caller' });
    });
  });
}

async function withChange(traits: ForgeTraits, http: Parameters<typeof open>[1] = {}): Promise<Opened> {
  const opened = await open(traits, http);
  await opened.fake.state.addChange({ repo: opened.app, branch: 'a' });
  return opened;
}

async function failureOf({ changes, app }: Opened): Promise<SluiceError> {
  const error = await changes.listOpen(app).then(
    () => undefined,
    (thrown: unknown) => thrown,
  );
  expect(error).toBeInstanceOf(SluiceError);
  return error as SluiceError;
}

function expectNoSecret(error: unknown, token: string): void {
  const shown = inspect(error, { depth: Number.POSITIVE_INFINITY, showHidden: true });
  expect(shown).not.toContain(token);
  expect(shown).not.toMatch(/Basic |Bearer /);
}

/** A server on another port: another origin, where no request may arrive. */
async function startTrap(): Promise<{ readonly url: string; requests(): number }> {
  let requests = 0;
  const server = process.getBuiltinModule('node:http').createServer((_, response) => {
    requests += 1;
    response.end('[]');
  });
  await new Promise<void>((listening) => server.listen(0, '127.0.0.1', listening));
  onTestFinished(() => {
    server.closeAllConnections();
    server.close();
  });
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, requests: () => requests };
}
