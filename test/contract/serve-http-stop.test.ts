import { connect } from 'node:net';
import { text } from 'node:stream/consumers';
import { expect, test } from 'vitest';
import { startSite } from './serve-http-site.ts';
import { someRun, textLog } from './serve-http-store.ts';

test('a stop answers what was accepted, and takes nothing more', async () => {
  const hold = Promise.withResolvers<void>();
  const site = await startSite({
    async answer() {
      await hold.promise;
      return { status: 202, body: { delivery: 'd-1', jobs: 1 } };
    },
  });
  // One that waits for its answer, one that has sent half, one that is idle.
  const waiting = fetch(`${site.url}/hooks/a`, { method: 'POST', body: 'x' });
  const half = connect(site.server.port ?? 0, '127.0.0.1');
  half.write('POST /hooks/a HTTP/1.1\r\nHost: x\r\nContent-Length: 4\r\n\r\nab');
  const halfAnswer = text(half);
  const idle = connect(site.server.port ?? 0, '127.0.0.1');
  const idleEnd = text(idle);
  idle.write('GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n');
  await new Promise((resolve) => idle.once('data', resolve));
  await expect.poll(() => site.received.length).toBe(1);

  const closed = site.server.close();
  await idleEnd;
  await expect(fetch(`${site.url}/healthz`)).rejects.toThrow();
  half.write('cd');
  await expect.poll(() => site.received.length).toBe(2);
  hold.resolve();
  expect((await waiting).status).toBe(202);
  expect(await halfAnswer).toMatch(/^HTTP\/1\.1 202 /);
  await closed;
});

test('it waits no longer than it may', async () => {
  const site = await startSite({ limits: { stopMs: 100 }, answer: async () => await new Promise(() => undefined) });
  const waiting = fetch(`${site.url}/hooks/a`, { method: 'POST', body: 'x' });
  const failed = expect(waiting).rejects.toThrow();
  await expect.poll(() => site.received.length).toBe(1);
  await site.server.close();
  await failed;
});

test('while it stops it is not ready, and says so on a connection that is still in use', async () => {
  const hold = Promise.withResolvers<void>();
  const site = await startSite({
    async answer() {
      await hold.promise;
      return { status: 202, body: { delivery: 'd-1', jobs: 1 } };
    },
  });
  const delivery = 'POST /hooks/a HTTP/1.1\r\nHost: x\r\nContent-Length: 1\r\n\r\nx';
  const socket = connect(site.server.port ?? 0, '127.0.0.1');
  socket.write(delivery);
  await expect.poll(() => site.received.length).toBe(1);
  const closed = site.server.close();
  // The second delivery tells that the question before it was read.
  socket.write(`GET /readyz HTTP/1.1\r\nHost: x\r\n\r\n${delivery}`);
  await expect.poll(() => site.received.length).toBe(2);
  hold.resolve();
  const answers = await text(socket);
  expect(answers.match(/HTTP\/1\.1 \d+/g)).toEqual(['HTTP/1.1 202', 'HTTP/1.1 503', 'HTTP/1.1 202']);
  expect(answers).toContain('{"status":"stopping"}');
  await closed;
});

test('live pages end at once, and the readers of the store with them', async () => {
  const site = await startSite({ access: { public: true } });
  site.store.all.runs.push(someRun({ id: '1', state: 'running' }));
  textLog(site.store, '1', 'hello\n', false);
  const streams = await Promise.all([fetch(`${site.url}/runs/1/events`), fetch(`${site.url}/events`)]);
  expect(site.store.readers()).toBe(1);
  const ends = streams.map(async (stream) => await stream.text());
  await site.server.close();
  expect((await Promise.all(ends))[0]).toContain('"hello"');
  await expect.poll(() => site.store.readers()).toBe(0);
});

test('closing twice is one closing', async () => {
  const site = await startSite();
  await Promise.all([site.server.close(), site.server.close()]);
  await site.server.close();
});
