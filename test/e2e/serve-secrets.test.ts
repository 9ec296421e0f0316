import { randomBytes } from 'node:crypto';
import { chmod, mkdir, readdir, readFile, writeFile } from 'node:fs/promises';
import { delimiter, join } from 'node:path';
import { describe, expect, test } from 'vitest';
import type { ServeProcess } from './serve-process.ts';
import { changed } from './serve-scene.ts';
import { eventually, openServeSite, type ServeSite } from './serve-site.ts';

/** Of this run alone: the log of arguments sees every process of the machine. */
const mark = randomBytes(8).toString('hex');
const slot = (name: string) => `canary-${name}-${mark}`;

const canaries = {
  CANARY_HOOK: slot('hook'),
  CANARY_PASSWORD: slot('password'),
  CANARY_BEARER: slot('bearer'),
} as const;
const inFile = slot('file');
const fromCommand = slot('command');

interface GuardedSite {
  readonly site: ServeSite;
  /** Every secret, and what headers make of it. */
  readonly forms: readonly string[];
  /** Arguments of every git, and whatever of a canary the arguments of any other process held meanwhile. */
  readonly argv: string;
  readonly login: Readonly<Record<string, string>>;
}

async function openGuardedSite(): Promise<GuardedSite> {
  const site = await openServeSite(['github', 'gitlab']);
  const argv = join(site.root, 'argv.log');
  const bin = join(site.root, 'bin');
  await mkdir(bin);
  await writeFile(argv, '');
  const look = `{ printf '%s\\n' "$@"; cat /proc/[0-9]*/cmdline 2>/dev/null | tr '\\0' '\\n' | grep -a '${mark}'; } >> '${argv}'`;
  await writeFile(
    join(bin, 'git'),
    `#!/bin/sh\n${look}\nPATH="\${PATH#${bin}${delimiter}}"; export PATH\nexec git "$@"\n`,
  );
  await chmod(join(bin, 'git'), 0o755);
  await writeFile(join(site.root, 'secret.file'), `${inFile}\n`, { mode: 0o600 });
  await writeFile(join(site.root, 'secret.command'), `${fromCommand}\n`, { mode: 0o600 });
  Object.assign(site.env, canaries, { PATH: `${bin}${delimiter}${process.env.PATH}` });
  const secrets = [{ env: 'CANARY_HOOK' }, { file: 'secret.file' }, { command: ['cat', 'secret.command'] }];
  const basic = { username: 'ann', password: { env: 'CANARY_PASSWORD' } };
  await site.configure(
    { auth: { basic, bearer: { env: 'CANARY_BEARER' } }, baseUrl: 'http://ci.example.org' },
    {
      webhook: { secrets },
      trust: ['internal', 'author:stranger'],
      mirror: { to: 'gitlab:mirrors/app', changes: true },
    },
  );
  const tokens = [site.forge('github').fake.token, site.forge('gitlab').fake.token];
  const plain = [...Object.values(canaries), inFile, fromCommand, ...tokens];
  return {
    site,
    argv,
    forms: [
      ...plain,
      ...plain.map((text) => encodeURIComponent(text)),
      // Any alignment of base64 holds one of these.
      ...plain.flatMap((text) => [0, 1, 2].map((shift) => base64(text.slice(shift)).slice(4, 28))),
      ...plain.map((text) => Buffer.from(text).toString('hex')),
    ],
    login: { authorization: `Basic ${base64(`ann:${canaries.CANARY_PASSWORD}`)}` },
  };
}

function base64(text: string): string {
  return Buffer.from(text).toString('base64');
}

/** Everything that a person can read, with both logins. */
const addresses = [
  ...['/', '/runs', '/runs/1', '/runs/1/log', '/dead-letters', '/deliveries', '/deliveries/canary-1', '/login'],
  ...['/deliveries/canary-1/body', '/repositories', '/api/v1/jobs', '/api/v1/jobs/1', '/api/v1/jobs/1/log'],
  ...['/api/v1/deliveries', '/api/v1/deliveries/canary-1', '/api/v1/deliveries/canary-1/body', '/api/v1/queue'],
  ...['/api/v1/repositories', '/api/v1/sources', '/metrics', '/healthz', '/readyz', '/runs/nowhere', '/hooks/github'],
] as const;

