import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readFile, writeFile } from 'node:fs/promises';
import type { AddressInfo } from 'node:net';
import { connect, createServer } from 'node:net';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';

export interface Server extends AsyncDisposable {
  readonly url: string;
  /** Resident memory in bytes. */
  rss(): Promise<number>;
}

export interface ServerKind {
  readonly name: string;
  readonly kind: 'sluice' | 'peer' | 'limit';
  /** Why it cannot be measured here. */
  readonly absent?: string | undefined;
  start(): Promise<Server>;
}

export interface ServersOptions {
  readonly dir: string;
  /** The unpacked package's launcher. */
  readonly launcher: string;
  readonly secret: string;
  /** CPU for the servers alone; undefined: anywhere. */
  readonly cpu: number | undefined;
}

/** Everything that takes a signed delivery and answers, each in a process of its own. */
export function serverKinds(options: ServersOptions): readonly ServerKind[] {
  const { dir, secret } = options;
  const peers = join(import.meta.dirname, 'serve-peers.js');
  const env = { HOOK_SECRET: secret };
  const hasWebhook = spawnSync('webhook', ['-version']).status === 0;
  return [
    {
      name: 'node:http + HMAC, keeps nothing',
      kind: 'limit',
      start: () => startServer((port) => [process.execPath, peers, 'bare', String(port)], env, options),
    },
    {
      name: '@octokit/webhooks, keeps nothing',
      kind: 'peer',
      start: () => startServer((port) => [process.execPath, peers, 'octokit', String(port)], env, options),
    },
    {
      name: 'webhook 2.8 (adnanh), runs /bin/true, keeps nothing',
      kind: 'peer',
      absent: hasWebhook ? undefined : 'webhook is not installed (Debian: apt-get install webhook)',
      async start() {
        const hooks = join(dir, 'hooks.json');
        const match = {
          type: 'payload-hmac-sha256',
          secret,
          parameter: { source: 'header', name: 'X-Hub-Signature-256' },
        };
        await writeFile(
          hooks,
          JSON.stringify([{ id: 'app', 'execute-command': '/bin/true', 'trigger-rule': { match } }]),
        );
        return await startServer(
          (port) => ['webhook', '-hooks', hooks, '-ip', '127.0.0.1', '-port', String(port)],
          env,
          options,
        );
      },
    },
    { name: 'sluice serve, on the disk before the answer', kind: 'sluice', start: () => startSluice(options) },
  ];
}

/** sluice with one repository; `run`: a command for its pushes. */
export async function startSluice(options: ServersOptions, run?: readonly string[]): Promise<Server> {
  const data = await mkdtemp(join(options.dir, 'data-'));
  const config = join(data, 'sluice.json');
  // Nobody answers at the forge's address: what is measured is what happens before anybody is asked.
  const forges = { gh: { type: 'github', url: 'http://127.0.0.1:1' } };
  const runs = run === undefined ? {} : { run: [{ name: 'bench', on: ['push'], command: run }] };
  const repository = { repo: 'gh:acme/app', name: 'app', webhook: { secrets: [{ env: 'HOOK_SECRET' }] }, ...runs };
  await writeFile(config, JSON.stringify({ forges, repositories: [repository] }));
  const argv = (port: number) => {
    const args = ['serve', '--config', config, '--listen', `127.0.0.1:${port}`, '--data-dir', join(data, 'store')];
    return [process.execPath, options.launcher, ...args];
  };
  return await startServer(argv, { HOOK_SECRET: options.secret }, options);
}

async function startServer(
  argvOf: (port: number) => readonly string[],
  env: Readonly<Record<string, string>>,
  { cpu, dir }: ServersOptions,
): Promise<Server> {
  const port = await freePort();
  const argv = argvOf(port);
  const [program = '', ...args] = cpu === undefined ? argv : ['taskset', '-c', String(cpu), ...argv];
  const child = spawn(program, args, {
    env: { PATH: process.env.PATH ?? '', HOME: dir, ...env },
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  let said = '';
  child.stderr.on('data', (chunk: Buffer) => {
    said = (said + chunk.toString()).slice(-2000);
  });
  await untilItAnswers(port, child, () => said);
  return {
    url: `http://127.0.0.1:${port}/hooks/app`,
    rss: () => rssOf(child.pid ?? 0),
    async [Symbol.asyncDispose]() {
      if (child.exitCode !== null) return;
      child.kill('SIGTERM');
      await once(child, 'exit');
    },
  };
}

async function untilItAnswers(port: number, child: ChildProcess, said: () => string): Promise<void> {
  for (let tries = 0; tries < 200; tries += 1) {
    if (child.exitCode !== null) throw new Error(`a server ended with ${child.exitCode}: ${said()}`);
    if (await isOpen(port)) return;
    await sleep(50);
  }
  child.kill('SIGKILL');
  throw new Error(`a server did not answer within 10 s: ${said()}`);
}

function isOpen(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1', () => resolve(true));
    socket.once('error', () => resolve(false));
    socket.once('connect', () => socket.destroy());
  });
}

async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  await new Promise((resolve) => server.close(resolve));
  return port;
}

async function rssOf(pid: number): Promise<number> {
  const status = await readFile(`/proc/${pid}/status`, 'utf8');
  return Number(/^VmRSS:\s+(\d+) kB$/m.exec(status)?.[1]) * 1024;
}
