import { connect, type Socket } from 'node:net';
import { text } from 'node:stream/consumers';
import fc from 'fast-check';
import { describe, expect, onTestFinished, test } from 'vitest';
import { heldBufferBytes } from './serve-http-memory.ts';
import { type Site, startSite } from './serve-http-site.ts';

const megabyte = 1024 * 1024;

/** A raw connection, for what no HTTP client would send. */
async function dial({ server }: Site): Promise<Socket> {
  const socket = connect(server.port ?? 0, '127.0.0.1');
  onTestFinished(() => void socket.destroy());
  await new Promise((resolve, reject) => socket.once('connect', resolve).once('error', reject));
  // A server may cut a bad sender off: that is an answer too.
  socket.on('error', () => undefined);
  return socket;
}

/** What comes back until the server ends the connection. */
async function exchange(site: Site, request: string | Uint8Array): Promise<string> {
  const socket = await dial(site);
  socket.write(request);
  return await text(socket).catch(() => '');
}

async function isAlive(site: Site): Promise<boolean> {
  const answer = await fetch(`${site.url}/healthz`);
  return answer.ok && ((await answer.json()) as { status: string }).status === 'ok';
}

describe('a delivery', () => {
  test('is handed on exactly as it came, and answered with what the receiver says', async () => {
    const site = await startSite({ answer: () => ({ status: 202, body: { delivery: 'd-7', jobs: 2 } }) });
    const body = Buffer.from([0, 255, 123, 34, 195, 40, 10]);
    const answer = await fetch(`${site.url}/hooks/acme%2Fapp?x=1`, {
      method: 'POST',
      body,
      headers: { 'Content-Type': 'application/json', 'X-GitHub-Event': 'push' },
    });
    expect(answer.status).toBe(202);
    expect(await answer.json()).toEqual({ delivery: 'd-7', jobs: 2 });
    const [delivery] = site.received;
    expect(delivery?.source).toBe('acme/app');
    expect(Buffer.from(delivery?.body ?? [])).toEqual(body);
    expect(delivery?.headers).toMatchObject({ 'content-type': 'application/json', 'x-github-event': 'push' });
  });

  test.each([
    ['no content type', undefined],
    ['a form', 'application/x-www-form-urlencoded'],
    ['text', 'text/plain'],
    ['a strange type', 'application/vnd.acme+json; charset="x"'],
  ])('may come with %s', async (_what, type) => {
    const site = await startSite();
    const headers = type === undefined ? '' : `Content-Type: ${type}\r\n`;
    const answer = await exchange(
      site,
      `POST /hooks/a HTTP/1.1\r\nHost: x\r\n${headers}Content-Length: 2\r\nConnection: close\r\n\r\n{}`,
    );
    expect(answer).toMatch(/^HTTP\/1\.1 202 /);
    expect(site.received[0]?.body).toEqual(Buffer.from('{}'));
  });

  test.each([
    [['127.0.0.0/8'], '203.0.113.9'],
    [[], '127.0.0.1'],
  ])('comes from whom a trusted proxy names (%j: %s)', async (trustProxy, sender) => {
    const site = await startSite({ trustProxy });
    await fetch(`${site.url}/hooks/a`, { method: 'POST', body: '{}', headers: { 'x-forwarded-for': '203.0.113.9' } });
    expect(site.received[0]?.sender?.()).toBe(sender);
  });

  test('to POST / has no source; an empty one is handed on too', async () => {
    const site = await startSite();
    expect((await fetch(`${site.url}/`, { method: 'POST' })).status).toBe(202);
    expect(site.received[0]).toMatchObject({ source: undefined, body: Buffer.alloc(0) });
  });

  test('in chunks is put together', async () => {
    const site = await startSite();
    const chunks = '5\r\nhello\r\n6\r\n world\r\n0\r\n\r\n';
    await exchange(
      site,
      `POST /hooks/a HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\nConnection: close\r\n\r\n${chunks}`,
    );
    expect(Buffer.from(site.received[0]?.body ?? []).toString()).toBe('hello world');
  });

  test('gets 503 with Retry-After when it could not be kept, and the refusals of the receiver as they are', async () => {
    const statuses = [503, 401, 404, 400];
    const site = await startSite({ answer: () => ({ status: statuses.shift() ?? 500, body: { error: 'x' } }) });
    const first = await fetch(`${site.url}/hooks/a`, { method: 'POST', body: 'x' });
    expect([first.status, first.headers.get('retry-after')]).toEqual([503, '30']);
    for (const status of [401, 404, 400])
      expect((await fetch(`${site.url}/hooks/a`, { method: 'POST', body: 'x' })).status).toBe(status);
  });

  test('with a fault of our own is 500 without a word of what broke', async () => {
    const site = await startSite({
      answer: () => {
        throw new Error('secret path /var/lib/x');
      },
    });
    const answer = await fetch(`${site.url}/hooks/a`, { method: 'POST', body: 'x' });
    expect(answer.status).toBe(500);
    expect(await answer.text()).not.toContain('secret path');
    expect(site.logged.some(({ level, message }) => level === 'error' && message.includes('secret path'))).toBe(true);
  });

  test('people who open the address are told what it is for', async () => {
    const site = await startSite();
    const answer = await fetch(`${site.url}/hooks/a`);
    expect([answer.status, answer.headers.get('allow')]).toEqual([405, 'POST']);
  });

  test('many go over one connection', async () => {
    const site = await startSite();
    const socket = await dial(site);
    const one = 'POST /hooks/a HTTP/1.1\r\nHost: x\r\nContent-Length: 1\r\n\r\n1';
    const last = 'POST /hooks/a HTTP/1.1\r\nHost: x\r\nContent-Length: 1\r\nConnection: close\r\n\r\n2';
    socket.write(one.repeat(20) + last);
    const answers = await text(socket);
    expect(answers.match(/HTTP\/1\.1 202 /g)).toHaveLength(21);
    expect(site.received).toHaveLength(21);
  });
});

