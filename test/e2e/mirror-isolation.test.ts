import { createHash } from 'node:crypto';
import { lstat, readdir, readFile, readlink } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { takeLock } from '../../src/core/lock.ts';
import { expectWhole } from '../contract/transfers/scene.ts';
import { bulkHistory, git } from '../support/git-repo.ts';
import { addRefs, expectDone, main, openSite, type Site } from './mirror-scene.ts';

/** Every path below `dir` with its type, mode and content. */
async function snapshot(dir: string): Promise<Readonly<Record<string, string>>> {
  const found: Record<string, string> = {};
  for (const name of (await readdir(dir, { recursive: true })).sort()) {
    const path = join(dir, name);
    const info = await lstat(path);
    const content = info.isFile() ? await readFile(path) : info.isSymbolicLink() ? await readlink(path) : '';
    found[name] = `${info.mode} ${createHash('sha1').update(content).digest('hex')}`;
  }
  return found;
}

async function clone(site: Site): Promise<string> {
  const dir = join(site.root, 'clone');
  await git(['clone', '-q', site.from, dir]);
  await git(['-C', dir, 'tag', 'mine']);
  return dir;
}

describe("the user's own clone is never touched", () => {
  test.each([
    ['between two remotes', (_dir: string, site: Site) => [site.server.url(site.from), site.server.url(site.to)]],
    ['between two paths', (_dir: string, site: Site) => [site.from, site.to]],
    ['as the source', (_dir: string, site: Site) => ['.', site.server.url(site.to)]],
  ])('when sluice is run in it by a hook, %s', async (_what, sides) => {
    const site = await openSite();
    const dir = await clone(site);
    const before = await snapshot(dir);
    const env = {
      GIT_DIR: join(dir, '.git'),
      GIT_WORK_TREE: dir,
      GIT_INDEX_FILE: join(dir, '.git/index'),
      GIT_PREFIX: '',
      GIT_OBJECT_DIRECTORY: join(dir, '.git/objects'),
      GIT_COMMON_DIR: join(dir, '.git'),
      GIT_NAMESPACE: 'mine',
      GIT_QUARANTINE_PATH: join(dir, '.git/objects/tmp_objdir'),
    };
    const chosen = sides(dir, site);
    for (const cache of ['auto', 'always']) {
      const mirrored = await site.mirror([...chosen, '--branch', 'main', '--cache', cache], { cwd: dir, env });
      await expectDone(site, mirrored, { [main]: cache === 'auto' ? 'created' : 'unchanged' });
    }
    expect(await snapshot(dir)).toEqual(before);
    expect(await site.refsOf(site.to)).toEqual({ [main]: site.commits[2] });
  });

  test('-C names the directory that relative paths start at', async () => {
    const site = await openSite();
    const mirrored = await site.mirror(['from.git', 'to.git', '-C', site.root], { cwd: '/' });
    await expectDone(site, mirrored, { [main]: 'created' });
  });
});

describe('one cache, several runs', () => {
  const always = (site: Site) => [site.from, site.to, '--cache', 'always'];

  test('two at once take turns, and both succeed', async () => {
    const site = await openSite();
    await bulkHistory(site.from, { commits: 200, filesPerCommit: 5, branch: 'bulk' });
    const all = await Promise.all([1, 2, 3].map(() => site.mirror(always(site))));
    for (const { status, report, stderr } of all) expect([status, report.summary.refused, stderr]).toEqual([0, 0, '']);
    expect(await site.refsOf(site.to)).toEqual(await site.refsOf(site.from));
    await expectWhole(site.to);
  });

  test('two at once over HTTP, without a cache between them', async () => {
    const site = await openSite();
    const names = Array.from({ length: 40 }, (_, at) => `refs/heads/b${at}`);
    await addRefs(site, Object.fromEntries(names.map((name) => [name, 1])));
    const sides = [site.server.url(site.from), site.server.url(site.to)];
    const all = await Promise.all([1, 2].map(() => site.mirror(sides)));
    for (const { status, report } of all) expect([status, report.summary.refused]).toEqual([0, 0]);
    expect(await site.refsOf(site.to)).toEqual(await site.refsOf(site.from));
  });

  test('--timeout spent on waiting for another run is status 75 and names it', async () => {
    const site = await openSite();
    await site.mirror(always(site));
    await addRefs(site, { 'refs/heads/new': 0 });
    const locks = join(site.env.XDG_CACHE_HOME ?? '', 'sluice/locks');
    const [name = ''] = (await readdir(locks)).filter((file) => file.endsWith('.lock'));
    await using _held = await takeLock(join(locks, name), { purpose: 'the test', waitMs: 0 });
    const { status, error } = await site.mirror([...always(site), '--timeout', '1s']);
    expect([status, error.code]).toEqual([75, 'locked']);
    expect(error.message).toContain(`process ${process.pid}`);
    expect(await site.refsOf(site.to)).toEqual({ [main]: site.commits[2] });
  });

  test('--cache never leaves nothing on disk, always keeps one repository, and --cache-dir says where', async () => {
    const site = await openSite();
    const cache = site.env.XDG_CACHE_HOME ?? '';
    await expectDone(site, await site.mirror([site.from, site.to, '--cache', 'never']), { [main]: 'created' });
    // Only the program's own compiled code, by Node.
    expect(await readdir(join(cache, 'sluice'))).toEqual(['node']);
    await addRefs(site, { 'refs/heads/new': 0 });
    await site.mirror([...always(site), '--cache-dir', 'elsewhere']);
    expect(await readdir(join(cache, 'sluice'))).toEqual(['node']);
    const kept = (await readdir(join(site.root, 'elsewhere/git'))).filter((name) => name.endsWith('.git'));
    expect(kept).toHaveLength(1);
    expect((await lstat(join(site.root, 'elsewhere/git', kept[0] ?? ''))).mode & 0o077).toBe(0);
  });
});
