import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { type AddressInfo, connect, createServer, type Server } from 'node:net';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { describe, expect, onTestFinished, test } from 'vitest';
import { lazyDispatcher } from '../../../src/core/http/dispatcher.ts';
import type { Exchange, Transport } from '../../../src/core/http/exchange.ts';
import { nodeTransport } from '../../../src/core/http/node-transport.ts';
import { undiciTransport } from '../../../src/core/http/undici-transport.ts';
import { testDir } from '../../support/temp-dir.ts';

type Handler = (request: IncomingMessage, response: ServerResponse) => void;
type Env = Readonly<Record<string, string>>;

const http = process.getBuiltinModule('node:http');
const https = process.getBuiltinModule('node:https');

const transports: readonly (readonly [string, (env: Env) => Transport])[] = [
  ['undici', (env) => undiciTransport(lazyDispatcher(env))],
  ['node', nodeTransport],
];

async function listen(server: Server & { closeAllConnections?(): void }): Promise<number> {
  await new Promise<void>((listening) => server.listen(0, '127.0.0.1', listening));
  onTestFinished(() => {
    server.closeAllConnections?.();
    server.close();
  });
  return (server.address() as AddressInfo).port;
}

async function serve(handler: Handler): Promise<string> {
  return `http://127.0.0.1:${await listen(http.createServer(handler))}`;
}

function exchange(url: string, more: Partial<Exchange> = {}): Exchange {
  return {
    method: 'GET',
    url: new URL(url),
    headers: { accept: 'application/json' },
    body: undefined,
    timeoutMs: 30_000,
    maxBodyBytes: 100_000,
    signal: undefined,
    ...more,
  };
}

async function bodyOf(request: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks).toString();
}

