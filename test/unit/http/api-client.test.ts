import type { IncomingMessage, Server, ServerResponse } from 'node:http';
import { type AddressInfo, connect } from 'node:net';
import { gzipSync } from 'node:zlib';
import { describe, expect, onTestFinished, test } from 'vitest';
import { createApiClient } from '../../../src/core/http/api-client.ts';
import type { ApiClient, ApiRequest } from '../../../src/core/http/client.ts';
import type { AnswerFacts, ApiClientOptions } from '../../../src/core/http/settings.ts';

type Handler = (request: IncomingMessage, response: ServerResponse) => void;

const http = process.getBuiltinModule('node:http');

async function listen(server: Server): Promise<string> {
  await new Promise<void>((listening) => server.listen(0, '127.0.0.1', listening));
  onTestFinished(() => {
    server.closeAllConnections();
    server.close();
  });
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

function clientOf(baseUrl: string, options: Partial<ApiClientOptions> = {}): ApiClient {
  return createApiClient({
    baseUrl,
    authenticate: async () => ({}),
    env: {},
    sleep: async () => undefined,
    random: () => 0,
    ...options,
  });
}

async function serve(handler: Handler, options: Partial<ApiClientOptions> = {}): Promise<ApiClient> {
  return clientOf(await listen(http.createServer(handler)), options);
}

const get: ApiRequest<unknown> = { path: '/x', decode: (value) => value, purpose: 'get x' };

function sendJson(response: ServerResponse, value: unknown, headers: Record<string, string> = {}): void {
  response.writeHead(200, { 'content-type': 'application/json', ...headers });
  response.end(JSON.stringify(value));
}

describe('bodies', () => {
  test('gzip is asked for and unpacked', async () => {
    const client = await serve(({ headers }, response) => {
      response.writeHead(200, { 'content-encoding': 'gzip' });
      response.end(gzipSync(JSON.stringify({ asked: headers['accept-encoding'] })));
    });
    expect(await client.send(get)).toMatchObject({ value: { asked: 'gzip' } });
  });

  test.each([
    ['plain', (text: string) => [text, {}] as const],
    ['packed', (text: string) => [gzipSync(text), { 'content-encoding': 'gzip' }] as const],
  ])('a %s one that is too large is refused, once', async (_, pack) => {
    let requests = 0;
    const handler: Handler = (_request, response) => {
      requests += 1;
      const [body, headers] = pack(JSON.stringify('x'.repeat(1_000_000)));
      response.writeHead(200, headers);
      response.end(body);
    };
    const client = await serve(handler, { maxBodyBytes: 100_000 });
    await expect(client.send(get)).rejects.toMatchObject({ code: 'unavailable' });
    expect(requests).toBe(1);
  });

  test('broken gzip is a broken connection', async () => {
    const client = await serve((_, response) => {
      response.writeHead(200, { 'content-encoding': 'gzip' });
      response.end('not gzip');
    });
    await expect(client.send(get)).rejects.toMatchObject({ code: 'unavailable' });
  });

  test('none is undefined, and a decoder that throws tells the place', async () => {
    const client = await serve((request, response) => {
      if (request.url === '/empty') response.writeHead(204).end();
      else sendJson(response, {});
    });
    expect(await client.send({ ...get, path: '/empty' })).toMatchObject({ status: 204, value: undefined });
    const decode = () => {
      throw Object.assign(new Error('all of it'), {
        issues: [{ path: ['head', 0, 'sha'], message: 'expected string' }],
      });
    };
    await expect(client.send({ ...get, decode })).rejects.toThrow('head.0.sha: expected string');
  });

  test('a failure that is accepted comes with the forge’s words', async () => {
    const client = await serve((_, response) => {
      response.writeHead(422, { 'content-type': 'application/json' });
      response.end('{"message":"name already exists"}');
    });
    expect(await client.send({ ...get, accept: [422] })).toMatchObject({
      status: 422,
      value: undefined,
      refusal: 'name already exists',
    });
  });

  test.each(['GET', 'POST'] as const)(
    '202 and 206 are not the whole answer to %s, whatever they hold',
    async (method) => {
      const client = await serve((request, response) => {
        response.writeHead(Number(request.url?.slice(1)), { 'content-type': 'application/json' }).end('[]');
      });
      for (const status of [202, 206]) {
        const request: ApiRequest<unknown> = { ...get, method, path: `/${status}` };
        await expect(client.send(request)).rejects.toMatchObject({
          code: 'unavailable',
          message: expect.stringContaining(`answered ${status}, which is not the whole answer`),
        });
        expect(await client.send({ ...request, accept: [status] })).toMatchObject({ status, value: undefined });
      }
    },
  );
});

describe('requests', () => {
  test('each attempt authenticates anew; headers and JSON arrive', async () => {
    const seen: unknown[] = [];
    let tokens = 0;
    const handler: Handler = (request, response) => {
      const { authorization, 'user-agent': agent, 'content-type': type, accept } = request.headers;
      let body = '';
      request.on('data', (chunk) => {
        body += chunk;
      });
      request.on('end', () => {
        seen.push({ authorization, agent, type, accept, body, method: request.method });
        if (seen.length === 1) response.writeHead(503, { 'retry-after': '1' }).end();
        else sendJson(response, {});
      });
    };
    const authenticate = async () => {
      tokens += 1;
      return { authorization: `Bearer t${tokens}` };
    };
    const client = await serve(handler, { authenticate, userAgent: 'sluice/9', headers: { accept: 'a/b' } });
    await client.send({ ...get, method: 'POST', body: { ünï: 1 } });
    const same = { agent: 'sluice/9', type: 'application/json', accept: 'a/b', body: '{"ünï":1}', method: 'POST' };
    expect(seen).toEqual([
      { ...same, authorization: 'Bearer t1' },
      { ...same, authorization: 'Bearer t2' },
    ]);
  });

  test('waits are announced, with what is waited for', async () => {
    const waits: unknown[] = [];
    let failures = 1;
    const handler: Handler = (_, response) => {
      if (failures === 0) return sendJson(response, {});
      failures -= 1;
      response.writeHead(502).end();
    };
    const client = await serve(handler, { onWait: (wait) => waits.push(wait) });
    await client.send(get);
    expect(waits).toEqual([{ purpose: 'get x', waitMs: 250, reason: expect.stringContaining('answered 502') }]);
  });

  test('an abort during a wait ends it', async () => {
    const controller = new AbortController();
    const client = clientOf(await listen(http.createServer((_, response) => response.writeHead(502).end())), {
      sleep: async (_, signal) => {
        controller.abort();
        signal?.throwIfAborted();
      },
    });
    await expect(client.send({ ...get, signal: controller.signal })).rejects.toMatchObject({ code: 'interrupted' });
  });
});

describe('redirects', () => {
  const redirecting =
    (status: number, location: string): Handler =>
    (request, response) => {
      if (request.url === '/api/new') sendJson(response, { method: request.method });
      else response.writeHead(status, { location }).end();
    };

  async function send(status: number, location: string, method: 'GET' | 'POST'): Promise<unknown> {
    const origin = await listen(http.createServer(redirecting(status, location)));
    return (await clientOf(`${origin}/api`).send({ ...get, method })).value;
  }

  test.each([
    [301, 'GET'],
    [302, 'GET'],
    [307, 'GET'],
    [307, 'POST'],
    [308, 'POST'],
  ] as const)('%i of a %s below the base is followed', async (status, method) => {
    expect(await send(status, '/api/new', method)).toEqual({ method });
  });

  test.each([
    [301, '/api/new', 'POST'],
    [303, '/api/new', 'GET'],
    [302, '/login', 'GET'],
    [302, '/api/loop', 'GET'],
    [307, 'http://127.0.0.1:1/api/new', 'POST'],
  ] as const)('%i to %s of a %s is not', async (status, location, method) => {
    await expect(send(status, location, method)).rejects.toMatchObject({
      code: 'unavailable',
      message: expect.stringContaining('redirects to'),
    });
  });
});

test('a listing has a limit', async () => {
  let page = 0;
  const client = await serve((_, response) => sendJson(response, ['x']), { maxPages: 5 });
  const next = () => {
    page += 1;
    return { path: `/x?page=${page}` };
  };
  const listing = client.sendAll({ ...get, decode: (value) => value as string[] }, next);
  await expect(listing).rejects.toThrow('more than 5 pages');
  expect(page).toBe(5);
});

describe('a proxy', () => {
  /** Tunnels, and takes plain requests; counts both. */
  async function startProxy(): Promise<{ readonly url: string; requests(): number }> {
    let requests = 0;
    const proxy = http.createServer((request, response) => {
      requests += 1;
      const target = new URL(request.url ?? '');
      const through = { host: target.hostname, port: target.port, path: target.pathname, headers: request.headers };
      request.pipe(
        http.request({ ...through, method: request.method }, (answer) => {
          response.writeHead(answer.statusCode ?? 502, answer.headers);
          answer.pipe(response);
        }),
      );
    });
    proxy.on('connect', (request, socket) => {
      requests += 1;
      const [host, port] = (request.url ?? '').split(':');
      const target = connect(Number(port), host, () => {
        socket.write('HTTP/1.1 200 OK\r\n\r\n');
        target.pipe(socket);
        socket.pipe(target);
      });
      target.on('error', () => socket.destroy());
      socket.on('error', () => target.destroy());
    });
    return { url: await listen(proxy), requests: () => requests };
  }

  test.each([
    [{}, 1],
    [{ NO_PROXY: 'elsewhere.example, 127.0.0.1' }, 0],
  ])('is used unless NO_PROXY names the host: %j', async (more, expected) => {
    const proxy = await startProxy();
    const origin = await listen(http.createServer((_, response) => sendJson(response, 'hello')));
    const client = clientOf(origin, { env: { HTTP_PROXY: proxy.url, ...more } });
    expect(await client.send(get)).toMatchObject({ value: 'hello' });
    expect(proxy.requests()).toBe(expected);
  });
});

test('whoever counts is told of each attempt, with what is left of the rate limit', async () => {
  const facts: AnswerFacts[] = [];
  let requests = 0;
  const handler: Handler = ({ socket }, response) => {
    requests += 1;
    if (requests === 1) socket.destroy();
    else if (requests === 2) response.writeHead(503).end();
    else sendJson(response, {}, { 'x-ratelimit-remaining': '41', 'x-ratelimit-resource': 'core' });
  };
  const client = await serve(handler, { onAnswer: (answer) => void facts.push(answer) });
  await client.send(get);
  expect(facts).toEqual([
    { status: 0, remaining: undefined },
    { status: 503, remaining: undefined },
    { status: 200, remaining: 41, resource: 'core' },
  ]);
});
