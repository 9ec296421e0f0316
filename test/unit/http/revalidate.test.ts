import type { IncomingHttpHeaders, ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { describe, expect, onTestFinished, test } from 'vitest';
import { createApiClient } from '../../../src/core/http/api-client.ts';
import type { ApiClient, ApiRequest } from '../../../src/core/http/client.ts';
import { type KeptAnswers, keptInMemory } from '../../../src/core/http/kept-answers.ts';
import { nextByLink } from '../../../src/core/http/link-header.ts';
import { nodeTransport } from '../../../src/core/http/node-transport.ts';
import { revalidating } from '../../../src/core/http/revalidate.ts';
import type { AnswerFacts, ApiClientOptions } from '../../../src/core/http/settings.ts';

interface Reply {
  readonly status?: number;
  readonly headers?: Readonly<Record<string, string>>;
  /** Sent as it is; anything but a string as JSON. */
  readonly body?: unknown;
}

interface Site {
  readonly origin: string;
  /** The If-None-Match of every request. */
  readonly conditions: (string | undefined)[];
  readonly facts: AnswerFacts[];
  readonly kept: KeptAnswers;
  client(options?: Partial<ApiClientOptions>): ApiClient;
}

/** A server that answers by `reply`, and clients that share what is kept. */
async function serve(reply: (path: string, headers: IncomingHttpHeaders, count: number) => Reply): Promise<Site> {
  const conditions: (string | undefined)[] = [];
  const facts: AnswerFacts[] = [];
  const kept = keptInMemory();
  const server = process.getBuiltinModule('node:http').createServer((request, response) => {
    conditions.push(request.headers['if-none-match']);
    send(response, reply(request.url ?? '', request.headers, conditions.length));
  });
  await new Promise<void>((listening) => server.listen(0, '127.0.0.1', listening));
  onTestFinished(() => {
    server.closeAllConnections();
    server.close();
  });
  const origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  return {
    origin,
    conditions,
    facts,
    kept,
    client: (options = {}) =>
      createApiClient({
        baseUrl: origin,
        authenticate: async () => ({ authorization: 'Bearer one' }),
        transport: revalidating(nodeTransport({}), kept),
        sleep: async () => undefined,
        random: () => 0,
        onAnswer: (answer) => facts.push(answer),
        ...options,
      }),
  };
}

function send(response: ServerResponse, { status = 200, headers = {}, body }: Reply): void {
  const text = typeof body === 'string' ? body : JSON.stringify(body);
  response.writeHead(status, { ...(body === undefined ? {} : { 'content-type': 'application/json' }), ...headers });
  response.end(text);
}

/** Answers 304 to whoever has the tag, and the body to everybody else. */
function unlessKnown(asked: IncomingHttpHeaders, { headers = {}, ...reply }: Reply): Reply {
  if (headers.etag !== undefined && asked['if-none-match'] === headers.etag) return { status: 304, headers };
  return { headers, ...reply };
}

const get: ApiRequest<unknown> = { path: '/x', decode: (value) => value, purpose: 'get x' };

describe('an answer that still stands', () => {
  test.each(['"a"', 'W/"a"'])('is asked for by %s and comes with the headers of now', async (etag) => {
    let left = 10;
    const site = await serve((_, asked) => {
      left -= asked['if-none-match'] === undefined ? 1 : 0;
      const headers = { etag, 'x-ratelimit-remaining': String(left), date: `today, ${left}` };
      return unlessKnown(asked, { headers, body: { big: 'ü'.repeat(1000) } });
    });
    const whole = await site.client().send(get);
    left = 7;
    const again = await site.client().send(get);
    expect(site.conditions).toEqual([undefined, etag]);
    expect(again).toMatchObject({ status: whole.status, value: whole.value, refusal: undefined });
    expect(again.headers).toMatchObject({ 'content-type': 'application/json', date: 'today, 7' });
    expect(site.facts).toEqual([
      { status: 200, remaining: 9 },
      { status: 200, remaining: 7 },
    ]);
  });

  test('that has changed is replaced', async () => {
    let version = 1;
    const site = await serve((_, asked) =>
      unlessKnown(asked, { headers: { etag: `"${version}"` }, body: { version } }),
    );
    const versions: unknown[] = [];
    for (version of [1, 1, 2, 2, 1]) versions.push((await site.client().send(get)).value);
    expect(versions.map((value) => (value as { version: number }).version)).toEqual([1, 1, 2, 2, 1]);
    expect(site.conditions).toEqual([undefined, '"1"', '"1"', '"2"', '"2"']);
  });

  test('is found again after a failure that is retried, and behind a redirect', async () => {
    const site = await serve((path, asked, count) => {
      if (path === '/old') return { status: 301, headers: { location: '/x' } };
      if (count === 4) return { status: 503, headers: { etag: '"a"' }, body: {} };
      return unlessKnown(asked, { headers: { etag: '"a"' }, body: ['x'.repeat(9)].length });
    });
    const request = { ...get, path: '/old' };
    expect(await site.client().send(request)).toMatchObject({ value: 1 });
    expect(await site.client().send(request)).toMatchObject({ value: 1 });
    expect(site.conditions).toEqual([undefined, undefined, undefined, '"a"', '"a"']);
  });

  test('is no answer any more when the forge fails, refuses, or does not have it', async () => {
    let status = 200;
    const site = await serve(() => ({ status, headers: { etag: '"a"' }, body: { message: 'no' } }));
    await site.client().send(get);
    const codes = [];
    for (status of [401, 403, 404, 500]) {
      codes.push(
        await site
          .client()
          .send(get)
          .catch((error) => error.code),
      );
    }
    expect(codes).toEqual(['denied', 'denied', 'not-found', 'unavailable']);
  });
});

describe('whose answer it is', () => {
  const body = { of: 'all' };
  const reply = (_: string, asked: IncomingHttpHeaders) => unlessKnown(asked, { headers: { etag: '"a"' }, body });

  test.each<[string, Partial<ApiClientOptions>, Partial<ApiRequest<unknown>>]>([
    ['another credential', { authenticate: async () => ({ authorization: 'Bearer two' }) }, {}],
    ['no credential', { authenticate: async () => ({}) }, {}],
    ['another kind of credential', { authenticate: async () => ({ 'private-token': 'Bearer one' }) }, {}],
    ['another form', { headers: { accept: 'application/vnd.x+json' } }, {}],
    ['another path', {}, { path: '/y' }],
    ['another query', {}, { query: { sha: 'b' } }],
  ])('%s is asked for the whole', async (_, options, request) => {
    const site = await serve(reply);
    await site.client().send(get);
    await site.client(options).send({ ...get, ...request });
    expect(site.conditions).toEqual([undefined, undefined]);
  });

  test('another host', async () => {
    const site = await serve(reply);
    const other = await serve(reply);
    const transport = revalidating(nodeTransport({}), site.kept);
    await site.client().send(get);
    await other.client({ transport }).send(get);
    expect(other.conditions).toEqual([undefined]);
  });

  test.each(['POST', 'PUT', 'PATCH', 'DELETE'] as const)('a %s is never conditional, nor kept', async (method) => {
    const site = await serve(reply);
    const change = { ...get, method };
    await site.client().send(change);
    await site.client().send(get);
    await site.client().send(change);
    expect(site.conditions).toEqual([undefined, undefined, undefined]);
  });
});

describe('what is not kept', () => {
  const etag = '"a"';
  test.each<[string, Reply]>([
    ['no tag', { body: {} }],
    ['a tag without quotes', { headers: { etag: 'a' }, body: {} }],
    ['a tag with a space in it', { headers: { etag: '"a b"' }, body: {} }],
    ['a tag that never ends', { headers: { etag: `"${'a'.repeat(600)}"` }, body: {} }],
    ['no-store', { headers: { etag, 'cache-control': 'private, no-store' }, body: {} }],
    ['what varies by everything', { headers: { etag, vary: '*' }, body: {} }],
    ['another type', { headers: { etag, 'content-type': 'text/plain' }, body: {} }],
    ['more than is worth it', { headers: { etag }, body: { x: 'x'.repeat(1_000_000) } }],
    ['an empty body', { headers: { etag, 'content-type': 'application/json' } }],
    ['half of a body', { headers: { etag }, body: '{"x": [1, 2' }],
    ['a web page', { headers: { etag }, body: '<html></html>' }],
    ['a failure', { status: 404, headers: { etag }, body: {} }],
    ['a part', { status: 206, headers: { etag }, body: {} }],
  ])('%s', async (_, reply) => {
    const site = await serve(() => reply);
    const ask = () =>
      site
        .client()
        .send({ ...get, accept: [404, 206] })
        .catch(() => {});
    await ask();
    await ask();
    expect(site.conditions).toEqual([undefined, undefined]);
  });
});

describe('a 304', () => {
  test('that was not asked for is a failure', async () => {
    const site = await serve(() => ({ status: 304 }));
    await expect(site.client().send(get)).rejects.toMatchObject({
      code: 'unavailable',
      message: expect.stringContaining('answered 304, which was not asked for'),
    });
  });

  test('about another answer is asked past', async () => {
    const site = await serve((_, asked, count) => {
      if (asked['if-none-match'] !== undefined) return { status: 304, headers: { etag: '"other"' } };
      return { headers: { etag: `"${count}"` }, body: { count } };
    });
    expect(await site.client().send(get)).toMatchObject({ value: { count: 1 } });
    expect(await site.client().send(get)).toMatchObject({ value: { count: 3 } });
    expect(site.conditions).toEqual([undefined, '"1"', undefined]);
  });

  test.each([
    ['without a tag', {}],
    ['with the tag that a proxy made weak', { etag: 'W/"a"' }],
  ])('%s is about what was asked', async (_, headers) => {
    const site = await serve((_path, asked) =>
      asked['if-none-match'] === undefined ? { headers: { etag: '"a"' }, body: 5 } : { status: 304, headers },
    );
    await site.client().send(get);
    expect(await site.client().send(get)).toMatchObject({ status: 200, value: 5 });
    expect(site.conditions).toEqual([undefined, '"a"']);
  });
});

describe('pages', () => {
  /** A listing of GitHub's kind, whose tags say nothing of the Link header. `links`: whether a 304 has one. */
  async function listing(pageSize: number, links: boolean) {
    const all: number[] = [];
    let confirmed = 0;
    const site = await serve((path, asked) => {
      const page = Number(new URL(path, 'http://x').searchParams.get('page') ?? 1);
      const items = all.slice((page - 1) * pageSize, page * pageSize);
      const link = `<${site.origin}/x?per_page=${pageSize}&page=${page + 1}>; rel="next"`;
      const headers = { etag: `"${items.join('-')}"`, ...(all.length > page * pageSize ? { link } : {}) };
      const reply = unlessKnown(asked, { headers, body: items });
      if (reply.status !== 304) return reply;
      confirmed += 1;
      return links ? reply : { status: 304, headers: { etag: headers.etag } };
    });
    const request: ApiRequest<readonly number[]> = {
      ...get,
      query: { per_page: pageSize },
      decode: (value) => value as number[],
    };
    return {
      all,
      confirmed: () => confirmed,
      read: () => site.client().sendAll(request, nextByLink(site.origin)),
    };
  }

  test.each([
    ['GitHub’s, without Link', false],
    ['Rack’s, with Link', true],
  ])('none is missed while a list grows and shrinks, with 304s such as %s', async (_, links) => {
    const list = await listing(10, links);
    const lengths = [...Array.from({ length: 32 }, (_entry, at) => at), 20, 20, 21, 10, 10, 11, 3, 0, 1];
    for (const length of lengths) {
      list.all.length = Math.min(length, list.all.length);
      while (list.all.length < length) list.all.push(list.all.length + 1);
      expect(await list.read()).toEqual(list.all);
    }
    expect(list.confirmed()).toBeGreaterThan(20);
  });

  test('each is confirmed by itself', async () => {
    const list = await listing(10, false);
    list.all.push(...Array.from({ length: 23 }, (_, at) => at));
    await list.read();
    expect(list.confirmed()).toBe(0);
    await list.read();
    expect(list.confirmed()).toBe(3);
    list.all[12] = 99;
    expect(await list.read()).toEqual(list.all);
    expect(list.confirmed()).toBe(5);
  });

  test.each([
    ['a full last page', 10, 0],
    ['one that is more than half full', 6, 0],
    ['one that is half full', 5, 1],
  ])('%s', async (_, length, confirmed) => {
    const list = await listing(10, true);
    list.all.push(...Array.from({ length }, (_entry, at) => at));
    await list.read();
    await list.read();
    expect(list.confirmed()).toBe(confirmed);
  });

  test('a list whose page size nobody knows is not kept', async () => {
    const site = await serve((_, asked) => unlessKnown(asked, { headers: { etag: '"a"' }, body: [1] }));
    await site.client().send(get);
    await site.client().send(get);
    expect(site.conditions).toEqual([undefined, undefined]);
  });

  test('of what was said of the next page, the latest counts', async () => {
    const link = (page: number) => `<https://x/?page=${page}>; rel="next"`;
    const site = await serve((_, asked, count) => {
      const headers = { etag: '"a"', 'x-total-count': '40', 'x-next-page': '2', link: link(2) };
      if (asked['if-none-match'] === undefined) return { headers, body: [1, 2] };
      return { status: 304, headers: count === 2 ? {} : { link: '<https://x/>; rel="first"', 'x-next-page': '' } };
    });
    await site.client().send(get);
    const silent = await site.client().send(get);
    expect(silent.headers).toMatchObject({ link: link(2), 'x-next-page': '2' });
    expect(silent.headers).not.toHaveProperty('x-total-count');
    const last = await site.client().send(get);
    expect(last.headers).toMatchObject({ link: '<https://x/>; rel="first"', 'x-next-page': '' });
  });
});
