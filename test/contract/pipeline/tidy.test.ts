import { readdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { commit, git, refs, setRefs } from '../../support/git-repo.ts';
import { checkOutAt, main, makeSite, type Site } from './site.ts';

async function kept({ cacheDir }: Site): Promise<string> {
  const [name = ''] = await readdir(join(cacheDir, 'git'));
  return join(cacheDir, 'git', name);
}

async function packs(repository: string): Promise<number> {
  return (await readdir(join(repository, 'objects/pack'))).filter((name) => name.endsWith('.pack')).length;
}

/** So many packs of one object each, as so many fetches leave them. */
async function scatter(repository: string, count: number, word: string): Promise<void> {
  for (let n = 0; n < count; n += 1) {
    const input = `${word} ${n}`;
    await pack(repository, await git(['--git-dir', repository, 'hash-object', '-w', '--stdin'], { input }));
  }
}

/** Objects of ours are in packs, as a fetch leaves them. */
async function pack(repository: string, ...oids: readonly string[]): Promise<void> {
  const listed = await git(['--git-dir', repository, 'rev-list', '--objects', '--no-object-names', ...oids]);
  const to = join(repository, 'objects/pack/pack');
  await git(['--git-dir', repository, 'pack-objects', '-q', to], { input: `${oids.join('\n')}\n${listed}\n` });
  await git(['--git-dir', repository, 'prune-packed', '-q']);
}

async function has(repository: string, oid: string): Promise<boolean> {
  return await git(['--git-dir', repository, 'cat-file', '-t', oid]).then(
    () => true,
    () => false,
  );
}

test('a kept repository forgets its oldest refs and what nobody reaches, and never what a checkout uses', async () => {
  const site = await makeSite();
  await checkOutAt(site);
  const repository = await kept(site);
  const year = await commit(repository, { files: { old: 'a branch of a year ago' }, message: 'old', date: 1 });
  const recent = await commit(repository, { files: { new: 'one of today' }, message: 'new', date: 2_000_000_000 });
  const forced = await commit(repository, { files: { was: 'moved by force' }, message: 'was', date: 2_000_000_000 });
  await pack(repository, year, recent, forced);
  const names = (count: number, oid: string, from = 0) =>
    Array.from({ length: count }, (_, n) => [`refs/sluice/run/${n + from}`, oid] as const);
  await setRefs(repository, [...names(50, year), ...names(1000, recent, 50)]);
  await scatter(repository, 41, 'what');
  const { workspace } = await checkOutAt(site, { oid: site.tip });
  const left = await refs(repository);
  expect(left.size).toBe(1000);
  expect([...left.values()]).not.toContain(year);
  expect([await packs(repository), await has(repository, recent), await has(repository, year)]).toEqual([
    1,
    true,
    false,
  ]);
  expect(await has(repository, forced)).toBe(false);
  expect(await git(['fsck', '--strict', '--no-dangling'], { cwd: workspace.checkout })).toBe('');

  // Nothing has grown since, so the packs are only put together.
  await scatter(repository, 41, 'more');
  const c4 = await commit(site.remote, { parent: site.tip, files: { new: '4' }, message: 'c4', ref: main });
  expect((await checkOutAt(site, { oid: c4 })).commit).toBe(c4);
  expect(await packs(repository)).toBeLessThan(10);
});

test('a tidying that fails takes nothing from whoever used the repository', async () => {
  const site = await makeSite();
  await checkOutAt(site);
  const repository = await kept(site);
  await scatter(repository, 41, 'what');
  await setRefs(repository, [['refs/sluice/new/broken', site.tip]]);
  const missing = await commit(repository, { message: 'missing' });
  await setRefs(repository, [['refs/sluice/new/missing', missing]]);
  await rm(join(repository, 'objects', missing.slice(0, 2), missing.slice(2)));
  expect((await checkOutAt(site)).commit).toBe(site.tip);
  expect(await packs(repository)).toBeGreaterThan(40);
});
