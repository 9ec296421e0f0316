import { execFile } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { mkdir, readdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { describe, expect, onTestFinished, test } from 'vitest';
import { expectWhole } from '../contract/transfers/scene.ts';
import { expectDone, main, openSite, type Site } from '../e2e/mirror-scene.ts';
import { commit } from '../support/git-repo.ts';
import { tempDir } from '../support/temp-dir.ts';

const run = promisify(execFile);

/** Mounting needs root and a kernel that lets it. */
async function whyNot(): Promise<string | undefined> {
  if (process.platform !== 'linux' || process.getuid?.() !== 0) return 'only root may mount a tmpfs';
  await using dir = await tempDir();
  try {
    await run('mount', ['-t', 'tmpfs', '-o', 'size=1m', 'none', dir.path]);
    await run('umount', [dir.path]);
    return undefined;
  } catch (error) {
    return `mount fails: ${error instanceof Error ? error.message.trim() : error}`;
  }
}

const reason = await whyNot();
if (reason !== undefined) process.stderr.write(`full-disk tests are skipped: ${reason}\n`);

async function mountTmpfs(dir: string, options: string): Promise<void> {
  await mkdir(dir, { recursive: true });
  await run('mount', ['-t', 'tmpfs', '-o', options, 'none', dir]);
  onTestFinished(async () => void (await run('umount', ['-l', dir])));
}

async function addBig(site: Site): Promise<string> {
  return await commit(site.from, {
    parent: site.commits[2],
    message: 'big',
    files: { big: randomBytes(3_000_000) },
    ref: main,
  });
}

describe.skipIf(reason !== undefined)('a full disk', () => {
  test.each([
    ['TMPDIR', 'tmp', ['--cache', 'never']],
    ['the cache', 'cache', ['--cache', 'always']],
  ])('of %s is status 69 with words that say so, and afterwards all is well', async (_what, dir, more) => {
    const site = await openSite();
    await addBig(site);
    await mountTmpfs(join(site.root, dir), 'size=1m');
    const args = [site.from, site.to, ...more];
    const { status, error } = await site.mirror([...args, '--retries', '0']);
    expect([status, error.code]).toEqual([69, 'unavailable']);
    expect(`${error.message} ${error.hint}`).toMatch(/disk is full/);
    expect(await site.refsOf(site.to)).toEqual({});
    expect(await site.leftovers()).toEqual([]);
    await run('mount', ['-o', 'remount,size=100m', join(site.root, dir)]);
    await expectDone(site, await site.mirror(args), { [main]: 'created' });
    await expectWhole(site.to);
  });

  test('of the last byte: not even a repository can be made', async () => {
    const site = await openSite();
    for (const [dir, more] of [
      ['tmp', 'never'],
      // The lock comes first, and cannot be made either.
      ['cache', 'always'],
    ] as const) {
      await mountTmpfs(join(site.root, dir), 'size=8k');
      await writeFile(join(site.root, dir, 'ballast'), randomBytes(8192));
      const { status, error } = await site.mirror([site.from, site.to, '--cache', more, '--retries', '0']);
      expect([dir, status, `${error.message} ${error.hint}`]).toEqual([dir, 69, expect.stringMatching(/full/)]);
    }
  });

  test('is no matter for the in-process way, which writes nothing', async () => {
    const site = await openSite();
    const tip = await addBig(site);
    for (const dir of ['tmp', 'cache']) await mountTmpfs(join(site.root, dir), 'size=4k,nr_inodes=4');
    await expectDone(site, await site.mirror([site.server.url(site.from), site.server.url(site.to)]), {
      [main]: 'created',
    });
    expect(await site.refsOf(site.to)).toEqual({ [main]: tip });
  });

  test('at the destination is a refusal in its own words', async () => {
    const site = await openSite();
    await addBig(site);
    const small = join(site.root, 'small');
    await mountTmpfs(small, 'size=1m');
    await run('cp', ['-r', site.to, join(small, 'to.git')]);
    const { status, report, error } = await site.mirror([site.from, join(small, 'to.git'), '--retries', '0']);
    expect([1, 69]).toContain(status);
    expect(JSON.stringify(error ?? report.refs)).toMatch(/unpacker error|No space left/);
    await expectWhole(join(small, 'to.git'));
  });
});

describe.skipIf(reason !== undefined)('a read-only disk', () => {
  test.each([
    ['TMPDIR', 'tmp', 'never'],
    ['the cache', 'cache', 'always'],
  ])('of %s is said as such', async (_what, dir, cache) => {
    const site = await openSite();
    await mountTmpfs(join(site.root, dir), 'size=1m,ro');
    const { status, error } = await site.mirror([site.from, site.to, '--cache', cache, '--retries', '0']);
    expect([status, error.code]).toEqual([78, 'config']);
    expect(error.message).toMatch(/read-only file system|EROFS|ENOENT: .* mkdir/);
    expect(await readdir(join(site.root, dir))).toEqual([]);
  });
});
