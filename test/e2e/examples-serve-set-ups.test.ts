import { spawn, spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { readFile, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { expect, onTestFinished, test, vi } from 'vitest';
import { deliveryOf } from '../support/deliveries/sign.ts';
import { testDir } from '../support/temp-dir.ts';
import { type ServeProcess, startServe } from './serve-process.ts';

const examples = join(import.meta.dirname, '../../examples');
const secret = 'a secret of the example';

const configuration = {
  repositories: [
    {
      repo: 'github:acme/app',
      name: 'app',
      webhook: { secrets: [{ env: 'HOOK_SECRET' }] },
      run: [{ name: 'note', on: ['push'], command: ['true'] }],
      statuses: false,
    },
  ],
  serve: { baseUrl: 'https://ci.example.org', public: true, reconcile: 0 },
};

/** Starts the command line of an example, `sluice serve …`, with places of the test for those of the machine. */
async function startAs(line: readonly string[], places: Readonly<Record<string, string>>): Promise<ServeProcess> {
  const [command, ...args] = line.slice(1).map((word) => {
    const [from, to] = Object.entries(places).find(([place]) => word.includes(place)) ?? ['', ''];
    return from === '' ? word : word.replace(from, to);
  });
  expect(command).toBe('serve');
  const dir = await testDir();
  await writeFile(places['/etc/sluice/sluice.yaml'] ?? '', JSON.stringify(configuration));
  return await startServe(args, { cwd: dir, env: { HOME: dir, HOOK_SECRET: secret } });
}

test('serve-systemd: its command line starts, over a socket for the group', async () => {
  const dir = await testDir();
  const unit = await readFile(join(examples, 'serve-systemd/sluice-serve.service'), 'utf8');
  const line = /^ExecStart=(.*)$/m.exec(unit)?.[1]?.split(' ') ?? [];
  const server = await startAs(line, {
    '/etc/sluice/sluice.yaml': join(dir, 'sluice.yaml'),
    '${STATE_DIRECTORY}': join(dir, 'state'),
    '/run/sluice': dir,
  });
  expect(server.url).toBe(`unix:${dir}/http.sock`);
  expect(await server.stop()).toMatchObject({ status: Number(/^SuccessExitStatus=(\d+)$/m.exec(unit)?.[1]) });
});

const verifier = ['/usr/bin/systemd-analyze', '/bin/systemd-analyze'].find((path) => existsSync(path));

test.skipIf(verifier === undefined)('serve-systemd: systemd knows every word of the unit (needs systemd)', async () => {
  const path = join(await testDir(), 'sluice-serve.service');
  const unit = await readFile(join(examples, 'serve-systemd/sluice-serve.service'), 'utf8');
  await writeFile(path, unit.replace('/usr/local/bin/sluice', process.execPath));
  const verified = spawnSync(verifier ?? '', ['verify', '--man=no', path], { encoding: 'utf8' });
  // Other units of the machine may have faults of their own.
  const said = verified.stderr.split('\n').filter((line) => line.includes('sluice-serve'));
  expect(said).toEqual([]);
});

test('serve-container: its command line starts', async () => {
  const dir = await testDir();
  const file = await readFile(join(examples, 'serve-container/Containerfile'), 'utf8');
  const words = JSON.parse(/^CMD (.*)$/m.exec(file)?.[1] ?? '[]') as readonly string[];
  const server = await startAs(['sluice', ...words], {
    '/etc/sluice/sluice.yaml': join(dir, 'sluice.yaml'),
    '0.0.0.0:8080': '127.0.0.1:0',
    '/data': join(dir, 'data'),
  });
  expect((await fetch(`${server.url}/readyz`)).status).toBe(200);
});

const caddy = process.env.CADDY ?? ['/usr/bin/caddy', '/usr/local/bin/caddy'].find((path) => existsSync(path));

test.skipIf(caddy === undefined)('serve-caddy: deliveries, pages and limits through Caddy (needs caddy)', async () => {
  const dir = await testDir();
  const socket = join(dir, 'http.sock');
  const config = join(dir, 'sluice.yaml');
  await writeFile(config, JSON.stringify(configuration));
  const args = ['--config', config, '--listen', `unix:${socket}`, '--data-dir', join(dir, 'data')];
  await startServe(args, { cwd: dir, env: { HOME: dir, HOOK_SECRET: secret } });
  const port = await freePort();
  const site = (await readFile(join(examples, 'serve-caddy/Caddyfile'), 'utf8'))
    .replace('ci.example.org {', `http://127.0.0.1:${port} {`)
    .replace('/run/sluice/http.sock', socket);
  await writeFile(join(dir, 'Caddyfile'), `{\n\tadmin off\n}\n${site}`);
  const proxy = spawn(caddy ?? '', ['run', '--config', join(dir, 'Caddyfile'), '--adapter', 'caddyfile'], {
    env: { HOME: dir, XDG_DATA_HOME: dir, XDG_CONFIG_HOME: dir },
    stdio: 'ignore',
  });
  onTestFinished(() => {
    proxy.kill('SIGTERM');
  });
  const url = `http://127.0.0.1:${port}`;
  await vi.waitFor(async () => expect((await fetch(`${url}/healthz`)).status).toBe(200), 20_000);
  const place = { repo: 'acme/app', webUrl: 'https://github.com', actor: 'octocat' };
  const push = { kind: 'push', ref: 'refs/heads/main', after: 'a'.repeat(40) } as const;
  const { headers, body } = deliveryOf('github', push, { place, secret });
  const post = async (bytes: Uint8Array<ArrayBuffer>) =>
    (await fetch(`${url}/hooks/app`, { method: 'POST', headers, body: bytes })).status;
  expect(await post(new Uint8Array(body))).toBe(202);
  expect(await post(new Uint8Array(27_000_000))).toBe(413);
  expect(await (await fetch(`${url}/deliveries`)).text()).toContain('push');
});

async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const found = server.address();
  await new Promise((resolve) => server.close(resolve));
  return typeof found === 'object' && found !== null ? found.port : 0;
}