async function pagesOf(server: ServeProcess, { login }: GuardedSite): Promise<readonly (readonly [string, string])[]> {
  const logins = [login, { authorization: `Bearer ${canaries.CANARY_BEARER}` }, { authorization: 'Bearer wrong' }, {}];
  const all = addresses.flatMap((path) => logins.map((headers) => ({ path, headers })));
  return await Promise.all(
    all.map(async ({ path, headers }) => {
      const answer = await fetch(server.url + path, { headers: { ...headers, accept: 'text/html' } });
      expect(answer.status).not.toBe(500);
      if (headers === login)
        expect([path, answer.status]).toEqual([path, /nowhere|hooks|\/1/.test(path) ? answer.status : 200]);
      return [path, JSON.stringify([...answer.headers]) + (await answer.text())] as const;
    }),
  );
}

/** Nowhere in what was said, shown, sent to the forges as text, given to scripts, or written to the disk. */
async function expectClean(guarded: GuardedSite, server: ServeProcess): Promise<void> {
  const { site, forms, argv } = guarded;
  const found: string[] = [];
  const look = (where: string, text: string) => {
    for (const form of forms) if (text.includes(form)) found.push(`${where}: ${form}`);
  };
  for (const [path, text] of await pagesOf(server, guarded)) look(path, text);
  for (const list of ['jobs', 'deliveries']) look(list, JSON.stringify(await site.ask(list, 'list')));
  look('a delivery', JSON.stringify(await site.ask('deliveries', 'show', 'canary-1')));
  for (const type of ['github', 'gitlab'] as const) {
    for (const { url, body } of site.forge(type).fake.requests)
      look('a request', url.href + JSON.stringify(body ?? ''));
    for (const { path, query } of site.forge(type).git.requests) look('a request of git', path + query);
  }
  look('arguments', await readFile(argv, 'utf8'));
  look('arguments of the server', await readFile(`/proc/${server.pid}/cmdline`, 'latin1'));
  const { stdout, stderr } = await server.stop();
  look('stdout', stdout);
  look('stderr', stderr);
  for (const entry of await readdir(site.root, { recursive: true, withFileTypes: true })) {
    const path = join(entry.parentPath, entry.name);
    if (entry.isFile() && !/secret\.(file|command)$/.test(path)) look(path, await readFile(path, 'latin1'));
  }
  expect(found).toEqual([]);
}

const dump = (out: string) =>
  `#!/bin/sh\n{ env; tr '\\0' '\\n' < /proc/$$/environ; git config --list; ls -la; } > '${out}' 2>&1\nenv\n`;