describe.each(transports)('%s', (_, open) => {
  test('method, path, headers and body arrive; status, headers and text come back', async () => {
    const origin = await serve(async (request, response) => {
      const { method, url, headers } = request;
      const { authorization, 'content-length': length } = headers;
      const seen = JSON.stringify({ method, url, authorization, length, body: await bodyOf(request) });
      response.writeHead(418, { 'X-Twice': ['a', 'b'], 'Retry-After': '7' });
      response.end(seen);
    });
    const sent = exchange(`${origin}/a%2Fb?c=%C3%A4`, {
      method: 'POST',
      headers: { authorization: 'Bearer t' },
      body: '{"ü":1}',
    });
    const answer = await open({})(sent);
    expect(answer).toMatchObject({
      kind: 'answer',
      status: 418,
      headers: { 'x-twice': 'a, b', 'retry-after': '7' },
    });
    const seen = { method: 'POST', url: '/a%2Fb?c=%C3%A4', authorization: 'Bearer t', length: '8', body: '{"ü":1}' };
    expect(JSON.parse('text' in answer ? answer.text : '')).toEqual(seen);
  });

  test('a redirect is an answer', async () => {
    const origin = await serve((_request, response) => response.writeHead(302, { location: '/y' }).end());
    expect(await open({})(exchange(origin))).toMatchObject({ status: 302, headers: { location: '/y' } });
  });

  test('gzip is unpacked', async () => {
    const origin = await serve((_request, response) => {
      response.writeHead(200, { 'content-encoding': 'gzip' }).end(gzipSync('hello'));
    });
    expect(await open({})(exchange(origin))).toMatchObject({ text: 'hello' });
  });

  test.each([
    ['plain', (text: string) => [text, {}] as const],
    ['packed', (text: string) => [gzipSync(text), { 'content-encoding': 'gzip' }] as const],
  ])('a %s body that is too large is not read', async (_kind, pack) => {
    const origin = await serve((_request, response) => {
      const [body, headers] = pack('x'.repeat(1_000_000));
      response.writeHead(200, headers).end(body);
    });
    expect(await open({})(exchange(origin))).toEqual({ kind: 'too-large', detail: 'more than 100000 bytes' });
  });

  test.each<[string, Handler]>([
    ['reset before an answer', (request) => void request.socket.resetAndDestroy()],
    ['closed before an answer', (request) => void request.socket.destroy()],
    [
      'cut in the body',
      (request, response) => {
        response.writeHead(200, { 'content-length': '100' });
        response.write('half', () => request.socket.resetAndDestroy());
      },
    ],
    [
      'cut in a chunked body',
      (request, response) => {
        response.write('half', () => request.socket.destroy());
      },
    ],
    [
      'broken gzip',
      (_request, response) => void response.writeHead(200, { 'content-encoding': 'gzip' }).end('not gzip'),
    ],
  ])('%s is broken', async (_kind, handler) => {
    expect(await open({})(exchange(await serve(handler)))).toMatchObject({ kind: 'broken' });
  });

  test('what is no HTTP is broken', async () => {
    const port = await listen(createServer((socket) => socket.on('error', () => undefined).end('SSH-2.0-x\r\n')));
    expect(await open({})(exchange(`http://127.0.0.1:${port}`))).toMatchObject({ kind: 'broken' });
  });

  test('a refused connection is unreachable: nothing was sent', async () => {
    expect(await open({})(exchange('http://127.0.0.1:1/'))).toMatchObject({
      kind: 'unreachable',
      detail: expect.stringContaining('ECONNREFUSED'),
    });
  });

  test.each<[string, Handler]>([
    ['no answer', () => undefined],
    ['a body that never ends', (_request, response) => void response.write('[')],
  ])('%s runs into the limit of the whole', async (_kind, handler) => {
    const origin = await serve(handler);
    expect(await open({})(exchange(origin, { timeoutMs: 200 }))).toMatchObject({ kind: 'timed-out' });
  });

  test('an abort ends it', async () => {
    const controller = new AbortController();
    const origin = await serve((_request, response) => {
      response.write('[', () => controller.abort());
    });
    expect(await open({})(exchange(origin, { signal: controller.signal }))).toMatchObject({ kind: 'aborted' });
    expect(await open({})(exchange(origin, { signal: AbortSignal.abort() }))).toMatchObject({ kind: 'aborted' });
  });

  test('a certificate that nobody vouches for is untrusted', async () => {
    const dir = await testDir();
    const key = join(dir, 'key.pem');
    const cert = join(dir, 'cert.pem');
    const subject = ['-subj', '/CN=127.0.0.1', '-addext', 'subjectAltName=IP:127.0.0.1'];
    execFileSync(
      'openssl',
      [
        'req',
        '-x509',
        '-newkey',
        'ec',
        '-pkeyopt',
        'ec_paramgen_curve:P-256',
        '-nodes',
        '-days',
        '2',
        ...subject,
      ].concat(['-keyout', key, '-out', cert]),
      { stdio: 'ignore' },
    );
    const server = https.createServer({ key: readFileSync(key), cert: readFileSync(cert) }, (_request, response) => {
      response.end('hello');
    });
    const port = await listen(server);
    expect(await open({})(exchange(`https://127.0.0.1:${port}/`))).toMatchObject({ kind: 'untrusted' });
  });

  test('requests in a row share a connection', async () => {
    const sockets = new Set<unknown>();
    const origin = await serve((request, response) => {
      sockets.add(request.socket);
      response.end('x');
    });
    const transport = open({});
    for (let round = 0; round < 6; round += 1) expect(await transport(exchange(origin))).toMatchObject({ text: 'x' });
    expect(sockets.size).toBeLessThan(3);
  });

  test('a proxy is used, whatever the case of its variable, unless NO_PROXY names the host', async () => {
    let tunnels = 0;
    const proxy = http.createServer((request, response) => {
      tunnels += 1;
      const target = new URL(request.url ?? '');
      http.get({ host: target.hostname, port: target.port, path: target.pathname }, (answer) => {
        response.writeHead(answer.statusCode ?? 502);
        answer.pipe(response);
      });
    });
    proxy.on('connect', (request, socket) => {
      tunnels += 1;
      const [host, port] = (request.url ?? '').split(':');
      const target = connect(Number(port), host, () => {
        socket.write('HTTP/1.1 200 OK\r\n\r\n');
        target.pipe(socket).pipe(target);
      });
      target.on('error', () => socket.destroy());
      socket.on('error', () => target.destroy());
    });
    const url = `http://127.0.0.1:${await listen(proxy)}`;
    const origin = await serve((_request, response) => void response.end('through'));
    for (const [env, expected] of [
      [{ HTTP_PROXY: url }, 1],
      [{ http_proxy: url }, 2],
      [{ HTTP_PROXY: url, NO_PROXY: '127.0.0.1' }, 2],
      [{ HTTPS_PROXY: url }, 2],
    ] as const) {
      expect(await open(env)(exchange(origin))).toMatchObject({ text: 'through' });
      expect(tunnels).toBe(expected);
    }
    // https through the tunnel: nobody listens behind it.
    expect(await open({ HTTPS_PROXY: url })(exchange('https://127.0.0.1:1/'))).not.toMatchObject({ kind: 'answer' });
    expect(tunnels).toBe(3);
  });
});
