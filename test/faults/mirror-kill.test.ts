import { mkdir, readdir, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { expectWhole } from '../contract/transfers/scene.ts';
import { expectDone, main, openSite, type Site, throughGit } from '../e2e/mirror-scene.ts';
import { bulkHistory } from '../support/git-repo.ts';

async function cacheOf(site: Site): Promise<string> {
  const dir = join(site.env.XDG_CACHE_HOME ?? '', 'sluice/git');
  const [name = ''] = await readdir(dir);
  return join(dir, name);
}

describe.each([
  ['in process', {}, []],
  ['through git', throughGit, []],
  ['with a kept cache', throughGit, ['--cache', 'always']],
] as const)('kill -9 %s', (_way, env, more) => {
  test.each([
    ['while it fetches', 'from.git/git-upload-pack'],
    ['while it pushes', 'to.git/git-receive-pack'],
  ])('%s: the destination is whole, and the next run succeeds', async (_when, path) => {
    const site = await openSite();
    await bulkHistory(site.from, { commits: 20, filesPerCommit: 5, branch: 'bulk' });
    const args = [site.server.url(site.from), site.server.url(site.to), ...more];
    const arrived = new Promise<void>((resolve) => {
      let posts = 0;
      site.server.options.fault = (request) => {
        // The first POST to the source is its listing.
        if (request.method !== 'POST' || !request.path.endsWith(path)) return undefined;
        posts += 1;
        if (path.startsWith('from') && posts === 1) return undefined;
        resolve();
        return 'hang';
      };
    });
    const { child, ended } = site.start(args, { env });
    await arrived;
    child.kill('SIGKILL');
    expect(await ended).toMatchObject({ signal: 'SIGKILL', stdout: '' });
    expect(await site.refsOf(site.to)).toEqual({});
    site.server.options.fault = undefined;
    const again = await site.mirror(args, { env });
    expect([again.status, again.stderr]).toEqual([0, '']);
    expect(await site.refsOf(site.to)).toEqual(await site.refsOf(site.from));
    await expectWhole(site.to);
  });
});

test('what a killed git leaves in the cache does not stop the next run', async () => {
  const site = await openSite();
  const args = [site.from, site.to, '--cache', 'always'];
  await site.mirror(args);
  const cache = await cacheOf(site);
  await bulkHistory(site.from, { commits: 3, filesPerCommit: 1, branch: 'next' });
  const [ref = ''] = await readdir(join(cache, 'refs/sluice/from'));
  await mkdir(join(cache, 'refs/sluice/to'), { recursive: true });
  const left = [
    'packed-refs.lock',
    'shallow.lock',
    'config.lock',
    'HEAD.lock',
    `refs/sluice/from/${ref}.lock`,
    'refs/sluice/to/main.lock',
    'objects/pack/tmp_pack_x',
  ];
  for (const name of left) await writeFile(join(cache, name), '');
  const mirrored = await site.mirror([...args, '--update', 'force']);
  await expectDone(site, mirrored, { [main]: 'unchanged', 'refs/heads/next': 'created' });
  expect(await readdir(join(cache, 'objects/pack'))).not.toContain('tmp_pack_x');
});

test('a cache whose making was cut short is made again', async () => {
  const site = await openSite();
  const args = [site.from, site.to, '--cache', 'always'];
  await site.mirror(args);
  const cache = await cacheOf(site);
  await bulkHistory(site.from, { commits: 3, filesPerCommit: 1, branch: 'next' });
  await rm(cache, { recursive: true });
  await mkdir(cache);
  await writeFile(join(cache, 'HEAD'), 'ref: refs/heads/main\n');
  await expectDone(site, await site.mirror(args), { [main]: 'unchanged', 'refs/heads/next': 'created' });
});
