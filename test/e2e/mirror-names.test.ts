import { appendFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { git, runGit, setRef } from '../support/git-repo.ts';
import { addRefs, expectDone, main, mirrorText, openSite, type Site, throughGit } from './mirror-scene.ts';

const hostile = [
  '-x',
  // biome-ignore lint/suspicious/noTemplateCurlyInString: what a shell would expand
  '--upload-pack=touch${IFS}x',
  '$(id)',
  '`id`',
  ';id;',
  "it's",
  '"quoted"',
  'a&b|c>d',
  '%2e%2e',
  '#7',
  '@',
  'HEAD',
  'refs/heads/x',
  'ünïcödé/\u4f60\u597d/🚰',
  'e\u0301',
  '\u00e9',
  '\u202egnp.exe',
  '{name}',
  'a,b=c',
  '!important',
  'x'.repeat(240),
];

const ways = [
  { way: 'file', url: (_site: Site, repo: string) => repo, env: {} },
  { way: 'http', url: (site: Site, repo: string) => site.server.url(repo), env: {} },
  {
    way: 'http through git',
    url: (site: Site, repo: string) => site.server.url(repo),
    env: throughGit,
  },
];

describe.each(ways)('hostile ref names over $way', ({ url, env }) => {
  const sides = (site: Site) => [url(site, site.from), url(site, site.to)];

  test('arrive byte for byte, move, and are deleted', async () => {
    const site = await openSite();
    // `@` alone is no valid branch name for git-branch, but a valid ref.
    const names = hostile.flatMap((name) => [`refs/heads/${name}`, `refs/tags/${name}`]);
    await addRefs(site, Object.fromEntries(names.map((name) => [name, 0])));
    const created = await site.mirror(sides(site), { env });
    expect(Object.values(created.statuses).filter((status) => status !== 'created')).toEqual([]);
    expect(created.status).toBe(0);
    expect(await site.refsOf(site.to)).toEqual(await site.refsOf(site.from));
    for (const name of hostile) await setRef(site.from, `refs/heads/${name}`, site.commits[1]);
    const moved = await site.mirror(sides(site), { env });
    expect(moved.report.summary).toEqual({
      created: 0,
      updated: hostile.length,
      forced: 0,
      deleted: 0,
      unchanged: hostile.length + 1,
      refused: 0,
    });
    const input = names.map((name) => `delete ${name}\0\0`).join('');
    await git(['--git-dir', site.from, 'update-ref', '--stdin', '-z'], { input });
    const pruned = await site.mirror([...sides(site), '--prune'], { env });
    expect(pruned.report.summary).toMatchObject({ deleted: names.length, refused: 0 });
    expect(await site.refsOf(site.to)).toEqual({ [main]: site.commits[2] });
  });

  test('bytes that are no UTF-8 are refused with the reason, and the rest arrives', async () => {
    const site = await openSite();
    await writePackedRef(site, site.from, Buffer.from([0x6c, 0x61, 0x74, 0x69, 0x6e, 0xe9]), 0);
    const mirrored = await site.mirror(sides(site), { env });
    await expectDone(site, mirrored, { [main]: 'created', 'refs/heads/latin\ufffd': 'refused' });
    expect(mirrored.report.refs.find(({ status }) => status === 'refused')?.reason).toContain('is not valid UTF-8');
    expect(await site.refsOf(site.to)).toEqual({ [main]: site.commits[2] });
  });

  test('such a name at the destination is not pruned by guess', async () => {
    const site = await openSite();
    await writePackedRef(site, site.to, Buffer.from([0xe9]), 0);
    const mirrored = await site.mirror([...sides(site), '--prune'], { env });
    await expectDone(site, mirrored, { [main]: 'created', 'refs/heads/\ufffd': 'refused' });
  });

  test('a name that stands in the way of another: the ref that is there stays', async () => {
    const site = await openSite();
    await git(['--git-dir', site.from, 'push', '-q', site.to, `${main}~1:refs/heads/a`, `${main}~1:refs/heads/b/c`]);
    await addRefs(site, { 'refs/heads/a/x': 0, 'refs/heads/b': 0, 'refs/heads/ok': 0 });
    const mirrored = await site.mirror(sides(site), { env });
    await expectDone(site, mirrored, {
      'refs/heads/a/x': 'refused',
      'refs/heads/b': 'refused',
      [main]: 'created',
      'refs/heads/ok': 'created',
    });
    const reasons = mirrored.report.refs.flatMap(({ reason }) => reason ?? []);
    expect(reasons).toEqual([
      'refs/heads/a exists there, and git cannot keep both',
      'refs/heads/b/c exists there, and git cannot keep both',
    ]);
  });
});

test('two sources that become a name and a name below it: one is refused', async () => {
  const site = await openSite();
  await addRefs(site, { 'refs/heads/a': 0, 'refs/heads/x/b': 1 });
  const mirrored = await site.mirror([site.from, site.to, '--ref', 'a:a', '--ref', 'x/b:a/b']);
  await expectDone(site, mirrored, { 'refs/heads/a': 'created', 'refs/heads/a/b': 'refused' });
});

test.each(['a b', '..', 'a..b', 'x.lock', '/x', 'x/', 'a~1', 'a^', 'a:b', 'a\\b', '.x', 'x.', '@{', 'y'.repeat(251)])(
  'a template that makes %j is refused per ref',
  async (name) => {
    const site = await openSite();
    const mirrored = await site.mirror([site.from, site.to, '--branch', 'main', '--as', name]);
    await expectDone(site, mirrored, { [`refs/heads/${name}`]: 'refused' });
    expect(mirrored.report.refs[0]?.reason).toMatch(/^the destination name ".*" \w/);
  },
);

test('control sequences of a remote do not reach the terminal', async () => {
  const site = await openSite();
  await setRef(site.from, 'refs/heads/\u202egnp.exe', site.commits[0]);
  const ran = await mirrorText(site, [site.from, site.to, '--branch', '*exe']);
  expect(ran.stdout).toContain('\\u202egnp.exe');
  expect(ran.stdout).not.toContain('\u202e');
});

/** update-ref and fast-import refuse nothing here, but arguments of a JavaScript child are UTF-8: so into the file itself. */
async function writePackedRef(site: Site, repo: string, name: Buffer, at: 0 | 1 | 2): Promise<void> {
  if (repo !== site.from)
    await git(['--git-dir', site.from, 'push', '-q', repo, `${site.commits[at]}:refs/heads/scratch`]);
  if (repo !== site.from) await runGit(['--git-dir', repo, 'update-ref', '-d', 'refs/heads/scratch']);
  const file = join(repo, 'packed-refs');
  await writeFile(file, '', { flag: 'a' });
  await appendFile(file, Buffer.concat([Buffer.from(`${site.commits[at]} refs/heads/`), name, Buffer.from('\n')]));
}
