import { chmod, readdir, readFile, stat, truncate, utimes, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { type KeptAnswer, type KeptAnswers, keptInMemory } from '../../../src/core/http/kept-answers.ts';
import { keptInFiles } from '../../../src/core/http/kept-files.ts';
import { privateFiles } from '../../../src/core/private-files.ts';
import { testDir } from '../../support/temp-dir.ts';

function answer(text = '{"a":"ü \\" \\n"}'): KeptAnswer {
  return { etag: 'W/"a"', headers: { 'content-type': 'application/json' }, text };
}

async function openSite() {
  const dir = join(await testDir(), 'gate/answers');
  const warnings: string[] = [];
  const clock = { now: Date.now() };
  return {
    dir,
    warnings,
    clock,
    /** A process of its own. */
    open: (most = { files: 3, bytes: 1_000_000 }): KeptAnswers =>
      keptInFiles(privateFiles({ dir, keepMs: 3_600_000, most, now: () => clock.now }), (text) => warnings.push(text)),
    async file() {
      const [name = ''] = await readdir(dir);
      return join(dir, name);
    },
  };
}

describe('in files', () => {
  test('another process finds exactly what was kept, under its key alone', async () => {
    const site = await openSite();
    await site.open().keep('k', answer());
    expect(await site.open().find('k')).toEqual(answer());
    expect(await site.open().find('other')).toBeUndefined();
    expect((await stat(site.dir)).mode & 0o777).toBe(0o700);
    expect((await stat(await site.file())).mode & 0o777).toBe(0o600);
  });

  test.each<[string, (file: string, dir: string) => Promise<unknown>]>([
    ['a torn file', (file) => truncate(file, 60)],
    ['an empty one', (file) => truncate(file, 0)],
    ['one that others may write to', (file) => chmod(file, 0o620)],
    ['a directory that others may write to', (_, dir) => chmod(dir, 0o777)],
    ['no answer', (file) => edit(file, () => null)],
    ['no tag', (file) => edit(file, ({ etag: _, ...rest }) => rest)],
    ['a tag that would be two headers', (file) => edit(file, (kept) => ({ ...kept, etag: '"a"\r\nx: "y"' }))],
    ['no text', (file) => edit(file, (kept) => ({ ...kept, text: {} }))],
    ['headers that are none', (file) => edit(file, (kept) => ({ ...kept, headers: ['a'] }))],
    ['a header that is no text', (file) => edit(file, (kept) => ({ ...kept, headers: { link: 1 } }))],
  ])('%s is a miss, and is replaced', async (_, spoil) => {
    const site = await openSite();
    await site.open().keep('k', answer());
    await spoil(await site.file(), site.dir);
    expect(await site.open().find('k')).toBeUndefined();
    await chmod(site.dir, 0o700);
    await site.open().keep('k', answer('2'));
    expect(await site.open().find('k')).toEqual(answer('2'));
    expect(site.warnings).toEqual([]);
  });

  async function edit(file: string, change: (kept: Record<string, unknown>) => unknown): Promise<void> {
    const document = JSON.parse(await readFile(file, 'utf8'));
    await writeFile(file, JSON.stringify({ ...document, value: change(document.value) }));
  }

  test('a cache that cannot be written is one warning', async () => {
    const site = await openSite();
    await writeFile(join(site.dir, '../..', 'gate'), 'a file');
    const kept = site.open();
    await kept.keep('k', answer());
    await kept.keep('l', answer());
    expect(site.warnings).toEqual([expect.stringContaining('cannot be kept for the next run')]);
  });

  test('the oldest go when there are too many, or too large ones', async () => {
    const site = await openSite();
    for (const at of [1, 2, 3, 4, 5]) {
      await site.open({ files: 100, bytes: 1_000_000 }).keep(String(at), answer());
      const kept = (await readdir(site.dir)).map((name) => join(site.dir, name));
      // Older than what comes next, and younger than an hour.
      for (const file of kept) await utimes(file, new Date(), (await stat(file)).mtimeMs / 1000 - 10);
    }
    await site.open().keep('6', answer());
    expect(await found(site.open(), ['3', '4', '5', '6'])).toEqual([false, true, true, true]);
    await site.open({ files: 100, bytes: 250 }).keep('7', answer());
    expect(await found(site.open(), ['5', '6', '7'])).toEqual([false, false, true]);
  });

  async function found(kept: KeptAnswers, keys: readonly string[]): Promise<readonly boolean[]> {
    return await Promise.all(keys.map(async (key) => (await kept.find(key)) !== undefined));
  }

  test('old ones are looked for once a minute, not for every write', async () => {
    const site = await openSite();
    const kept = site.open();
    await kept.keep('old', answer());
    await utimes(await site.file(), 1, 1);
    await kept.keep('k', answer());
    expect(await readdir(site.dir)).toHaveLength(2);
    site.clock.now += 60_000;
    await kept.keep('k', answer());
    expect(await readdir(site.dir)).toHaveLength(1);
  });
});

describe('in memory', () => {
  test('what lies behind is asked once, and gets what is kept', async () => {
    const behind = keptInMemory();
    await behind.keep('k', answer('1'));
    const kept = keptInMemory(behind);
    expect(await kept.find('k')).toEqual(answer('1'));
    await behind.keep('k', answer('2'));
    expect(await kept.find('k')).toEqual(answer('1'));
    await kept.keep('l', answer('3'));
    expect(await behind.find('l')).toEqual(answer('3'));
  });

  test('the first go when there is too much', async () => {
    const kept = keptInMemory(undefined, 10_000);
    for (const key of ['a', 'b', 'a', 'c', 'd']) await kept.keep(key, answer('x'.repeat(4000)));
    const left = await Promise.all(['a', 'b', 'c', 'd'].map(async (key) => (await kept.find(key)) !== undefined));
    expect(left).toEqual([false, false, true, true]);
    await kept.keep('e', answer('x'.repeat(9001)));
    expect(await kept.find('e')).toBeUndefined();
  });

  test('small ones count, too', async () => {
    const kept = keptInMemory(undefined, 10_000);
    const keys = Array.from({ length: 1000 }, (_, at) => String(at));
    for (const key of keys) await kept.keep(key, answer('[]'));
    const left = await Promise.all(keys.map(async (key) => (await kept.find(key)) !== undefined));
    expect(left.filter(Boolean)).toHaveLength(9);
    expect(left.at(-1)).toBe(true);
  });
});
