import { randomBytes } from 'node:crypto';
import { chmod, mkdir, readdir, readFile, writeFile } from 'node:fs/promises';
import { delimiter, join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { addHook } from '../contract/transfers/scene.ts';
import { addChange, git } from '../support/git-repo.ts';
import { type Ran, sluice } from '../support/sluice.ts';
import { main, openSite, type Site, throughGit } from './mirror-scene.ts';

// Of this run alone: the log of arguments sees every process of the machine.
const canary = `canary-${randomBytes(16).toString('hex')}`;
/** What Basic authentication makes of it, and other forms that a log might hold. */
const forms = [
  canary,
  Buffer.from(canary).toString('base64'),
  Buffer.from(`oauth2:${canary}`).toString('base64'),
  Buffer.from(canary).toString('hex'),
  // Any alignment of base64 holds one of these.
  ...[0, 1, 2].map((shift) => Buffer.from(canary.slice(shift)).toString('base64').slice(4, 28)),
];

const sources = {
  env: { yaml: '{ env: CANARY }', env: { CANARY: canary } },
  file: { yaml: '{ file: secret.txt }', env: {} },
  command: { yaml: '{ command: [cat, secret.txt] }', env: {} },
} as const;

interface Guarded extends Site {
  readonly argvLog: string;
  /** Runs with the canary configured, in the environment of `source`. */
  run(args: readonly string[], more?: Readonly<Record<string, string>>): Promise<Ran>;
}

/** A site whose server lets nobody in without the canary, and a `git` on PATH that writes down its arguments. */
async function openGuarded(source: keyof typeof sources): Promise<Guarded> {
  const site = await openSite({ http: { auth: { users: { oauth2: canary } } } });
  const config = `forges:\n  x: { type: gitea, url: "${site.server.origin}", token: ${sources[source].yaml} }\n`;
  const work = join(site.root, 'work');
  await mkdir(join(site.root, 'team'));
  await git(['clone', '-q', '--mirror', site.from, join(site.root, 'team/from.git')]);
  await git(['clone', '-q', '--mirror', site.to, join(site.root, 'team/to.git')]);
  for (const name of ['from', 'to'])
    await git(['-C', join(site.root, `team/${name}.git`), 'config', 'http.receivepack', 'true']);
  await mkdir(work);
  await writeFile(join(work, 'sluice.yaml'), config);
  await writeFile(join(work, 'secret.txt'), `${canary}\n`, { mode: 0o600 });
  const argvLog = join(site.root, 'argv.log');
  const bin = join(site.root, 'bin');
  await mkdir(bin);
  const real = (await sh('command -v git')).trim();
  // Beside git's own arguments: those of every process that lives at that moment.
  await writeFile(
    join(bin, 'git'),
    `#!/bin/sh\n{ printf '%s\\n' "$@"; cat /proc/[0-9]*/cmdline 2>/dev/null | tr '\\0' '\\n' | grep -a canary; } >> '${argvLog}'\nexec '${real}' "$@"\n`,
  );
  await chmod(join(bin, 'git'), 0o755);
  await writeFile(argvLog, '');
  const env = { ...site.env, ...sources[source].env, PATH: `${bin}${delimiter}${process.env.PATH}` };
  return { ...site, argvLog, run: (args, more) => sluice(args, { cwd: work, env: { ...env, ...more } }) };
}

async function sh(command: string): Promise<string> {
  const { execFile } = await import('node:child_process');
  return await new Promise((resolve, reject) => {
    execFile('/bin/sh', ['-c', command], (error, stdout) => (error ? reject(error) : resolve(stdout)));
  });
}

/** No form of the canary in the text. */
function expectClean(where: string, text: string): void {
  expect(forms.flatMap((form) => (text.includes(form) ? [`${where}: ${form}`] : []))).toEqual([]);
}

/** Nor in any file but the one that it came from. */
async function expectCleanDisk(site: Guarded): Promise<void> {
  for (const entry of await readdir(site.root, { recursive: true, withFileTypes: true })) {
    const path = join(entry.parentPath, entry.name);
    if (!entry.isFile() || path.endsWith('secret.txt')) continue;
    expectClean(path, (await readFile(path)).toString('latin1'));
  }
}

function expectCleanRun(ran: Ran): void {
  expectClean('stdout', ran.stdout);
  expectClean('stderr', ran.stderr);
}

const ways = [
  { way: 'in process', env: {}, more: [] },
  { way: 'through git', env: throughGit, more: [] },
  { way: 'through a kept cache', env: {}, more: ['--cache', 'always'] },
];

describe.each(Object.keys(sources) as (keyof typeof sources)[])('a token from %s', (source) => {
  test.each(ways)('$way: works, and is seen nowhere', async ({ env, more }) => {
    const site = await openGuarded(source);
    const args = ['mirror', 'x:team/from', 'x:team/to', '--verbose', ...more];
    const text = await site.run(args, env);
    expect([text.status, text.stdout]).toEqual([0, expect.stringContaining('1 created')]);
    await addChange(join(site.root, 'team/from.git'), 7, { from: 'main' });
    const json = await site.run([...args, '--json', '--pr', '7', '--log-format', 'json'], env);
    expect([json.status, json.stdout]).toEqual([0, expect.stringContaining('"created"')]);
    for (const ran of [text, json]) expectCleanRun(ran);
    expect(await readFile(site.argvLog, 'utf8')).toMatch(/config/);
    await expectCleanDisk(site);
  });
});

test.each(ways)('failures keep it to themselves, $way', async ({ env, more }) => {
  const site = await openGuarded('env');
  const echo = (headers: unknown) => ({ status: 500, body: `you sent ${JSON.stringify(headers)}\n` });
  const faults = [
    // Servers and proxies that repeat the request in their answer.
    ({ headers }: { headers: unknown }) => echo(headers),
    ({ headers }: { headers: Record<string, unknown> }) => ({
      status: 403,
      headers: { 'x-echo': String(headers.authorization) },
      body: String(headers.authorization),
    }),
    () => 'reset' as const,
    () => ({
      status: 302,
      headers: { location: `http://oauth2:${canary}@127.0.0.1:9/x/info/refs?service=git-upload-pack` },
    }),
  ];
  for (const fault of faults) {
    site.server.options.fault = fault as never;
    for (const json of [[], ['--json']]) {
      const ran = await site.run(
        ['mirror', 'x:team/from', 'x:team/to', '--verbose', '--retries', '0', ...json, ...more],
        env,
      );
      expect([69, 77]).toContain(ran.status);
      expectCleanRun(ran);
    }
  }
  await expectCleanDisk(site);
});

test('a wrong token is status 77 and not repeated', async () => {
  const site = await openGuarded('env');
  site.server.options.auth = { users: { oauth2: 'another' } };
  const ran = await site.run(['mirror', 'x:team/from', 'x:team/to', '--verbose', '--json']);
  expect(ran.status).toBe(77);
  expectCleanRun(ran);
});

test.each(ways)(
  "a destination's hook gets it neither by environment nor by configuration, $way",
  async ({ env, more }) => {
    const site = await openGuarded('env');
    const seen = join(site.root, 'hook.log');
    await addHook(
      site.to,
      'pre-receive',
      `{ env; git config --list; cat /proc/$$/environ | tr '\\0' '\\n'; echo the end; } >> '${seen}' 2>&1`,
    );
    const ran = await site.run(['mirror', 'x:team/from', site.to, ...more], env);
    expect([ran.status, ran.stdout]).toEqual([0, expect.stringContaining('1 created')]);
    expect(await readFile(seen, 'utf8')).toContain('the end');
    await expectCleanDisk(site);
  },
);

test('git never stores it in a configuration file', async () => {
  const site = await openGuarded('env');
  await site.run(['mirror', 'x:team/from', 'x:team/to', '--cache', 'always']);
  const configs = (await readdir(site.root, { recursive: true })).filter((name) => name.endsWith('/config'));
  expect(configs.length).toBeGreaterThan(3);
  for (const name of configs)
    expect(await readFile(join(site.root, name), 'utf8')).not.toMatch(/oauth2|extraheader|canary/i);
});

test.each([
  (origin: string) => origin.replace('://', '://ann:in-the-url-0123456789@'),
  (origin: string) => origin.replace('://', '://ghp_0123456789abcdefghijABCDEFGHIJ0123@'),
])('a URL with a credential in it is status 64 and not repeated', async (withCredential) => {
  const site = await openSite();
  const url = `${withCredential(site.server.origin)}/from.git`;
  for (const args of [
    [url, site.to],
    [site.from, url],
    ['--json', url, site.to],
    ['--verbose', url],
  ]) {
    const ran = await sluice(['mirror', ...args], { cwd: site.root, env: site.env });
    expect(ran.status).toBe(64);
    expect(`${ran.stdout}${ran.stderr}`).not.toMatch(/ghp_0123|in-the-url/);
  }
  expect(await site.refsOf(site.to)).toEqual({});
  expect(Object.keys(await site.refsOf(site.from))).toEqual([main]);
});