describe('the limit of a body', () => {
  test('is exact', async () => {
    const site = await startSite({ limits: { bodyBytes: 1000 } });
    const statusOf = async (length: number) =>
      (await fetch(`${site.url}/hooks/a`, { method: 'POST', body: Buffer.alloc(length) })).status;
    expect([await statusOf(1000), await statusOf(1001)]).toEqual([202, 413]);
    expect(site.received).toHaveLength(1);
  });

  test('holds for chunks, and the answer arrives although the sender has not ended', async () => {
    const site = await startSite({ limits: { bodyBytes: 1000 } });
    const socket = await dial(site);
    socket.write('POST /hooks/a HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n');
    const chunk = `400\r\n${'x'.repeat(1024)}\r\n`;
    socket.write(chunk + chunk);
    const answered = new Promise<string>((resolve) => socket.once('data', (data) => resolve(data.toString())));
    expect(await answered).toMatch(/^HTTP\/1\.1 413 .*connection: close/is);
    socket.write('0\r\n\r\n');
    await new Promise((resolve) => socket.once('close', resolve));
    expect(site.received).toHaveLength(0);
  });

  test('who asks first (Expect: 100-continue) is not made to send', async () => {
    const site = await startSite({ limits: { bodyBytes: 1000 } });
    const head = (length: number) =>
      `POST /hooks/a HTTP/1.1\r\nHost: x\r\nExpect: 100-continue\r\nContent-Length: ${length}\r\n\r\n`;
    const refused = await dial(site);
    refused.write(head(5000));
    expect(await new Promise((resolve) => refused.once('data', (data) => resolve(data.toString())))).toMatch(
      /^HTTP\/1\.1 413 /,
    );
    const welcome = await dial(site);
    welcome.write(head(3));
    expect(await new Promise((resolve) => welcome.once('data', (data) => resolve(data.toString())))).toMatch(
      /^HTTP\/1\.1 100 Continue/,
    );
    welcome.write('abc');
    expect(await new Promise((resolve) => welcome.once('data', (data) => resolve(data.toString())))).toMatch(
      /^HTTP\/1\.1 202 /,
    );
  });

  test.each([
    ['announced', `Content-Length: ${400 * megabyte}`, Buffer.alloc(megabyte, 'x')],
    ['in chunks', 'Transfer-Encoding: chunked', Buffer.from(`100000\r\n${'x'.repeat(megabyte)}\r\n`)],
  ])('400 MB do not fill the memory, %s', async (_how, header, piece) => {
    const site = await startSite();
    const before = await heldBufferBytes();
    const socket = await dial(site);
    socket.write(`POST /hooks/a HTTP/1.1\r\nHost: x\r\n${header}\r\n\r\n`);
    const answered = new Promise<string>((resolve) => socket.once('data', (data) => resolve(data.toString())));
    const closed = new Promise<void>((resolve) => socket.once('close', () => resolve()));
    let highest = 0;
    for (let sent = 0; sent < 400 && socket.writable; sent++) {
      if (!socket.write(piece)) await Promise.race([new Promise((resolve) => socket.once('drain', resolve)), closed]);
      if (sent % 20 === 0) highest = Math.max(highest, await heldBufferBytes());
    }
    expect(await answered).toMatch(/^HTTP\/1\.1 413 /);
    await closed;
    // The limit of one body is 25 MB; both sides of the connection live in this process.
    expect(highest - before).toBeLessThan(60 * megabyte);
    expect(await isAlive(site)).toBe(true);
  });

  test('all senders together hold no more than is allowed; later there is room again', async () => {
    const hold = Promise.withResolvers<void>();
    const site = await startSite({
      limits: { bodyBytes: 1000, heldBytes: 1500 },
      async answer() {
        await hold.promise;
        return { status: 202, body: { delivery: 'd', jobs: 1 } };
      },
    });
    const post = async () => await fetch(`${site.url}/hooks/a`, { method: 'POST', body: Buffer.alloc(1000) });
    const first = post();
    await expect.poll(() => site.received.length).toBe(1);
    const second = await post();
    expect([second.status, second.headers.get('retry-after')]).toEqual([503, '10']);
    hold.resolve();
    expect((await first).status).toBe(202);
    expect((await post()).status).toBe(202);
  });
});

