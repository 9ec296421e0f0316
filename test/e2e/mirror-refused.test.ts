import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { describe, expect, test } from 'vitest';
import { addHook, expectWhole } from '../contract/transfers/scene.ts';
import { git, isShallow, makeBareRepo } from '../support/git-repo.ts';
import { addRefs, expectDone, main, mirrorText, openSite, type Site } from './mirror-scene.ts';

const ways = [
  { way: 'file', url: (_site: Site, repo: string) => repo },
  { way: 'http', url: (site: Site, repo: string) => site.server.url(repo) },
];

describe.each(ways)('sides that are not as they should be, over $way', ({ url }) => {
  test('a missing source, a missing destination', async () => {
    const site = await openSite();
    const none = url(site, join(site.root, 'none.git'));
    const noSource = await site.mirror([none, url(site, site.to)]);
    expect([noSource.status, noSource.error.code]).toEqual([69, 'not-found']);
    const noDestination = await site.mirror([url(site, site.from), none]);
    expect([noDestination.status, noDestination.error.code]).toEqual([69, 'not-found']);
    expect(noDestination.error.hint).toContain('--create');
    expect(noDestination.error.message).not.toContain('git failed without a message');
  });

  test('an empty source has nothing to mirror', async () => {
    const site = await openSite();
    const empty = await makeBareRepo(join(site.root, 'empty.git'));
    const { status, report } = await site.mirror([url(site, empty), url(site, site.to)]);
    expect([status, report.refs, report.nothing]).toEqual([0, [], `${url(site, empty)} is empty`]);
  });

  test('a shallow source is refused, and no cache of it stays shallow', async () => {
    const site = await openSite();
    const shallow = join(site.root, 'shallow.git');
    await git(['clone', '-q', '--bare', '--depth=1', `file://${site.from}`, shallow]);
    const args = [url(site, shallow), url(site, site.to)];
    for (const cache of ['auto', 'always', 'never']) {
      const { status, error } = await site.mirror([...args, '--cache', cache, '--retries', '0']);
      expect([status, error.message]).toEqual([69, expect.stringContaining('is a shallow clone')]);
    }
    expect([await site.refsOf(site.to), await isShallow(site.to)]).toEqual([{}, false]);
    await git(['-C', shallow, 'fetch', '-q', '--unshallow', site.from]);
    await expectDone(site, await site.mirror([...args, '--cache', 'always']), { [main]: 'created' });
    await expectWhole(site.to);
  });

  test('SHA-1 and SHA-256 do not mix, SHA-256 alone works', async () => {
    const site = await openSite({ from: { objectFormat: 'sha256' } });
    await git(['--git-dir', site.to, 'config', 'receive.denyDeletes', 'true']);
    const modern = await makeBareRepo(join(site.root, 'modern.git'), { objectFormat: 'sha256' });
    await expectDone(site, await site.mirror([url(site, site.from), url(site, modern)]), { [main]: 'created' });
    const old = await makeBareRepo(join(site.root, 'old.git'));
    await git(['--git-dir', old, 'fetch', '-q', await otherHistory(site), `${main}:${main}`]);
    const mixed = await site.mirror([url(site, site.from), url(site, old)]);
    expect([mixed.status, mixed.error.message]).toEqual([
      64,
      expect.stringContaining('git cannot convert between them'),
    ]);
  });

  test('a hook that refuses one of many, with its own words and status 1', async () => {
    const site = await openSite();
    await addHook(site.to, 'update', 'case $1 in refs/heads/b) echo "b is frozen until Monday"; exit 1;; esac');
    await addRefs(site, { 'refs/heads/a': 0, 'refs/heads/b': 1, 'refs/tags/v1': 0 });
    const args = [url(site, site.from), url(site, site.to)];
    const mirrored = await site.mirror(args);
    await expectDone(site, mirrored, {
      'refs/heads/a': 'created',
      'refs/heads/b': 'refused',
      [main]: 'created',
      'refs/tags/v1': 'created',
    });
    expect(mirrored.report.refs[1]?.reason).toBe('hook declined');
    expect(mirrored.report.messages).toContain('b is frozen until Monday');
    const again = await mirrorText(site, args);
    expect([again.status, again.stdout]).toEqual([
      1,
      expect.stringMatching(/^refused {2}b → b {2}hook declined\nremote: b is frozen until Monday\n/),
    ]);
    expect((await mirrorText(site, [...args, '--quiet'])).stdout).toBe('refused  b → b  hook declined\n');
  });

  test('a protected branch: pre-receive refuses the whole push', async () => {
    const site = await openSite();
    await addHook(
      site.to,
      'pre-receive',
      'echo "GitLab: You are not allowed to push to protected branches" >&2; exit 1',
    );
    const mirrored = await site.mirror([url(site, site.from), url(site, site.to)]);
    await expectDone(site, mirrored, { [main]: 'refused' });
    expect(mirrored.report.refs[0]?.reason).toBe('pre-receive hook declined');
    expect(mirrored.report.messages).toContain('GitLab: You are not allowed to push to protected branches');
  });

  test('deletions and rewrites that the destination does not take', async () => {
    const site = await openSite({
      to: { config: { 'receive.denyDeletes': 'true', 'receive.denyNonFastForwards': 'true' } },
    });
    await addRefs(site, { 'refs/heads/a': 1, 'refs/heads/gone': 0 });
    const args = [url(site, site.from), url(site, site.to), '--prune', '--update', 'force'];
    await site.mirror(args);
    await git(['--git-dir', site.from, 'update-ref', '-d', 'refs/heads/gone']);
    await addRefs(site, { 'refs/heads/a': 0 });
    const mirrored = await site.mirror(args);
    await expectDone(site, mirrored, { 'refs/heads/gone': 'refused', 'refs/heads/a': 'refused', [main]: 'unchanged' });
    expect(mirrored.report.refs.map(({ reason }) => reason)).toEqual([
      'deletion prohibited',
      'non-fast-forward',
      undefined,
    ]);
  });

  test('the checked-out branch of a clone', async () => {
    const site = await openSite();
    const clone = join(site.root, 'clone');
    await git(['clone', '-q', site.from, clone]);
    await git(['-C', clone, 'config', 'http.receivepack', 'true']);
    await git(['--git-dir', site.from, 'update-ref', main, site.commits[1]]);
    await git(['-C', clone, 'update-ref', main, site.commits[0]]);
    const mirrored = await site.mirror([url(site, site.from), url(site, `${clone}/.git`)]);
    expect([mirrored.status, mirrored.statuses[main]]).toEqual([1, 'refused']);
    expect(mirrored.report.refs[0]?.reason).toBe('branch is currently checked out');
  });
});

