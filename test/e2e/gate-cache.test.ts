import { once } from 'node:events';
import { chmod, mkdir, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Readable } from 'node:stream';
import { expect, test } from 'vitest';
import { type GateSite, internal, openGateSite } from './gate-site.ts';

async function open(gate: Readonly<Record<string, unknown>> = {}) {
  const site = await openGateSite();
  await site.configure({ cacheTtl: '10m', ...gate });
  const change = await site.propose('fix');
  site.approve(change);
  const judge = (...more: readonly string[]) =>
    site.sluice(['gate', '-c', site.config, '--branch', 'fix', '--sha', change.head.sha, ...more]);
  return { ...site, change, judge, dir: join(site.env.XDG_CACHE_HOME ?? '', 'sluice/gate') };
}

/** How many requests the forge got meanwhile. */
async function requests(site: GateSite, work: () => Promise<unknown>): Promise<number> {
  const before = site.fake.requests.length;
  await work();
  return site.fake.requests.length - before;
}

test('the second process asks nothing, and says the same', async () => {
  const site = await open();
  expect(await requests(site, () => site.judge())).toBeGreaterThan(0);
  site.fake.fail({ fault: { kind: 'reset' } });
  expect(await requests(site, async () => expect(await site.judge()).toMatchObject({ status: 0, stderr: '' }))).toBe(0);
});

test('a cached yes is for no other commit, branch, policy or credential', async () => {
  const site = await open();
  expect(await site.judge()).toMatchObject({ status: 0 });
  const other = await site.propose('other');
  const ask = (...args: readonly string[]) => site.sluice(['gate', '-c', site.config, ...args]);
  expect(await ask('--branch', 'fix', '--sha', other.head.sha)).not.toMatchObject({ status: 0 });
  expect(await requests(site, () => ask('--branch', 'x', '--sha', site.change.head.sha))).toBeGreaterThan(0);
  expect(await requests(site, () => site.judge('--required-check', 'ci'))).toBeGreaterThan(0);
  await writeFile(join(site.root, 'token'), 'ghp_another0123456789canary0123456789abcd');
  expect(await site.judge()).toMatchObject({ status: 2 });
});

test('files are the owner’s alone, and hold no credential', async () => {
  const site = await open();
  await site.judge();
  const names = await readdir(site.dir);
  expect(names).toHaveLength(1);
  expect((await stat(site.dir)).mode & 0o777).toBe(0o700);
  for (const name of names) {
    expect((await stat(join(site.dir, name))).mode & 0o777).toBe(0o600);
    expect(await readFile(join(site.dir, name), 'utf8')).not.toContain(site.fake.token);
  }
});

test('a failure is not kept', async () => {
  const site = await open();
  site.fake.fail({ fault: { kind: 'answer', status: 401, body: {} } });
  expect(await site.judge()).toMatchObject({ status: 2 });
  site.fake.heal();
  expect(await site.judge()).toMatchObject({ status: 0 });
});

test('what others could have written is not believed, and a cache that cannot be written is a warning', async () => {
  const site = await open();
  await site.judge();
  await chmod(site.dir, 0o777);
  expect(await requests(site, () => site.judge())).toBeGreaterThan(0);
  const blocked = join(site.root, 'blocked');
  await mkdir(blocked);
  await writeFile(join(blocked, 'sluice'), 'a file');
  const { sluice } = await import('../support/sluice.ts');
  const args = ['gate', '-c', site.config, '--branch', 'fix', '--sha', site.change.head.sha];
  const ran = await sluice(args, { cwd: site.clone, env: { ...site.env, XDG_CACHE_HOME: blocked } });
  expect(ran).toMatchObject({ status: 0, stderr: expect.stringContaining('cannot be kept') });
});

test('--cache-ttl 0 asks, and keeps nothing', async () => {
  const site = await open();
  expect(await requests(site, () => site.judge('--cache-ttl', '0'))).toBeGreaterThan(0);
  await expect(stat(site.dir)).rejects.toThrow('ENOENT');
});

/** A forge without GraphQL, whose answers have tags; the gate has asked it once, and has forgotten the facts since. */
async function openTagged() {
  const site = await open();
  site.fake.fail({ path: /\/graphql$/, fault: { kind: 'answer', status: 404 } });
  site.fake.tag({ kind: 'weak', pages: false });
  const forget = async () => {
    for (const name of await readdir(site.dir)) if (name.endsWith('.json')) await rm(join(site.dir, name));
  };
  expect(await site.judge()).toMatchObject({ status: 0 });
  await forget();
  return { ...site, forget, answers: join(site.dir, 'answers') };
}

/** The statuses of the reads that the forge got meanwhile. */
async function reads(site: GateSite, work: () => Promise<unknown>): Promise<readonly (number | undefined)[]> {
  const before = site.fake.requests.length;
  await work();
  const seen = site.fake.requests.slice(before).filter(({ method }) => method === 'GET');
  return [...new Set(seen.map(({ answer }) => answer?.status))];
}

test('answers that still stand are not sent again, and say the same', async () => {
  const site = await openTagged();
  expect(await reads(site, async () => expect(await site.judge()).toMatchObject({ status: 0 }))).toEqual([304]);
  await site.forget();
  site.fake.state.about(internal, site.change.number).review('ada', 'changes-requested');
  const after = async () => expect(await site.judge()).toMatchObject({ status: 1 });
  expect(await reads(site, after)).toEqual(expect.arrayContaining([200, 304]));
});

test('answers are the owner’s alone, hold no credential, and are of one credential', async () => {
  const site = await openTagged();
  expect((await stat(site.answers)).mode & 0o777).toBe(0o700);
  const names = await readdir(site.answers);
  expect(names.length).toBeGreaterThan(2);
  for (const name of names) {
    expect((await stat(join(site.answers, name))).mode & 0o777).toBe(0o600);
    expect(await readFile(join(site.answers, name), 'utf8')).not.toContain(site.fake.token);
  }
  await writeFile(join(site.root, 'token'), 'ghp_another0123456789canary0123456789abcd');
  const before = site.fake.requests.length;
  expect(await site.judge()).toMatchObject({ status: 2 });
  const asked = site.fake.requests.slice(before);
  expect(asked.length).toBeGreaterThan(0);
  expect(asked.filter(({ headers }) => headers['if-none-match'] !== undefined)).toEqual([]);
});

test('what others could have written is asked for anew', async () => {
  const site = await openTagged();
  await chmod(site.answers, 0o777);
  expect(await reads(site, () => site.judge())).toEqual([200]);
});

test('without a time to live, answers are kept in no file', async () => {
  const site = await openTagged();
  await rm(site.dir, { recursive: true });
  expect(await reads(site, () => site.judge('--cache-ttl', '0'))).toEqual([200]);
  await expect(stat(site.dir)).rejects.toThrow('ENOENT');
});

test('--wait asks for what has changed alone, also without a file', async () => {
  const site = await openTagged();
  const state = site.fake.state.about(internal, site.change.number);
  state.dismiss('ada');
  const { child, ended } = site.start([
    ...['gate', '-c', site.config, '--branch', 'fix', '--sha', site.change.head.sha],
    ...['--cache-ttl', '0', '--wait', '60s'],
  ]);
  // What is missing, so the first look is over.
  await once(child.stderr as Readable, 'data');
  const statuses = await reads(site, async () => {
    state.review('ada', 'approved');
    expect(await ended).toMatchObject({ status: 0 });
  });
  expect(statuses).toEqual(expect.arrayContaining([200, 304]));
});