describe('bad senders', () => {
  test('that are too slow are cut off, and others are served meanwhile', async () => {
    const site = await startSite({ limits: { headersMs: 300, requestMs: 600 } });
    const slowHeaders = await dial(site);
    slowHeaders.write('POST /hooks/a HTTP/1.1\r\nHost: x\r\n');
    const slowBody = await dial(site);
    slowBody.write('POST /hooks/a HTTP/1.1\r\nHost: x\r\nContent-Length: 100\r\n\r\nx');
    expect((await fetch(`${site.url}/hooks/a`, { method: 'POST', body: 'x' })).status).toBe(202);
    expect(await text(slowHeaders)).toMatch(/^HTTP\/1\.1 408 /);
    expect(await text(slowBody).catch(() => 'HTTP/1.1 408 ')).toMatch(/^HTTP\/1\.1 408 /);
    expect(site.received).toHaveLength(1);
  });

  test('that go away in the middle leave nothing behind', async () => {
    const site = await startSite({ limits: { bodyBytes: 1000, heldBytes: 1000 } });
    for (let round = 0; round < 20; round++) {
      const socket = await dial(site);
      socket.write(`POST /hooks/a HTTP/1.1\r\nHost: x\r\nContent-Length: 1000\r\n\r\n${'x'.repeat(900)}`);
      await new Promise((resolve) => setImmediate(resolve));
      socket.destroy();
    }
    // What they had sent must not count any more.
    await expect
      .poll(async () => (await fetch(`${site.url}/hooks/a`, { method: 'POST', body: Buffer.alloc(1000) })).status)
      .toBe(202);
    expect(site.received).toHaveLength(1);
  });

  test.each([
    [
      'a bomb of headers',
      `POST /hooks/a HTTP/1.1\r\nHost: x\r\n${'X-A: b\r\n'.repeat(100_000)}\r\n`,
      /^HTTP\/1\.1 431 /,
    ],
    [
      'one huge header',
      `POST /hooks/a HTTP/1.1\r\nHost: x\r\nX-A: ${'b'.repeat(megabyte)}\r\n\r\n`,
      /^HTTP\/1\.1 431 /,
    ],
    [
      'a bad chunk',
      'POST /hooks/a HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\nZZ\r\nx\r\n',
      /^(HTTP\/1\.1 400 |$)/,
    ],
    [
      'two lengths',
      'POST /hooks/a HTTP/1.1\r\nHost: x\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nxy',
      /^HTTP\/1\.1 400 /,
    ],
    [
      'length and chunks',
      'POST /hooks/a HTTP/1.1\r\nHost: x\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n',
      /^HTTP\/1\.1 400 /,
    ],
    ['a negative length', 'POST /hooks/a HTTP/1.1\r\nHost: x\r\nContent-Length: -1\r\n\r\n', /^HTTP\/1\.1 400 /],
    ['no host', 'POST /hooks/a HTTP/1.1\r\nContent-Length: 0\r\n\r\n', /^HTTP\/1\.1 400 /],
    ['TLS', Buffer.from('160301020001000100', 'hex'), /^HTTP\/1\.1 400 /],
    [
      'a path that cannot be decoded',
      'POST /hooks/%zz HTTP/1.1\r\nHost: x\r\nContent-Length: 0\r\nConnection: close\r\n\r\n',
      /^HTTP\/1\.1 400 /,
    ],
    ['an upgrade', 'GET /runs HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n', /^$/],
    ['a tunnel', 'CONNECT evil.example:443 HTTP/1.1\r\nHost: evil.example\r\n\r\n', /^$/],
  ])('%s is refused and the connection ended', async (_what, request, expected) => {
    const site = await startSite();
    expect(await exchange(site, request)).toMatch(expected);
    expect(site.received).toHaveLength(0);
    expect(await isAlive(site)).toBe(true);
  });

  test('whatever they send, the process lives and answers the next', async () => {
    const site = await startSite({ limits: { headersMs: 500, requestMs: 500 } });
    const words = [
      'POST',
      'GET',
      ' ',
      '/hooks/a',
      '/',
      'HTTP/1.1',
      '\r\n',
      'Host: x',
      'Content-Length: ',
      '5',
      'Transfer-Encoding: chunked',
      '0',
      '%',
      '\0',
      '\xff',
      'ffffffffffffffff',
      ';',
      ':',
    ];
    const request = fc.array(fc.oneof(fc.constantFrom(...words), fc.string()), { maxLength: 30 });
    await fc.assert(
      fc.asyncProperty(request, async (pieces) => {
        const socket = await dial(site);
        socket.end(Buffer.from(pieces.join(''), 'latin1'));
        await text(socket).catch(() => '');
      }),
      { numRuns: 150 },
    );
    expect(await isAlive(site)).toBe(true);
  });

  test('more connections than allowed are dropped, those that are there are served', async () => {
    const site = await startSite({ limits: { connections: 2 } });
    const sockets = [await dial(site), await dial(site), await dial(site)];
    const third = sockets[2];
    expect(await text(third ?? (await dial(site))).catch(() => '')).toBe('');
    sockets[0]?.write('GET /healthz HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n');
    expect(await text(sockets[0] ?? (await dial(site)))).toMatch(/^HTTP\/1\.1 200 /);
  });
});

