import { once } from 'node:events';
import { createServer, type RequestListener } from 'node:http';
import type { AddressInfo } from 'node:net';
import { text } from 'node:stream/consumers';
import { setTimeout as delay } from 'node:timers/promises';
import { gzipSync } from 'node:zlib';
import { describe, expect, onTestFinished, test } from 'vitest';
import { openConnections } from '../../../../src/core/git/wire/connections.ts';
import { exchange, type HttpRequest } from '../../../../src/core/git/wire/http-exchange.ts';
import { abortFailure, networkFailure, statusFailure } from '../../../../src/core/git/wire/http-failure.ts';

async function serve(listener: RequestListener, options: Partial<HttpRequest> = {}): Promise<HttpRequest> {
  const server = createServer(listener).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const connections = openConnections({ perHost: 1 });
  onTestFinished(() => {
    connections.close();
    server.close();
    server.closeAllConnections();
  });
  const url = new URL(`http://127.0.0.1:${(server.address() as AddressInfo).port}/`);
  const limits = { connectTimeoutMs: 5000, idleTimeoutMs: 10_000 };
  return { method: 'GET', url, headers: {}, repeatable: true, purpose: 'test', connections, ...limits, ...options };
}

async function read(body: AsyncIterable<Buffer>): Promise<string> {
  let all = '';
  for await (const chunk of body) all += chunk.toString();
  return all;
}

async function* endless(counter: { chunks: number }): AsyncGenerator<Buffer> {
  for (;;) {
    counter.chunks += 1;
    yield Buffer.alloc(16_384);
  }
}

describe('exchange', () => {
  test('unpacks gzip, and counts bytes', async () => {
    const traffic = { sent: 0, received: 0 };
    const request = await serve(
      async (incoming, response) => {
        const echo = await text(incoming);
        response.writeHead(200, { 'content-encoding': 'gzip' }).end(gzipSync(echo.repeat(1000)));
      },
      { method: 'POST', body: Buffer.from('abc'), traffic },
    );
    const answer = await exchange(request);
    expect(await read(answer.body)).toBe('abc'.repeat(1000));
    expect(traffic).toEqual({ sent: 3, received: 3000 });
  });

  test.each([
    ['broken', (whole: Buffer) => Buffer.concat([whole.subarray(0, 12), Buffer.from('garbage')])],
    ['cut off', (whole: Buffer) => whole.subarray(0, -10)],
  ])('gzip that is %s is an error', async (_, damage) => {
    const body = damage(gzipSync('abc'.repeat(1000)));
    const request = await serve((_incoming, response) =>
      response.writeHead(200, { 'content-encoding': 'gzip' }).end(body),
    );
    const answer = await exchange(request);
    await expect(read(answer.body)).rejects.toMatchObject({ code: 'unavailable' });
  });

  test('an answer shorter than it says is an error', async () => {
    const request = await serve((_incoming, response) => {
      response.writeHead(200, { 'content-length': 100 });
      response.write('abc', () => response.destroy());
    });
    const answer = await exchange(request);
    await expect(read(answer.body)).rejects.toMatchObject({ code: 'unavailable' });
  });

  test('a server that takes no more of the body is given up, and the body with it', async () => {
    const counter = { chunks: 0 };
    const request = await serve(() => {}, {
      method: 'POST',
      body: endless(counter),
      repeatable: false,
      idleTimeoutMs: 300,
    });
    await expect(exchange(request)).rejects.toMatchObject({ code: 'timed-out' });
    // Backpressure: what the kernel and the server's buffers took, not an endless amount.
    expect(counter.chunks).toBeLessThan(2000);
  });

  test('a body that takes its time is not the fault of the server', async () => {
    async function* slow() {
      yield Buffer.from('a');
      await delay(600);
      yield Buffer.from('b');
    }
    const request = await serve(async (incoming, response) => response.end(await text(incoming)), {
      method: 'POST',
      body: slow(),
      repeatable: false,
      idleTimeoutMs: 250,
    });
    // The server hears nothing for 600 ms and has nothing to say.
    expect(await read((await exchange(request)).body)).toBe('ab');
  });

  test('a reader that takes its time is not the fault of the server', async () => {
    const request = await serve((_incoming, response) => response.end(Buffer.alloc(300_000)), { idleTimeoutMs: 250 });
    const answer = await exchange(request);
    let bytes = 0;
    let paused = false;
    for await (const chunk of answer.body) {
      bytes += chunk.length;
      if (!paused) await delay(600);
      paused = true;
    }
    expect(bytes).toBe(300_000);
  });

  test('an answer that comes before the body is sent can be read, and ends the body', async () => {
    const counter = { chunks: 0, ended: false };
    async function* body() {
      try {
        yield* endless(counter);
      } finally {
        counter.ended = true;
      }
    }
    const request = await serve((_incoming, response) => void response.writeHead(413).end('no'), {
      method: 'POST',
      body: body(),
      repeatable: false,
    });
    const answer = await exchange(request);
    expect(answer.status).toBe(413);
    expect(await read(answer.body)).toBe('no');
    await expect.poll(() => counter.ended).toBe(true);
  });

  test('a request that waits for a free connection can be interrupted', async () => {
    const request = await serve(() => {});
    const first = new AbortController();
    const second = new AbortController();
    const blocked = exchange({ ...request, signal: first.signal });
    const waiting = exchange({ ...request, signal: second.signal });
    second.abort();
    await expect(waiting).rejects.toMatchObject({ code: 'interrupted' });
    first.abort();
    await expect(blocked).rejects.toMatchObject({ code: 'interrupted' });
  });

  test('a body that throws cuts the request off and is the error', async () => {
    const begun = Promise.withResolvers<void>();
    const seen = Promise.withResolvers<string>();
    async function* body() {
      yield Buffer.from('a');
      await begun.promise;
      throw new Error('the source broke');
    }
    const request = await serve(
      (incoming) => {
        begun.resolve();
        incoming.on('error', (error) => seen.resolve(error.message)).resume();
      },
      { method: 'POST', body: body(), repeatable: false },
    );
    await expect(exchange(request)).rejects.toThrow('the source broke');
    expect(await seen.promise).toBe('aborted');
  });
});

describe('failures', () => {
  test('Retry-After as seconds, as a date, as nonsense', () => {
    const now = Date.UTC(2026, 0, 1);
    const pause = (value: string) =>
      statusFailure('x', { status: 429, headers: { 'retry-after': value } }, now).retryAfterMs;
    expect(pause('120')).toBe(120_000);
    expect(pause(new Date(now + 5000).toUTCString())).toBe(5000);
    expect(pause(new Date(now - 5000).toUTCString())).toBe(0);
    expect(pause('soon')).toBeUndefined();
  });

  test('a certificate problem says what to do', () => {
    const cause = Object.assign(new Error('self-signed certificate'), { code: 'DEPTH_ZERO_SELF_SIGNED_CERT' });
    expect(networkFailure('x', cause).hint).toContain('NODE_EXTRA_CA_CERTS');
  });

  test('the reason of an aborted signal is kept when it fits', () => {
    const own = statusFailure('x', { status: 503, headers: {} });
    expect(abortFailure('y', AbortSignal.abort(own))).toBe(own);
    expect(abortFailure('y', AbortSignal.abort('because')).code).toBe('interrupted');
  });
});
