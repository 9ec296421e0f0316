import { execFile, spawn, spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { cp, mkdir, readFile, writeFile } from 'node:fs/promises';
import { type RequestOptions, request } from 'node:https';
import { type AddressInfo, createServer } from 'node:net';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { promisify } from 'node:util';
import { expect, onTestFinished, test, vi } from 'vitest';
import type { Scenario } from '../support/deliveries/scenario.ts';
import { deliveryOf } from '../support/deliveries/sign.ts';
import { startFakeGithub } from '../support/fake-forge/github.ts';
import { isolatedGitEnv, resolve } from '../support/git-repo.ts';
import { document, sluice, startSluice } from '../support/sluice.ts';
import { testDir } from '../support/temp-dir.ts';

const run = promisify(execFile);
const examples = join(import.meta.dirname, '../../examples');
const secret = 'a secret of the example';
const place = { repo: 'acme/app', webUrl: 'https://github.com', actor: 'octocat' };

interface Opened {
  readonly dir: string;
  readonly url: string;
  readonly sha: string;
  readonly statuses: () => Readonly<Record<string, string>>;
  deliver(source: string, scenario: Scenario, repo?: string): Promise<void>;
  log(name: string): Promise<string>;
}

/** A copy of the example whose GitHub is a fake one, served. */
async function serveExample(name: string, variables: readonly string[]): Promise<Opened> {
  const root = await testDir();
  const dir = join(root, name);
  await cp(join(examples, name), dir, { recursive: true });
  const fake = await startFakeGithub({ pageSize: 5 });
  onTestFinished(() => fake.close());
  for (const repo of ['acme/app', 'acme/site']) await fake.state.addRepository(repo);
  const file = join(dir, 'sluice.yaml');
  const text = await readFile(file, 'utf8');
  await writeFile(
    file,
    text.replace('gh: { type: github', `gh: { type: github, url: "${fake.webUrl}", api: "${fake.apiUrl}"`),
  );
  await mkdir(join(root, 'home'));
  const env = {
    HOME: join(root, 'home'),
    GITHUB_TOKEN: fake.token,
    ...Object.fromEntries(variables.map((one) => [one, secret])),
  };
  const started = startSluice(['serve', '--json', '--listen', '127.0.0.1:0'], { cwd: dir, env });
  onTestFinished(async () => {
    started.child.kill('SIGTERM');
    await started.ended;
  });
  const url = await addressOf(started);
  const sha = await resolve(fake.state.repositories.get('acme/app')?.gitDir ?? '', 'main');
  return {
    dir,
    url,
    sha,
    statuses: () =>
      Object.fromEntries(
        [...fake.state.statuses.of('acme/app', sha)].map(({ context, state, description }) => [
          context,
          `${state}: ${description}`,
        ]),
      ),
    async deliver(source, scenario, repo = 'acme/app') {
      const { headers, body } = deliveryOf('github', scenario, { place: { ...place, repo }, secret });
      const answer = await fetch(`${url}/hooks/${source}`, { method: 'POST', headers, body: new Uint8Array(body) });
      expect({ status: answer.status, body: await answer.json() }).toMatchObject({ status: 202, body: { jobs: 1 } });
    },
    async log(wanted) {
      return await vi.waitFor(
        async () => {
          const listed = document(await sluice(['jobs', 'list', '--json'], { cwd: dir, env })) as {
            jobs?: readonly { id: string; name: string; state: string }[];
          };
          const job = listed.jobs?.find((one) => one.name === wanted && one.state === 'success');
          if (job === undefined) throw new Error(`no ended job ${wanted} in ${JSON.stringify(listed)}`);
          return (await sluice(['jobs', 'log', job.id], { cwd: dir, env })).stdout;
        },
        { timeout: 30_000, interval: 200 },
      );
    },
  };
}

async function addressOf({ child, ended }: ReturnType<typeof startSluice>): Promise<string> {
  const listening = Promise.withResolvers<string>();
  if (child.stdout !== null) {
    createInterface(child.stdout).on('line', (line) => {
      const event = JSON.parse(line) as { type?: string; address?: string };
      if (event.type === 'listening') listening.resolve(event.address ?? '');
    });
  }
  void ended.then(({ status, stderr }) => listening.reject(new Error(`serve ended with ${status}: ${stderr}`)));
  return await listening.promise;
}

test("gakoci-migration: GakoCI's scripts get its arguments, and set its statuses", async () => {
  const served = await serveExample('gakoci-migration', ['APP_HOOK_SECRET']);
  const { sha } = served;
  await served.deliver('app', { kind: 'push', ref: 'refs/heads/main', after: sha });
  expect(await served.log('push-acme-app')).toContain(`push of acme/app: main is now ${sha}`);
  await vi.waitFor(
    () =>
      expect(served.statuses()).toMatchObject({
        'push-acme-app': expect.stringContaining('success: push of acme/app'),
      }),
    20_000,
  );
});

test('webhook-migration: the command of a hooks.json, with what it needs in its environment', async () => {
  const served = await serveExample('webhook-migration', ['SITE_HOOK_SECRET']);
  await served.deliver('site', { kind: 'push', ref: 'refs/heads/main', after: served.sha }, 'acme/site');
  expect(await served.log('redeploy')).toMatch(/^deploying main of \S*acme\/site at [0-9a-f]{40}$/m);
});

test.each(['github-to-gitlab', 'gakoci-migration', 'webhook-migration'])(
  '%s: its configuration is valid',
  async (name) => {
    const dir = join(await testDir(), name);
    await cp(join(examples, name), dir, { recursive: true });
    expect(await sluice(['config', 'check'], { cwd: dir })).toMatchObject({ status: 0, stderr: '' });
  },
);

const nginx = ['/usr/sbin/nginx', '/usr/bin/nginx'].find((path) => existsSync(path));

test.skipIf(nginx === undefined)(
  'serve-nginx: deliveries and pages through nginx and a unix socket (needs nginx)',
  async () => {
    const dir = await testDir();
    const socket = join(dir, 'http.sock');
    const port = await freePort();
    const env = { HOME: dir, HOOK_SECRET: secret };
    const listen = [
      '--listen',
      `unix:${socket}`,
      '--data-dir',
      join(dir, 'data'),
      '--secret-env',
      'HOOK_SECRET',
      '--public',
    ];
    const started = startSluice(
      [
        'serve',
        '--json',
        '--repo',
        'github:acme/app',
        '--hooks-dir',
        dir,
        '--base-url',
        'https://ci.example.org',
        ...listen,
      ],
      { cwd: dir, env },
    );
    onTestFinished(async () => {
      started.child.kill('SIGTERM');
      await started.ended;
    });
    await addressOf(started);
    await run('openssl', [
      'req',
      '-x509',
      '-newkey',
      'ec',
      '-pkeyopt',
      'ec_paramgen_curve:prime256v1',
      '-nodes',
      '-subj',
      '/CN=ci.example.org',
      '-keyout',
      join(dir, 'privkey.pem'),
      '-out',
      join(dir, 'fullchain.pem'),
      '-days',
      '2',
    ]);
    const site = (await readFile(join(examples, 'serve-nginx/sluice.conf'), 'utf8'))
      .replace('/run/sluice/http.sock', socket)
      .replace('listen 443 ssl', `listen 127.0.0.1:${port} ssl`)
      .replaceAll('/etc/letsencrypt/live/ci.example.org', dir);
    await writeFile(join(dir, 'sluice.conf'), site);
    const main = `daemon off; ${process.getuid?.() === 0 ? 'user root; ' : ''}pid ${dir}/nginx.pid; error_log ${dir}/error.log;
events {} http { access_log off; client_body_temp_path ${dir}/b; proxy_temp_path ${dir}/p; fastcgi_temp_path ${dir}/f; uwsgi_temp_path ${dir}/u; scgi_temp_path ${dir}/s; include ${dir}/sluice.conf; }`;
    await writeFile(join(dir, 'nginx.conf'), main);
    const tested = spawnSync(nginx ?? '', ['-t', '-c', join(dir, 'nginx.conf')], { encoding: 'utf8' });
    expect(tested.status, tested.stderr).toBe(0);
    const proxy = spawn(nginx ?? '', ['-c', join(dir, 'nginx.conf')], {
      env: isolatedGitEnv() as NodeJS.ProcessEnv,
      stdio: 'ignore',
    });
    onTestFinished(() => {
      proxy.kill('SIGTERM');
    });
    const { headers, body } = deliveryOf(
      'github',
      { kind: 'push', ref: 'refs/heads/main', after: 'a'.repeat(40) },
      { place, secret },
    );
    await vi.waitFor(async () => expect((await ask(port, '/healthz')).status).toBe(200), 10_000);
    expect(await ask(port, '/', { headers, body })).toMatchObject({ status: 202 });
    expect(await ask(port, '/', { headers, body: Buffer.alloc(27_000_000) })).toMatchObject({ status: 413 });
    expect((await ask(port, '/deliveries')).text).toContain('push');
  },
);

interface Asked {
  readonly status: number;
  readonly text: string;
}

function ask(
  port: number,
  path: string,
  post?: { readonly headers: Readonly<Record<string, string>>; readonly body: Buffer },
): Promise<Asked> {
  return new Promise((resolve, reject) => {
    const method = post === undefined ? 'GET' : 'POST';
    const length = post === undefined ? {} : { 'content-length': post.body.length };
    const options: RequestOptions = { method, headers: { ...post?.headers, ...length }, rejectUnauthorized: false };
    const call = request(`https://127.0.0.1:${port}${path}`, options, async (response) => {
      resolve({ status: response.statusCode ?? 0, text: Buffer.concat(await response.toArray()).toString() });
    });
    // A body that is too large is answered before all of it was sent.
    call.on('error', reject);
    call.end(post?.body);
  });
}

async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  await new Promise((resolve) => server.close(resolve));
  return port;
}
