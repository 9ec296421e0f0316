import { chmod, mkdir, readdir, readFile, rename, stat, symlink, truncate, utimes, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { openFactCache } from '../../../src/core/gate/cache.ts';
import { notAsked } from '../../../src/core/gate/facts.ts';
import type { GateFork, Recall } from '../../../src/core/gate/ports.ts';
import type { ForkFacts } from '../../../src/core/model/gate-facts.ts';
import { privateFiles } from '../../../src/core/private-files.ts';
import { testDir } from '../../support/temp-dir.ts';

const ttlMs = 15_000;
const question = JSON.stringify({ sha: 'a'.repeat(40) });

function fork(more: Partial<GateFork> = {}): GateFork {
  const open = () => Promise.reject(new Error('opened'));
  return { name: 'int:security/app', repo: 'security/app', cacheKey: 'k', open, ...more };
}

function facts(repo = 'security/app', more: Partial<ForkFacts> = {}): ForkFacts {
  return {
    fork: 'int:security/app',
    repo,
    words: { change: 'pull request', sigil: '#' },
    lookups: [],
    changes: [],
    checks: { known: [] },
    people: notAsked('people'),
    teams: [],
    ...more,
  };
}

interface Site {
  readonly dir: string;
  readonly clock: { now: number; up: number };
  readonly warnings: string[];
  /** A process of its own, as far as the cache is concerned. */
  open(options?: { readonly ttlMs?: number }): Recall;
  /** What the forge was asked, by the cache or past it. */
  ask(recall: Recall, more?: { fork?: GateFork; question?: string; facts?: ForkFacts }): Promise<'asked' | 'kept'>;
  file(): Promise<string>;
}

async function openSite(): Promise<Site> {
  const dir = join(await testDir(), 'cache/gate');
  const clock = { now: 1_000_000_000_000, up: 5_000_000 };
  const warnings: string[] = [];
  const now = () => clock.now;
  return {
    dir,
    clock,
    warnings,
    open: (options = {}) =>
      openFactCache({
        files: privateFiles({ dir, keepMs: 3_600_000, now }),
        ttlMs: options.ttlMs ?? ttlMs,
        now,
        uptime: () => clock.up,
        decode: (value) => ((value as ForkFacts).repo === undefined ? undefined : (value as ForkFacts)),
        warn: (sentence) => warnings.push(sentence),
      }),
    async ask(recall, more = {}) {
      let asked = false;
      const answer = await recall(more.fork ?? fork(), more.question ?? question, async () => {
        asked = true;
        return more.facts ?? facts();
      });
      expect(answer).toEqual(more.facts ?? facts());
      return asked ? 'asked' : 'kept';
    },
    async file() {
      const [name = ''] = await readdir(dir);
      return join(dir, name);
    },
  };
}

test('an answer is shared by processes until its time is over, and then asked anew', async () => {
  const site = await openSite();
  expect(await site.ask(site.open())).toBe('asked');
  site.clock.now += ttlMs - 1;
  expect(await site.ask(site.open())).toBe('kept');
  site.clock.now += 1;
  expect(await site.ask(site.open())).toBe('asked');
  expect(await site.ask(site.open())).toBe('kept');
});

test('a shorter time of the reader counts', async () => {
  const site = await openSite();
  await site.ask(site.open());
  site.clock.now += 5000;
  expect(await site.ask(site.open({ ttlMs: 5000 }))).toBe('asked');
});

test('time 0 neither reads nor writes, and neither does a fork without a key', async () => {
  const site = await openSite();
  await site.ask(site.open({ ttlMs: 0 }));
  await site.ask(site.open(), { fork: fork({ cacheKey: undefined }) });
  await expect(stat(site.dir)).rejects.toThrow('ENOENT');
});

test.each([
  ['another commit', { question: JSON.stringify({ sha: 'b'.repeat(40) }) }],
  ['another credential, forge or repository', { fork: fork({ cacheKey: 'other' }) }],
  ['another alias', { fork: fork({ name: 'ext:security/app' }) }],
])('%s is another question', async (_, more) => {
  const site = await openSite();
  await site.ask(site.open());
  expect(await site.ask(site.open(), more)).toBe('asked');
});

test('only the owner may read it', async () => {
  const site = await openSite();
  await site.ask(site.open());
  expect((await stat(site.dir)).mode & 0o777).toBe(0o700);
  expect((await stat(await site.file())).mode & 0o777).toBe(0o600);
  expect(await readdir(site.dir)).toHaveLength(1);
});

test.each<[string, Partial<ForkFacts>]>([
  ['checks', { checks: unknown('HTTP 500') }],
  ['a lookup', { lookups: [{ by: 'by branch main', found: unknown('no answer') }] }],
  ['a team', { teams: [{ team: 'a/b', members: unknown('') }] }],
])('an answer in which %s failed is not kept', async (_, more) => {
  const site = await openSite();
  const partial = facts('security/app', more);
  await site.ask(site.open(), { facts: partial });
  expect(await site.ask(site.open(), { facts: partial })).toBe('asked');
});

function unknown(problem: string) {
  return { unknown: { request: 'x', problem, hint: null, retryAfterMs: null } };
}

describe('what makes an entry a miss', () => {
  test.each<[string, (site: Site) => unknown]>([
    ['a clock that was set back', (site) => (site.clock.now -= 1)],
    ['an hour after which the clock was set back by an hour', (site) => (site.clock.up += 3_600_000)],
    ['a start of the machine', (site) => (site.clock.up = 10)],
    ['no time since the start of the machine', async (site) => edit(site, withoutUp)],
    ['a torn file', async (site) => truncate(await site.file(), 40)],
    ['an empty file', async (site) => truncate(await site.file(), 0)],
    ['something else', async (site) => writeFile(await site.file(), '[]')],
    ['no time', async (site) => edit(site, ({ key, value }) => ({ key, value }))],
    ['a time that is no number', async (site) => edit(site, (entry) => ({ ...entry, at: '1' }))],
    ['another key inside', async (site) => edit(site, (entry) => ({ ...entry, key: 'x' }))],
    [
      'a value of another form',
      async (site) => edit(site, (entry) => ({ ...entry, value: { facts: {}, up: 5_000_000 } })),
    ],
    ['no value at all', async (site) => edit(site, (entry) => ({ ...entry, value: null }))],
    ['a file that others may write to', async (site) => chmod(await site.file(), 0o620)],
    ['a directory that others may write to', (site) => chmod(site.dir, 0o777)],
    [
      'a link to a good file',
      async (site) => {
        const file = await site.file();
        await rename(file, `${site.dir}/../good`);
        await symlink(`${site.dir}/../good`, file);
      },
    ],
    [
      'a directory in its place',
      async (site) => {
        const file = await site.file();
        await rename(file, `${site.dir}/../good`);
        await mkdir(file);
      },
    ],
  ])('%s', async (_, spoil) => {
    const site = await openSite();
    await site.ask(site.open());
    await spoil(site);
    expect(await site.ask(site.open())).toBe('asked');
  });

  function withoutUp(entry: Record<string, unknown>) {
    return { ...entry, value: { facts: facts() } };
  }

  async function edit(site: Site, change: (entry: Record<string, unknown>) => unknown): Promise<void> {
    const file = await site.file();
    await writeFile(file, JSON.stringify(change(JSON.parse(await readFile(file, 'utf8')))));
  }
});

test('a cache that cannot be written is a warning, and the answer stands', async () => {
  const site = await openSite();
  await writeFile(join(site.dir, '../..', 'cache'), 'a file');
  expect(await site.ask(site.open())).toBe('asked');
  expect(site.warnings).toEqual([expect.stringContaining('cannot be kept')]);
});

test('a directory that others may write to is not written either', async () => {
  const site = await openSite();
  await mkdir(site.dir, { recursive: true });
  await chmod(site.dir, 0o777);
  await site.ask(site.open());
  expect(await readdir(site.dir)).toEqual([]);
  expect(site.warnings).toHaveLength(1);
});

test('old entries and drafts go, what is not ours stays', async () => {
  const site = await openSite();
  site.clock.now = Date.now();
  await mkdir(site.dir, { recursive: true, mode: 0o700 });
  const names = [`${'a'.repeat(64)}.json`, `${'a'.repeat(64)}.json.${'b'.repeat(36)}.tmp`, 'notes.json'];
  for (const name of names) {
    await writeFile(join(site.dir, name), 'x');
    await utimes(join(site.dir, name), 1, 1);
  }
  await site.ask(site.open());
  const left = await readdir(site.dir);
  expect(left).toHaveLength(2);
  expect(left).toContain('notes.json');
});

test('many processes at once: each gets a whole answer', async () => {
  const site = await openSite();
  const answers = await Promise.all(Array.from({ length: 30 }, () => site.ask(site.open())));
  expect(answers).toContain('asked');
  expect(await site.ask(site.open())).toBe('kept');
  expect(await readdir(site.dir)).toHaveLength(1);
});
