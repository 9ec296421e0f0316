import { createServer, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { expect, onTestFinished, test, vi } from 'vitest';
import { webhooks as github } from '../../src/core/forges/github/webhooks.ts';
import { Secret } from '../../src/core/secret.ts';
import { openSmee } from '../../src/core/serve/tunnel/smee.ts';
import { hmacHex } from '../support/deliveries/scenario.ts';
import { deliveryOf } from '../support/deliveries/sign.ts';

interface Taken {
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Buffer;
}

/** A relay as smee.io is one: channels by path, messages as server-sent events. `raw`: keeps the text of bodies, as newer ones do. */
async function startRelay({ raw }: { readonly raw: boolean }) {
  const listeners = new Set<ServerResponse>();
  const origin = await listen(async (request, response) => {
    const url = new URL(request.url ?? '/', 'http://relay');
    if (url.pathname === '/new') return response.writeHead(307, { location: `${origin}/channel` }).end();
    if (request.method === 'GET') {
      response.writeHead(200, { 'content-type': 'text/event-stream' });
      response.write('event: ready\ndata: {}\n\n');
      listeners.add(response);
      return;
    }
    const text = Buffer.concat(await request.toArray()).toString();
    const query = Object.fromEntries(url.searchParams);
    const rawdata = raw ? { rawdata: text } : {};
    const message = { ...request.headers, body: JSON.parse(text), query, ...rawdata, timestamp: 1 };
    for (const listener of listeners) listener.write(`id: 1\ndata: ${JSON.stringify(message)}\n\n`);
    response.writeHead(200).end();
  });
  return {
    origin,
    cut() {
      for (const listener of listeners) listener.destroy();
      listeners.clear();
    },
    listening: () => listeners.size,
  };
}

async function startServer() {
  const taken: Taken[] = [];
  const origin = await listen(async (request, response) => {
    const headers = Object.fromEntries(Object.entries(request.headers).map(([name, value]) => [name, String(value)]));
    taken.push({ url: request.url ?? '', headers, body: Buffer.concat(await request.toArray()) });
    response.writeHead(202).end('{}');
  });
  return { origin, taken };
}

async function listen(handle: Parameters<typeof createServer>[1]): Promise<string> {
  const server = createServer(handle);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  onTestFinished(() => {
    server.closeAllConnections();
    server.close();
  });
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

async function open(relay: string, local: string, smeeChannel?: string) {
  const said: string[] = [];
  const controller = new AbortController();
  const tunnel = await openSmee({
    localUrl: local,
    env: {},
    cwd: '/',
    signal: controller.signal,
    log: { info: (text) => said.push(text), warn: (text) => said.push(text) },
    smeeChannel,
    newChannelUrl: `${relay}/new`,
  });
  onTestFinished(() => tunnel[Symbol.asyncDispose]());
  return { tunnel, said };
}

const secret = 'a secret of this webhook';
const place = { repo: 'acme/app', webUrl: 'https://forge.example', actor: 'octocat' };

test.each([true, false])(
  'a delivery arrives with its headers and a good signature (raw text kept: %s)',
  async (raw) => {
    const relay = await startRelay({ raw });
    const server = await startServer();
    const { tunnel } = await open(relay.origin, server.origin);
    const { headers, body } = deliveryOf(
      'github',
      { kind: 'push', ref: 'refs/heads/ünï', after: 'a'.repeat(40) },
      { place, secret },
    );
    // With the raw text, also what JSON.stringify would write differently arrives as it was.
    const sent = raw ? Buffer.from(body.toString().replace('"ref":', '"ref" : ')) : body;
    const signed = raw ? { ...headers, 'x-hub-signature-256': `sha256=${hmacHex(sent, secret)}` } : headers;
    await fetch(tunnel.addressOf('a b'), { method: 'POST', headers: signed, body: new Uint8Array(sent) });
    await vi.waitFor(() => expect(server.taken).toHaveLength(1));
    const [taken] = server.taken;
    expect(taken?.url).toBe('/hooks/a%20b');
    expect(taken?.headers).toMatchObject({ 'x-github-event': 'push', 'content-type': 'application/json' });
    expect(taken?.body.equals(sent)).toBe(true);
    expect(github.isAuthentic(taken?.headers ?? {}, taken?.body ?? Buffer.alloc(0), [new Secret(secret)])).toBe(true);
  },
);

test('a channel from before is used again, and a cut connection is told and made anew', async () => {
  const relay = await startRelay({ raw: true });
  const server = await startServer();
  const { tunnel, said } = await open(relay.origin, server.origin, `${relay.origin}/mine`);
  expect(tunnel.display).toBe(`${relay.origin}/mine`);
  relay.cut();
  await vi.waitFor(() => expect(relay.listening()).toBe(1), { timeout: 20_000 });
  const { headers, body } = deliveryOf('github', { kind: 'ping' }, { place, secret });
  await fetch(tunnel.addressOf('app'), { method: 'POST', headers, body: new Uint8Array(body) });
  await vi.waitFor(() => expect(server.taken).toHaveLength(1));
  expect(said).toContainEqual(expect.stringContaining('is lost'));
});

test('a relay that is not there is an error with the next step', async () => {
  const server = await startServer();
  const closed = await listen(() => {});
  await expect(open('http://127.0.0.1:1', server.origin)).rejects.toMatchObject({
    code: 'unavailable',
    hint: expect.stringContaining('SMEE_URL'),
  });
  await expect(open(closed, server.origin, 'http://127.0.0.1:1/x')).rejects.toMatchObject({ code: 'unavailable' });
});