test('what is counted tells results apart, and takes no names from strangers', async () => {
  const answers = [
    { status: 202, body: { delivery: 'd', jobs: 1 } },
    { status: 202, body: { delivery: 'd', jobs: 0, reason: 'nothing' } },
    { status: 202, body: { delivery: 'd', jobs: 0, duplicate: true } },
    { status: 200, body: { pong: true } },
    { status: 401, body: {} },
    { status: 404, body: {} },
  ];
  const site = await startSite({
    access: { public: true },
    answer: () => answers.shift() ?? { status: 500, body: {} },
  });
  for (let index = 0; index < 6; index++)
    await fetch(`${site.url}/hooks/${index < 4 ? 'acme' : `stranger-${index}`}`, { method: 'POST', body: 'x' });
  const metrics = await (await fetch(`${site.url}/metrics`)).text();
  const counted = metrics.split('\n').filter((line) => line.startsWith('sluice_deliveries_total'));
  expect(counted).toEqual([
    'sluice_deliveries_total{source="acme",result="accepted"} 1',
    'sluice_deliveries_total{source="acme",result="ignored"} 1',
    'sluice_deliveries_total{source="acme",result="duplicate"} 1',
    'sluice_deliveries_total{source="acme",result="ping"} 1',
    'sluice_deliveries_total{source="unknown",result="unauthenticated"} 1',
    'sluice_deliveries_total{source="unknown",result="unknown-source"} 1',
  ]);
  expect(metrics).not.toContain('stranger');
});
