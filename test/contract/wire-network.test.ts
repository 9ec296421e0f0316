import { once } from 'node:events';
import { createServer, request as forward, type RequestListener, type Server } from 'node:http';
import { createServer as createTlsServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { describe, expect, onTestFinished, test } from 'vitest';
import { openConnections } from '../../src/core/git/wire/wire.ts';
import { commit, makeBareRepo } from '../support/git-repo.ts';
import { open, serve } from './wire-site.ts';

/** Passes every request on to an origin, whether it names its own host (a proxy is asked so) or not. */
function passTo(origin: string, seen: string[] = []): RequestListener {
  return (request, response) => {
    seen.push(request.url ?? '');
    const { method = 'GET', headers } = request;
    const onward = forward(new URL(request.url ?? '', origin), { method, headers }, (answer) => {
      response.writeHead(answer.statusCode ?? 0, answer.headers);
      answer.pipe(response);
    });
    request.pipe(onward);
  };
}

async function listen(server: Server): Promise<number> {
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  onTestFinished(() => {
    server.close();
    server.closeAllConnections();
  });
  return (server.address() as AddressInfo).port;
}

function connectionsWith(options: Parameters<typeof openConnections>[0]) {
  const connections = openConnections(options);
  onTestFinished(() => connections.close());
  return connections;
}

async function site() {
  const served = await serve();
  const repo = await makeBareRepo(join(served.root, 'r.git'));
  const oid = await commit(repo, { message: 'one', ref: 'refs/heads/main' });
  const expected = [{ name: 'refs/heads/main', oid }];
  return { ...served, repo, expected };
}

describe('https', () => {
  test('with the authorities given', async () => {
    const { server, expected } = await site();
    const port = await listen(createTlsServer({ cert, key }, passTo(server.origin)));
    const session = open(`https://127.0.0.1:${port}/r.git`, { connections: connectionsWith({ ca: [cert] }) });
    expect((await session.listRefs({ prefixes: ['refs/heads/'] }))?.refs).toEqual(expected);
  });

  test('an authority that nobody trusts is refused, and the hint says what to do', async () => {
    const { server } = await site();
    const port = await listen(createTlsServer({ cert, key }, passTo(server.origin)));
    await expect(open(`https://127.0.0.1:${port}/r.git`).listRefs()).rejects.toMatchObject({
      code: 'unavailable',
      hint: expect.stringContaining('NODE_EXTRA_CA_CERTS'),
    });
    expect(server.requests).toEqual([]);
  });
});

// Node.js 22.19 and 22.20 do not know proxies.
const [major = 0, minor = 0] = process.versions.node.split('.').map(Number);
const knowsProxies = major > 24 || (major === 24 && minor >= 5) || (major === 22 && minor >= 21);

test.skipIf(!knowsProxies)('a proxy of the environment is used, except for the hosts that it is not for', async () => {
  const { server, repo, expected } = await site();
  const seen: string[] = [];
  const proxy = `http://127.0.0.1:${await listen(createServer(passTo(server.origin, seen)))}`;
  const url = server.url(repo);

  const through = open(url, { connections: connectionsWith({ proxyEnv: { HTTP_PROXY: proxy } }) });
  expect((await through.listRefs({ prefixes: ['refs/heads/'] }))?.refs).toEqual(expected);
  expect(seen).toEqual([`${url}/info/refs?service=git-upload-pack`, `${url}/git-upload-pack`]);

  const past = open(url, { connections: connectionsWith({ proxyEnv: { HTTP_PROXY: proxy, NO_PROXY: '127.0.0.1' } }) });
  expect((await past.listRefs({ prefixes: ['refs/heads/'] }))?.refs).toEqual(expected);
  expect(seen).toHaveLength(2);
});

test('sessions that share connections open few of them', async () => {
  const { server, root } = await serve();
  const repos = await Promise.all(Array.from({ length: 12 }, (_, n) => makeBareRepo(join(root, `${n}.git`))));
  const connections = connectionsWith({ perHost: 3 });
  const sessions = repos.map((repo) => open(server.url(repo), { connections }));
  await Promise.all(sessions.map((session) => session.listRefs()));
  await Promise.all(sessions.map((session) => session.listRefs()));
  expect(server.requests).toHaveLength(36);
  expect(server.connections).toBeLessThanOrEqual(3);
});

// Made for these tests with `openssl req -x509`, for 127.0.0.1, valid until 2126; it guards nothing.
const key = `-----BEGIN PRIVATE KEY-----
MIGHAgEAMBMGByqGSM49AgEGCCqGSM49AwEHBG0wawIBAQQgybjqQXLWzuUdE8aC
Ydnfc6vrFsq1qZ9tkQ4+dmJXY1ShRANCAASi7JvAMaOdCVeACzWFF0iofoprAzYr
/Sr0w6sADen7LRFnHyeEDCM9q8YjoHpMGhou8rYwlBsQ6YN9ep7bqDSt
-----END PRIVATE KEY-----`;
const cert = `-----BEGIN CERTIFICATE-----
MIIBlTCCATqgAwIBAgIUbAXQdpGvQAGNKtgPZmRvDK97vTMwCgYIKoZIzj0EAwIw
FjEUMBIGA1UEAwwLc2x1aWNlLXRlc3QwIBcNMjYxMTIxMDMwMTIzWhgPMjEyNjEw
MjgwMzAxMjNaMBYxFDASBgNVBAMMC3NsdWljZS10ZXN0MFkwEwYHKoZIzj0CAQYI
KoZIzj0DAQcDQgAEouybwDGjnQlXgAs1hRdIqH6KawM2K/0q9MOrAA3p+y0RZx8n
hAwjPavGI6B6TBoaLvK2MJQbEOmDfXqe26g0raNkMGIwHQYDVR0OBBYEFMAclWXX
W5jEQlEsjsqHVwUdaNmGMB8GA1UdIwQYMBaAFMAclWXXW5jEQlEsjsqHVwUdaNmG
MA8GA1UdEwEB/wQFMAMBAf8wDwYDVR0RBAgwBocEfwAAATAKBggqhkjOPQQDAgNJ
ADBGAiEA1bxt6zwUevibDHKR0DRMhn7mV3jJnD70hrTuqEvmTYcCIQDDfZCoIuzi
g/FyOUZpu69MQnLYBPC5xPxSeXJbKtF6mw==
-----END CERTIFICATE-----`;