async function otherHistory(site: Site): Promise<string> {
  const other = await openSite();
  const copy = join(site.root, 'other.git');
  await git(['clone', '-q', '--bare', other.from, copy]);
  return copy;
}

test('a repository is not mirrored onto itself, however it is spelled', async () => {
  const site = await openSite();
  const http = site.server.url(site.from);
  for (const args of [
    [http],
    [http, `${http}/`],
    [http, http.replace(/\.git$/, '')],
    [site.from, `file://${site.from}`],
    [site.from],
  ]) {
    const { status, error } = await site.mirror(args);
    expect([args, status, error.message]).toEqual([args, 64, expect.stringContaining('onto itself')]);
  }
});

test('a clone and the bare repository of the same name beside it are two repositories', async () => {
  const site = await openSite();
  const clone = join(site.root, 'app');
  await git(['clone', '-q', site.from, clone]);
  await expectDone(site, await site.mirror([clone, `${clone}.git`, '--create']), { [main]: 'created' });
  expect(await site.refsOf(`${clone}.git`)).toEqual({ [main]: site.commits[2] });
});

describe('--create', () => {
  test.each([
    ['a path', (dir: string) => dir],
    ['a relative path', () => './deep/er/new.git'],
    ['a file URL', (dir: string) => pathToFileURL(dir).href],
  ])('makes a bare repository at %s, once', async (_what, spell) => {
    const site = await openSite();
    const dir = join(site.root, 'deep/er/new.git');
    const created = await site.mirror([site.from, spell(dir), '--create']);
    await expectDone(site, created, { [main]: 'created' });
    expect(created.report.created).toEqual({ repository: created.report.to });
    expect(await site.refsOf(dir)).toEqual({ [main]: site.commits[2] });
    // It belongs to its owner now, whose git shall look after it as after any other.
    expect(await git(['-C', dir, 'config', '--local', '--get-regexp', 'gc|maintenance|bare'])).toBe('core.bare true');
    const again = await site.mirror([site.from, spell(dir), '--create']);
    await expectDone(site, again, { [main]: 'unchanged' });
    expect(again.report).not.toHaveProperty('created');
  });

  test('in SHA-256 when the source is', async () => {
    const site = await openSite({ from: { objectFormat: 'sha256' } });
    const dir = join(site.root, 'new.git');
    await expectDone(site, await site.mirror([site.from, dir, '--create']), { [main]: 'created' });
    expect((await site.refsOf(dir))[main]).toHaveLength(64);
  });

  test('of a URL that belongs to no forge says so', async () => {
    const site = await openSite();
    const { status, error } = await site.mirror([site.from, `${site.server.origin}/new.git`, '--create']);
    expect([status, error.message]).toEqual([64, expect.stringContaining('belongs to no configured forge')]);
  });
});

test.each([
  [['--branch'], /argument missing/],
  [['--update', 'sometimes'], /ff, force/],
  [['--cache', 'maybe'], /auto, always, never/],
  [['--timeout', 'soon'], /duration/],
  [['--pr', 'x'], /whole number/],
  [['--retires', '1'], /--retries/],
])('wrong usage: %j', async (args, words) => {
  const site = await openSite();
  const ran = await mirrorText(site, [site.from, site.to, ...args]);
  expect([ran.status, ran.stdout, ran.stderr]).toEqual([64, '', expect.stringMatching(words)]);
  expect(await site.refsOf(site.to)).toEqual({});
});

test('a destination directory that is no repository is left alone', async () => {
  const site = await openSite();
  const dir = join(site.root, 'papers');
  await mkdir(dir);
  await writeFile(join(dir, 'thesis.txt'), 'x');
  expect((await site.mirror([site.from, dir])).status).toBe(69);
});
