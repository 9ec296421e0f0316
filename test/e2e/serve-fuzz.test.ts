import * as fc from 'fast-check';
import { afterEach, describe, expect, test } from 'vitest';
import { deliveryOf, headersOf } from '../support/deliveries/sign.ts';
import { paddedPush } from './serve-padded.ts';
import type { ServeProcess } from './serve-process.ts';
import { forgeTypes, openServeSite, secret } from './serve-site.ts';
import { head, memoryOf, openWire } from './serve-wire.ts';

const place = { repo: 'acme/app', webUrl: 'http://forge.example', actor: 'x' };
const push = { kind: 'push', ref: 'refs/heads/main', after: 'a'.repeat(40) } as const;
const note = { run: [{ name: 'note', on: ['push'], command: ['true'] }], statuses: false };

let server: ServeProcess | undefined;

async function open(serve: object = {}): Promise<ServeProcess> {
  const site = await openServeSite();
  await site.configure(serve, note);
  server = await site.start();
  return server;
}

/** Whatever was sent: the process lives, and takes deliveries as before. */
afterEach(async () => {
  if (server === undefined) return;
  expect(server.child.exitCode).toBeNull();
  const answer = await server.post('github', deliveryOf('github', push, { place, secret }));
  expect(answer).toMatchObject({ status: 202, body: { jobs: 1 } });
  expect(server.said()).not.toMatch(/internal error|unhandled|a request failed/i);
  server = undefined;
});

describe('bodies', () => {
  test('random bytes, signed or not, are never a fault of ours', async () => {
    const site = await openServeSite(forgeTypes);
    await site.configure({}, note);
    const running = await site.start();
    server = running;
    const event = { github: 'push', gitlab: 'Push Hook', gitea: 'pull_request', bitbucket: 'repo:push' } as const;
    const bytes = fc.oneof(
      fc.uint8Array({ maxLength: 300 }),
      fc.json().map((text) => Buffer.from(text)),
      // Almost right.
      fc
        .tuple(fc.constantFrom(...forgeTypes), fc.nat(), fc.nat(255))
        .map(([type, at, byte]) => damaged(deliveryOf(type, push, { place, secret }).body, at, byte)),
    );
    await fc.assert(
      fc.asyncProperty(fc.constantFrom(...forgeTypes), bytes, fc.boolean(), async (type, raw, signed) => {
        const body = Buffer.from(raw);
        const named = type === 'bitbucket-datacenter' ? 'pr:opened' : event[type];
        const headers = headersOf(type, named, crypto.randomUUID(), body, signed ? secret : 'a guess');
        const { status } = await running.post(type, { headers, body });
        expect([type, signed, status]).toEqual([type, signed, signed ? (status === 202 ? 202 : 400) : 401]);
      }),
      { numRuns: 300 },
    );
  });

  test('depth, width, sizes, keys and names that are out of the ordinary', async () => {
    const running = await open();
    const good = JSON.parse(deliveryOf('github', push, { place, secret }).body.toString()) as object;
    const bodies = [
      '['.repeat(200_000),
      `{"a":${'['.repeat(50_000)}${']'.repeat(50_000)}}`,
      `{"__proto__":{"repository":{"full_name":"acme/app"}},"constructor":{"prototype":{}}}`,
      JSON.stringify({ ...good, repository: { full_name: 'a'.repeat(1_000_000) } }),
      JSON.stringify({ ...good, repository: { full_name: '../../etc/passwd' } }),
      JSON.stringify({ ...good, ref: 'refs/heads/$(touch x)' }),
      JSON.stringify({ ...good, ref: `refs/heads/${'x'.repeat(100_000)}` }),
      JSON.stringify({ ...good, ref: 'refs/heads/\u0000' }),
      JSON.stringify({ ...good, ref: 'refs/heads/\ud800' }),
      JSON.stringify({ ...good, after: '-x' }),
      JSON.stringify({ ...good, after: `${'a'.repeat(39)}\n` }),
      `\ufeff${JSON.stringify(good)}`,
      `payload=${encodeURIComponent('{"a":')}`,
      'payload=%',
    ];
    for (const [index, text] of bodies.entries()) {
      const body = Buffer.from(text);
      const headers = headersOf('github', 'push', `odd-${index}`, body, secret);
      const { status } = await running.post('github', { headers, body });
      expect([index, status]).toEqual([index, status === 400 ? 400 : 202]);
    }
  });

  test('ids of deliveries that are out of the ordinary', async () => {
    const running = await open();
    const { headers, body } = deliveryOf('github', push, { place, secret });
    const { 'x-github-delivery': _, ...others } = headers;
    const ids = ["'; DROP TABLE delivery; --", 'x'.repeat(5000), '../../x', '$(id)', '<b>', '\xff', '\u0001'];
    for (const id of ids) {
      const wire = await openWire(running.url);
      wire.write(
        Buffer.from(
          head('/hooks/github', { ...others, 'X-GitHub-Delivery': id, 'Content-Length': `${body.length}` }),
          'latin1',
        ),
      );
      wire.write(body);
      // HTTP itself has no control characters in headers.
      expect([id, await wire.status()]).toEqual([id, id === '\u0001' ? 400 : 202]);
    }
  });
});

