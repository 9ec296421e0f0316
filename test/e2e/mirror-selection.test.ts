import { expect, test } from 'vitest';
import { addChange, git, setRef } from '../support/git-repo.ts';
import { addRefs, expectDone, main, openSite, type Site } from './mirror-scene.ts';

async function openVaried(): Promise<Site> {
  const site = await openSite();
  await addRefs(site, {
    'refs/heads/release/1.0': 0,
    'refs/heads/release/2.0': 1,
    'refs/heads/wip/x': 1,
    'refs/heads/dot.name': 1,
    'refs/tags/v1': 0,
    'refs/tags/v2-rc': 1,
    'refs/notes/commits': 0,
    'refs/merge-requests/5/head': 2,
  });
  await addChange(site.from, 7, { from: 'main' });
  return site;
}

test('nothing selected: all branches and tags, and nothing else', async () => {
  const site = await openSite();
  await addRefs(site, {
    'refs/heads/a/b': 1,
    'refs/tags/v1': 0,
    'refs/notes/commits': 0,
    'refs/merge-requests/5/head': 2,
  });
  await addChange(site.from, 7, { from: 'main' });
  await git(['--git-dir', site.from, 'tag', '-a', '-m', 'v2', 'v2', main]);
  const args = [site.server.url(site.from), site.server.url(site.to)];
  const all = { 'refs/heads/a/b': 'created', [main]: 'created', 'refs/tags/v1': 'created', 'refs/tags/v2': 'created' };
  await expectDone(site, await site.mirror(args), all);
  const { 'refs/tags/v2': tag, ...rest } = await site.refsOf(site.to);
  expect(rest).toEqual({ 'refs/heads/a/b': site.commits[1], [main]: site.commits[2], 'refs/tags/v1': site.commits[0] });
  expect(tag).toBe(await git(['--git-dir', site.from, 'rev-parse', 'refs/tags/v2']));
});

test.each([
  ['--branch', ['--branch', 'release/*'], ['refs/heads/release/1.0', 'refs/heads/release/2.0']],
  ['--branch twice', ['--branch', 'main', '--branch', 'wip/**'], [main, 'refs/heads/wip/x']],
  ['--tag', ['--tag', 'v*'], ['refs/tags/v1', 'refs/tags/v2-rc']],
  ['--tag and --branch', ['--tag', 'v1', '--branch', 'main'], [main, 'refs/tags/v1']],
  [
    '--exclude',
    ['--tag', '*', '--branch', '**', '--exclude', '{wip/**,*-rc}', '--exclude', 'release/1*'],
    ['refs/heads/dot.name', main, 'refs/heads/release/2.0', 'refs/tags/v1'],
  ],
  ['--exclude alone', ['--exclude', '{wip/**,*-rc,release/*}'], ['refs/heads/dot.name', main, 'refs/tags/v1']],
  ['* does not match a slash', ['--branch', '*'], ['refs/heads/dot.name', main]],
] as const)('globs: %s', async (_name, args, expected) => {
  const site = await openVaried();
  const mirrored = await site.mirror([site.from, site.to, ...args]);
  await expectDone(site, mirrored, Object.fromEntries(expected.map((ref) => [ref, 'created'])));
});

test('a glob that matches nothing is no error, and says so', async () => {
  const site = await openVaried();
  const { status, report } = await site.mirror([site.from, site.to, '--branch', 'nothing-*']);
  expect([status, report.refs, report.nothing]).toEqual([0, [], `nothing in ${site.from} matches the selection`]);
});

test('--ref with and without a star, and with other names', async () => {
  const site = await openVaried();
  const mirrored = await site.mirror([
    site.server.url(site.from),
    site.server.url(site.to),
    ...['--ref', 'refs/notes/*:refs/notes/upstream/*'],
    ...['--ref', 'release/*:old/*'],
    ...['--ref', 'main:trunk'],
    ...['--ref', 'refs/pull/*/head:refs/heads/pull/*'],
  ]);
  await expectDone(site, mirrored, {
    'refs/notes/upstream/commits': 'created',
    'refs/heads/old/1.0': 'created',
    'refs/heads/old/2.0': 'created',
    'refs/heads/trunk': 'created',
    'refs/heads/pull/7': 'created',
  });
});

test('--ref moves what is no fast-forward only with +', async () => {
  const site = await openVaried();
  await git(['--git-dir', site.from, 'push', '-q', site.to, `${main}:refs/heads/trunk`]);
  const args = [site.server.url(site.from), site.server.url(site.to)];
  const refused = await site.mirror([...args, '--ref', 'release/1.0:trunk']);
  await expectDone(site, refused, { 'refs/heads/trunk': 'refused' });
  expect(refused.report.refs[0]?.reason).toMatch(/^not a fast-forward: .*--update force$/);
  expect(await site.refsOf(site.to)).toEqual({ 'refs/heads/trunk': site.commits[2] });
  await expectDone(site, await site.mirror([...args, '--ref', '+release/1.0:trunk']), { 'refs/heads/trunk': 'forced' });
  expect(await site.refsOf(site.to)).toEqual({ 'refs/heads/trunk': site.commits[0] });
});

test.each(['main', ':x', 'a:b:c', 'a/*:b', '*/*:x/*', '+:'])('--ref %s is no refspec', async (refspec) => {
  const site = await openSite();
  const { status, error } = await site.mirror([site.from, site.to, '--ref', refspec]);
  expect([status, error.code]).toEqual([64, 'usage']);
});

test('notes that are no branches are moved and pruned like everything else that a refspec owns', async () => {
  const site = await openVaried();
  const args = [site.from, site.to, '--ref', '+refs/notes/*:refs/notes/*', '--prune'];
  await setRef(site.from, 'refs/notes/other', site.commits[1]);
  await site.mirror(args);
  await setRef(site.from, 'refs/notes/commits', site.commits[2]);
  await git(['--git-dir', site.from, 'update-ref', '-d', 'refs/notes/other']);
  await expectDone(site, await site.mirror(args), { 'refs/notes/other': 'deleted', 'refs/notes/commits': 'updated' });
});