describe.skipIf(process.platform !== 'linux')('a canary in every slot (looks into /proc: Linux only)', () => {
  test.each(['pretty', 'json'])('works, and is seen nowhere, with --log-format %s', async (format) => {
    const guarded = await openGuardedSite();
    const { site, argv } = guarded;
    const { fake } = site.forge('github');
    const out = join(site.root, 'dump');
    await site.hook('pull_request-acme-app', dump(out));
    const server = await site.start(['--log-level', 'debug', '--log-format', format]);
    const change = await fake.state.addChange({
      repo: 'acme/app',
      from: 'stranger/app',
      branch: 'f',
      author: 'stranger',
    });
    for (const [index, secret] of [canaries.CANARY_HOOK, inFile, fromCommand].entries()) {
      const delivery = site.forge('github').delivery(changed('opened', change), { guid: `canary-${index}`, secret });
      expect((await server.post('github', delivery)).status).toBe(202);
    }
    // GitLab sends its token in the open.
    const push = { kind: 'push', ref: 'refs/heads/main', after: change.base.sha } as const;
    const open = site.forge('gitlab').delivery(push, { guid: 'canary-gitlab', secret: canaries.CANARY_HOOK });
    expect((await server.post('gitlab', open)).status).toBe(202);
    await server.until(({ kind, state }) => kind === 'script' && state === 'success');
    await server.until(({ kind, state }) => kind === 'mirror' && state === 'success');
    await eventually(() => expect(fake.state.statuses.of('acme/app', change.head.sha)).toHaveLength(2));
    expect(await readFile(argv, 'utf8')).toContain('config');
    expect(await readFile(out, 'utf8')).toContain('SLUICE_SHA=');
    await expectClean(guarded, server);
  });

  test('forges and git servers that repeat what they were sent do not spread it', async () => {
    const guarded = await openGuardedSite();
    const { site } = guarded;
    const { fake } = site.forge('github');
    const gitlab = site.forge('gitlab');
    const said = (token: string) => ({ message: `you sent Authorization: Bearer ${token}`, token });
    for (const one of [fake, gitlab.fake]) {
      one.fail({ path: /statuses/, fault: { kind: 'answer', status: 422, body: said(one.token) } });
    }
    gitlab.git.options.fault = ({ headers }) => ({
      status: 500,
      body: `you sent ${JSON.stringify(headers)} ${Buffer.from(String(headers.authorization?.slice(6)), 'base64')}`,
      headers: { 'x-echo': String(headers.authorization) },
    });
    await site.hook('pull_request-acme-app', '#!/bin/sh\ntrue\n');
    const server = await site.start(['--log-level', 'debug']);
    const change = await fake.state.addChange({
      repo: 'acme/app',
      from: 'stranger/app',
      branch: 'f',
      author: 'stranger',
    });
    const secret = canaries.CANARY_HOOK;
    const delivery = site.forge('github').delivery(changed('opened', change), { guid: 'canary-1', secret });
    expect((await server.post('github', delivery)).status).toBe(202);
    // Somebody who takes the wrong door shows the right key.
    const strays = { ...delivery.headers, authorization: `Bearer ${secret}`, cookie: `session=${secret}` };
    const stray = site.forge('github').delivery({ kind: 'ping' }, { secret });
    await server.post(secret, { ...delivery, headers: strays });
    await server.post('gitlab', {
      ...stray,
      headers: { ...stray.headers, 'x-gitlab-token': secret, 'x-gitlab-event': secret },
    });
    await fetch(`${server.url}/runs?token=${canaries.CANARY_BEARER}`, { headers: guarded.login });
    await eventually(() => expect(gitlab.git.requests.length).toBeGreaterThan(0));
    await eventually(async () => {
      const { jobs } = (await site.ask('jobs', 'list', '--dead')) as { jobs: readonly unknown[] };
      expect(jobs.length).toBeGreaterThan(0);
    });
    await expectClean(guarded, server);
  });

  test('a secret that --register made is in its own file alone', async () => {
    const guarded = await openGuardedSite();
    const { site } = guarded;
    await site.configure({ baseUrl: 'http://127.0.0.1:9', register: true }, { webhook: undefined });
    const server = await site.start(['--log-level', 'debug']);
    await eventually(() => expect(server.said().match(/the webhook of/g)).toHaveLength(2));
    const { secrets } = JSON.parse(await readFile(join(site.dataDir, 'webhooks.json'), 'utf8')) as {
      secrets: Record<string, string>;
    };
    const { stdout, stderr } = await server.stop();
    for (const secret of Object.values(secrets)) {
      for (const text of [stdout, stderr]) expect(text).not.toContain(secret);
      for (const entry of await readdir(site.root, { recursive: true, withFileTypes: true })) {
        const path = join(entry.parentPath, entry.name);
        if (!entry.isFile() || entry.name === 'webhooks.json') continue;
        expect([path, (await readFile(path, 'latin1')).includes(secret)]).toEqual([path, false]);
      }
    }
  });
});