function damaged(body: Buffer, at: number, byte: number): Buffer {
  const copy = Buffer.from(body);
  copy[at % copy.length] = byte;
  return copy;
}

describe('requests', () => {
  const nonsense: readonly (readonly [name: string, text: string, status: number | undefined])[] = [
    ['a header of 40 kB', head('/hooks/github', { 'X-Long': 'x'.repeat(40_000), 'Content-Length': '0' }), 431],
    ['10,000 headers', head('/hooks/github', manyHeaders(10_000)), 431],
    ['a chunk whose size is no number', chunked('zz\r\nabc\r\n'), 400],
    ['a chunk that is longer than it says', chunked('2\r\nabcdef\r\n0\r\n\r\n'), 400],
    ['a chunk of 2^64 bytes', chunked('ffffffffffffffffff\r\n'), 400],
    ['a chunk extension without an end', chunked(`1;${'x'.repeat(40_000)}`), 413],
    ['two lengths', head('/hooks/github', { 'Content-Length': '3\r\nContent-Length: 4' }), 400],
    ['a length and chunks', head('/hooks/github', { 'Content-Length': '3', 'Transfer-Encoding': 'chunked' }), 400],
    ['a negative length', head('/hooks/github', { 'Content-Length': '-1' }), 400],
    ['another protocol', '\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03', 400],
    ['a line without an end', 'POST /hooks/github HTTP/1.1\r\nHost: x\r\nX', 400],
    ['no host', 'POST /hooks/github HTTP/1.1\r\nContent-Length: 0\r\n\r\n', 400],
    ['a path that is no path', 'POST /hooks/%zz HTTP/1.1\r\nHost: x\r\nContent-Length: 0\r\n\r\n', 400],
    ['a path of 100 kB', `POST /hooks/${'x'.repeat(100_000)} HTTP/1.1\r\nHost: x\r\n\r\n`, 431],
    ['a way out of the path', head('/hooks/../../etc/passwd', { 'Content-Length': '0' }), 404],
    ['an encoded slash', head('/hooks/github%2f..%2fx', { 'Content-Length': '0' }), 404],
    ['another method', 'PUT /hooks/github HTTP/1.1\r\nHost: x\r\nContent-Length: 0\r\n\r\n', 404],
    ['an unheard-of method', 'BREW /hooks/github HTTP/1.1\r\nHost: x\r\n\r\n', 400],
    ['an upgrade', head('/hooks/github', { Connection: 'Upgrade', Upgrade: 'websocket' }), undefined],
  ];

  test('nonsense is told from a delivery', async () => {
    const running = await open();
    for (const [name, text, status] of nonsense) {
      const wire = await openWire(running.url);
      wire.write(text);
      if (name.endsWith('without an end')) wire.end();
      expect([name, await wire.status()]).toEqual([name, status]);
    }
  });

  test('a sender that goes away in the middle, 50 times at once, leaves nothing behind', async () => {
    const running = await open();
    const { headers, body } = deliveryOf('github', push, { place, secret });
    const wires = await Promise.all(Array.from({ length: 50 }, () => openWire(running.url)));
    for (const [index, wire] of wires.entries()) {
      wire.write(head('/hooks/github', { ...headers, 'Content-Length': `${body.length}` }));
      wire.write(body.subarray(0, (index * body.length) / 50));
      await wire.drained();
      wire.reset();
    }
    for (const wire of wires) expect(await wire.status()).toBeUndefined();
  });

  test('one byte at a time is slow, and good', async () => {
    const running = await open();
    const { headers, body } = deliveryOf('github', push, { place, secret });
    const wire = await openWire(running.url);
    const all = Buffer.concat([
      Buffer.from(head('/hooks/github', { ...headers, 'Content-Length': `${body.length}` })),
      body,
    ]);
    for (const byte of all) {
      wire.write(Uint8Array.of(byte));
      await new Promise((resolve) => setImmediate(resolve));
    }
    expect(await wire.status()).toBe(202);
  });
});

function manyHeaders(count: number): Record<string, string> {
  return Object.fromEntries(Array.from({ length: count }, (_, index) => [`X-${index}`, 'x']));
}

