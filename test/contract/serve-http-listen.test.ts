import { execFileSync } from 'node:child_process';
import { once } from 'node:events';
import { readFile, rename, stat, writeFile } from 'node:fs/promises';
import { request } from 'node:http';
import { Agent, get } from 'node:https';
import { connect, createServer } from 'node:net';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import type { TLSSocket } from 'node:tls';
import { describe, expect, onTestFinished, test } from 'vitest';
import { testDir } from '../support/temp-dir.ts';
import { startSite } from './serve-http-site.ts';
import { someRun, textLog } from './serve-http-store.ts';

async function overSocket(socketPath: string, path: string): Promise<string> {
  const { promise, resolve, reject } = Promise.withResolvers<string>();
  request({ socketPath, path, agent: false }, (response) => text(response).then(resolve, reject))
    .on('error', reject)
    .end();
  return await promise;
}

describe('a unix socket', () => {
  test('is there for owner and group, and goes with the server', async () => {
    const path = join(await testDir(), 'sluice.sock');
    const site = await startSite({ listen: `unix:${path}` });
    expect(site.server.address).toBe(`unix:${path}`);
    expect((await stat(path)).mode & 0o777).toBe(0o660);
    expect(JSON.parse(await overSocket(path, '/healthz'))).toMatchObject({ status: 'ok' });
    await site.server.close();
    await expect(stat(path)).rejects.toThrow('ENOENT');
  });

  test('that a killed process left is taken over', async () => {
    const path = join(await testDir(), 'sluice.sock');
    const leave = `require('net').createServer().listen(${JSON.stringify(path)}, () => process.kill(process.pid, 'SIGKILL'))`;
    expect(() => execFileSync(process.execPath, ['-e', leave], { stdio: 'ignore' })).toThrow();
    expect((await stat(path)).isSocket()).toBe(true);
    await startSite({ listen: `unix:${path}` });
    expect(JSON.parse(await overSocket(path, '/healthz'))).toMatchObject({ status: 'ok' });
  });

  test('of a living process is not', async () => {
    const path = join(await testDir(), 'sluice.sock');
    const other = createServer();
    await new Promise<void>((resolve) => other.listen(path, resolve));
    onTestFinished(() => void other.close());
    await expect(startSite({ listen: `unix:${path}` })).rejects.toMatchObject({ code: 'locked' });
    expect((await stat(path)).isSocket()).toBe(true);
  });

  test('never replaces a file', async () => {
    const path = join(await testDir(), 'precious');
    await writeFile(path, 'data');
    await expect(startSite({ listen: `unix:${path}` })).rejects.toMatchObject({ code: 'config' });
    expect(await readFile(path, 'utf8')).toBe('data');
  });
});

test('an address that is taken is said plainly', async () => {
  const site = await startSite();
  await expect(startSite({ listen: `127.0.0.1:${site.server.port}` })).rejects.toMatchObject({
    code: 'locked',
    message: expect.stringContaining(`cannot listen on 127.0.0.1:${site.server.port}`),
  });
});

test('without a host it listens on all', async () => {
  const site = await startSite({ listen: ':0' });
  expect((await fetch(`http://127.0.0.1:${site.server.port}/healthz`)).status).toBe(200);
});

describe('TLS', () => {
  async function makePair(dir: string, name: string): Promise<void> {
    const files = ['-keyout', join(dir, 'key.pem.new'), '-out', join(dir, 'cert.pem.new')];
    execFileSync(
      'openssl',
      [
        'req',
        '-x509',
        '-newkey',
        'ec',
        '-pkeyopt',
        'ec_paramgen_curve:prime256v1',
        '-nodes',
        '-days',
        '2',
        '-subj',
        `/CN=${name}`,
        ...files,
      ],
      { stdio: 'ignore' },
    );
    for (const file of ['key.pem', 'cert.pem']) await rename(join(dir, `${file}.new`), join(dir, file));
  }

  async function commonName(port: number | undefined): Promise<string> {
    const { promise, resolve, reject } = Promise.withResolvers<string>();
    const agent = new Agent({ rejectUnauthorized: false, maxCachedSessions: 0 });
    get({ host: '127.0.0.1', port, path: '/healthz', agent }, (response) => {
      const name = (response.socket as TLSSocket).getPeerCertificate().subject.CN;
      response.resume().once('end', () => resolve(String(name)));
    }).once('error', reject);
    return await promise.finally(() => agent.destroy());
  }

  test('takes a new certificate without a restart, and keeps the old one while the new is broken', async () => {
    const dir = await testDir();
    const tls = { cert: join(dir, 'cert.pem'), key: join(dir, 'key.pem'), checkMs: 20 };
    await makePair(dir, 'first');
    const site = await startSite({ tls });
    expect(site.url).toMatch(/^https:/);
    expect(await commonName(site.server.port)).toBe('first');
    await makePair(dir, 'second');
    await expect.poll(async () => await commonName(site.server.port), { timeout: 20_000 }).toBe('second');
    await writeFile(tls.cert, 'not a certificate');
    await expect
      .poll(() => site.logged.filter(({ level }) => level === 'error').length, { timeout: 20_000 })
      .toBeGreaterThan(0);
    expect(await commonName(site.server.port)).toBe('second');
    await makePair(dir, 'third');
    await expect.poll(async () => await commonName(site.server.port), { timeout: 20_000 }).toBe('third');
  });

  test('whoever connects and never shakes hands is sent away, like whoever sends no headers', async () => {
    const dir = await testDir();
    await makePair(dir, 'one');
    const tls = { cert: join(dir, 'cert.pem'), key: join(dir, 'key.pem'), checkMs: 1000 };
    const site = await startSite({ tls, limits: { headersMs: 200 } });
    const silent = connect(site.server.port ?? 0, '127.0.0.1');
    onTestFinished(() => void silent.destroy());
    await once(silent.resume(), 'close');
    expect(await commonName(site.server.port)).toBe('one');
  });

  test('a pair that does not belong together stops the start', async () => {
    const dir = await testDir();
    await makePair(dir, 'one');
    await rename(join(dir, 'key.pem'), join(dir, 'other.pem'));
    await makePair(dir, 'two');
    const tls = { cert: join(dir, 'cert.pem'), key: join(dir, 'other.pem'), checkMs: 1000 };
    await expect(startSite({ tls })).rejects.toMatchObject({
      code: 'config',
      message: expect.stringContaining('other.pem'),
    });
  });
});

describe('a prefix in the base URL', () => {
  test('is part of every link, whether the proxy takes it off or not', async () => {
    const site = await startSite({ access: { public: true }, baseUrl: 'https://ci.example.org/sluice/' });
    site.store.all.runs.push(someRun({ id: '1' }));
    textLog(site.store, '1', 'x\n', false);
    for (const path of ['/runs/1', '/sluice/runs/1']) {
      const page = await (await fetch(site.url + path)).text();
      const links = [...page.matchAll(/(?:href|src|action|data-follow)="(\/[^"]*)"/g)].map(([, link]) => link ?? '');
      expect(links.length).toBeGreaterThan(8);
      for (const link of links) expect(link).toMatch(/^\/sluice\//);
    }
    expect((await fetch(`${site.url}/sluice`, { redirect: 'manual' })).headers.get('location')).toBe('/sluice/runs');
    expect((await fetch(`${site.url}/sluicegate`)).status).toBe(404);
  });
});
