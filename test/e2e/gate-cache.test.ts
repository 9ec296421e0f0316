import { chmod, mkdir, readdir, readFile, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { type GateSite, openGateSite } from './gate-site.ts';

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