function chunked(body: string): string {
  return head('/hooks/github', { 'Transfer-Encoding': 'chunked' }) + body;
}

test('addresses and questions that nobody would ask are no fault of ours', async () => {
  const running = await open({ public: true });
  await running.post('github', deliveryOf('github', push, { place, secret, guid: 'known' }));
  const ids = [
    '1',
    '0',
    '-1',
    '1e3',
    '9'.repeat(30),
    'NaN',
    '%00',
    '%ff',
    '..%2f..%2fetc%2fpasswd',
    "'",
    'known',
    '💥',
  ];
  const questions = [
    '',
    'limit=-1',
    'limit=1e9',
    'limit=x',
    'before=x',
    `before=${'9'.repeat(40)}`,
    'state=x',
    'repo=%00',
  ];
  const paths = [
    ...ids.flatMap((id) => [`/runs/${id}`, `/runs/${id}/log`, `/deliveries/${id}`, `/deliveries/${id}/body`]),
    ...ids.flatMap((id) => [`/api/v1/jobs/${id}`, `/api/v1/jobs/${id}/log`, `/api/v1/deliveries/${id}`]),
    ...questions.flatMap((ask) => [
      `/runs?${ask}`,
      `/deliveries?${ask}`,
      `/api/v1/jobs?${ask}`,
      `/dead-letters?${ask}`,
    ]),
    ...[
      '/runs/1/log?offset=-1',
      '/runs/1/log?offset=1e99',
      '/runs?q=%e2%28%a1',
      '/runs?branch=a&branch=b',
      '/%',
      '//',
      '/a//b',
    ],
  ];
  for (const path of paths) {
    const { status } = await fetch(running.url + path, { redirect: 'manual' });
    expect([path, status < 500]).toEqual([path, true]);
  }
  for (const action of ['retry', 'cancel', 'replay'])
    for (const id of ids) {
      const { status } = await fetch(`${running.url}/api/v1/jobs/${id}/${action}`, { method: 'POST' });
      expect([action, id, status >= 400 && status < 500]).toEqual([action, id, true]);
    }
});

describe.skipIf(process.platform !== 'linux')('memory (read from /proc: Linux only)', () => {
  const megabyte = 1024 * 1024;

  test.each(['a length', 'chunks'])('a body of 400 MB with %s is 413, and is not held', async (way) => {
    const running = await open();
    await running.post('github', deliveryOf('github', push, { place, secret }));
    const before = await memoryOf(running.pid);
    const wire = await openWire(running.url);
    const sized = way === 'a length';
    wire.write(
      head('/hooks/github', sized ? { 'Content-Length': `${400 * megabyte}` } : { 'Transfer-Encoding': 'chunked' }),
    );
    const piece = Buffer.alloc(megabyte, 'x');
    // The server reads on for a while after its answer, so that the answer arrives.
    for (let sent = 0; sent < 400; sent += 1) {
      if (!sized) wire.write(`${megabyte.toString(16)}\r\n`);
      wire.write(piece);
      if (!sized) wire.write('\r\n');
      if (await wire.drained()) break;
    }
    expect(await wire.status()).toBe(413);
    // The limit of one body (25 MB) may be held for a moment, beside what a garbage collector has not looked at yet.
    expect((await memoryOf(running.pid)).most - before.most).toBeLessThan(120 * 1024);
  });

  test('200 connections at once, each with 1 MB that nobody signed: 401 for all', async () => {
    const running = await open();
    const body = Buffer.alloc(megabyte, 'x');
    const { headers } = deliveryOf('github', push, { place, secret });
    const before = await memoryOf(running.pid);
    const answers = await Promise.all(
      Array.from({ length: 200 }, async () => {
        const wire = await openWire(running.url);
        wire.write(head('/hooks/github', { ...headers, 'Content-Length': `${body.length}` }));
        wire.write(body);
        return await wire.status();
      }),
    );
    expect(new Set(answers)).toEqual(new Set([401]));
    expect((await memoryOf(running.pid)).most - before.most).toBeLessThan(400 * 1024);
  });

  test('a signed delivery of 24 MB is taken', async () => {
    const running = await open();
    const large = paddedPush({ guid: 'large', ref: 'refs/heads/x', after: 'a'.repeat(40), padding: 18_000_000 });
    expect(large.body.length).toBeGreaterThan(24_000_000);
    expect(await running.post('github', large)).toMatchObject({ status: 202, body: { jobs: 1 } });
  });

  test('200 connections that say nothing do not keep a delivery out', async () => {
    const running = await open();
    for (let n = 0; n < 200; n += 1) {
      const wire = await openWire(running.url);
      wire.write('POST /hooks/github HTTP/1.1\r\nHost: x\r\n');
    }
  });
});
