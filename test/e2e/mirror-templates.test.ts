import { describe, expect, test } from 'vitest';
import { addChange, deleteRef, git, makeBareRepo, setRef } from '../support/git-repo.ts';
import { addRefs, expectDone, main, openSite } from './mirror-scene.ts';

describe('--as', () => {
  test('names change requests, branches and tags', async () => {
    const site = await openSite();
    await addChange(site.from, 7, { from: 'main' });
    await addRefs(site, { 'refs/heads/a/b': 1, 'refs/tags/v1': 0 });
    const change = await site.mirror([site.from, '--pr', '7', '--as', 'mr-{number}/head']);
    await expectDone(site, change, { 'refs/heads/mr-7/head': 'created' });
    const named = await site.mirror([site.from, site.to, '--branch', 'a/**', '--tag', '*', '--as', 'up/{name}']);
    await expectDone(site, named, { 'refs/heads/up/a/b': 'created', 'refs/tags/up/v1': 'created' });
  });

  test('makes branches of the same repository, which is no mirror onto itself', async () => {
    const site = await openSite();
    const mirrored = await site.mirror([site.from, '--branch', 'main', '--as', 'copy/{name}']);
    await expectDone(site, mirrored, { 'refs/heads/copy/main': 'created' });
  });

  test.each([
    { args: ['--branch', '*'], as: 'one', what: 'refs/heads/main and refs/heads/other both become refs/heads/one' },
    {
      args: ['--pr', '1', '--pr', '2'],
      as: 'pr',
      what: 'change request 1 and change request 2 both become refs/heads/pr',
    },
    {
      args: ['--branch', 'main', '--ref', 'other:main'],
      what: 'refs/heads/main and refs/heads/other both become refs/heads/main',
    },
  ])('two sources of one name are refused before anything is written ($what)', async ({ args, as, what }) => {
    const site = await openSite();
    await addRefs(site, { 'refs/heads/other': 1, 'refs/pull/1/head': 0, 'refs/pull/2/head': 1 });
    const { status, error } = await site.mirror([
      site.server.url(site.from),
      site.server.url(site.to),
      ...args,
      ...(as ? ['--as', as] : []),
    ]);
    expect([status, error.code, error.problems]).toEqual([64, 'usage', [what]]);
    expect(await site.refsOf(site.to)).toEqual({});
  });

  test('an unknown placeholder, and one that has no value', async () => {
    const site = await openSite();
    const unknown = await site.mirror([site.from, site.to, '--as', '{branch}']);
    expect([unknown.status, unknown.error.message]).toEqual([64, '--as {branch}: unknown placeholder {branch}']);
    expect(unknown.error.hint).toContain('{name}, {number}, {head.owner}, {head.ref}');
    const missing = await site.mirror([site.from, site.to, '--as', 'x/{number}']);
    expect([missing.status, missing.error.message]).toEqual([
      64,
      '--as has {number}, which refs/heads/main does not have',
    ]);
  });

  test('{head.ref} without a forge to ask says so', async () => {
    const site = await openSite();
    await addChange(site.from, 7, { from: 'main' });
    const { status, error } = await site.mirror([site.from, '--pr', '7', '--as', '{head.owner}/{head.ref}']);
    expect([status, error.message]).toEqual([64, expect.stringContaining('belongs to none that is configured')]);
  });
});

describe('--prune', () => {
  test('deletes what this mapping owns and whose source is gone, and nothing else', async () => {
    const site = await openSite();
    await addRefs(site, { 'refs/heads/up/old': 0 });
    const args = [site.from, site.to, '--branch', 'feature/*', '--as', 'up/{name}', '--prune'];
    await addRefs(site, { 'refs/heads/feature/a': 0, 'refs/heads/feature/b': 1 });
    await expectDone(site, await site.mirror(args), {
      'refs/heads/up/feature/a': 'created',
      'refs/heads/up/feature/b': 'created',
    });
    const others = [
      'refs/heads/feature/a',
      'refs/heads/up/wip',
      'refs/heads/upfeature/x',
      'refs/heads/pr/1',
      'refs/tags/up/feature/a',
      'refs/x/up/feature/a',
    ];
    for (const name of others) await setRef(site.to, name, site.commits[0]);
    await deleteRef(site.from, 'refs/heads/feature/a');
    await expectDone(site, await site.mirror(args), {
      'refs/heads/up/feature/a': 'deleted',
      'refs/heads/up/feature/b': 'unchanged',
    });
    expect(Object.keys(await site.refsOf(site.to)).sort()).toEqual(['refs/heads/up/feature/b', ...others].sort());
  });

  test('a change request whose ref is gone loses its mirror; the others keep theirs', async () => {
    const site = await openSite();
    for (const number of [1, 2, 10]) await addChange(site.from, number, { from: 'main' });
    const url = site.server.url(site.from);
    await site.mirror([url, '--pr', '1', '--pr', '2', '--pr', '10']);
    await deleteRef(site.from, 'refs/pull/1/head');
    const mirrored = await site.mirror([url, '--pr', '1', '--pr', '2', '--prune']);
    await expectDone(site, mirrored, { 'refs/heads/pr/1': 'deleted', 'refs/heads/pr/2': 'unchanged' });
    expect(Object.keys(await site.refsOf(site.from))).toEqual([
      main,
      'refs/heads/pr/10',
      'refs/heads/pr/2',
      'refs/pull/10/head',
      'refs/pull/2/head',
    ]);
  });

  test('a template without a directory of its own owns too much', async () => {
    const site = await openSite();
    await addChange(site.from, 1, { from: 'main' });
    const { status, error } = await site.mirror([site.from, '--pr', '1', '--prune', '--as', 'pr-{number}']);
    expect([status, error.message]).toEqual([64, expect.stringContaining('--prune needs an --as')]);
  });

  test('a placeholder that is written twice', async () => {
    const site = await openSite();
    for (const number of [1, 2]) await addChange(site.from, number, { from: 'main' });
    const args = [site.from, '--as', 'pr/{number}/{number}', '--pr', '1', '--pr', '2', '--prune'];
    await expectDone(site, await site.mirror(args), { 'refs/heads/pr/1/1': 'created', 'refs/heads/pr/2/2': 'created' });
    await setRef(site.from, 'refs/heads/pr/1/2', site.commits[0]);
    await deleteRef(site.from, 'refs/pull/2/head');
    await expectDone(site, await site.mirror(args), {
      'refs/heads/pr/2/2': 'deleted',
      'refs/heads/pr/1/1': 'unchanged',
    });
    expect(await site.refsOf(site.from)).toHaveProperty(['refs/heads/pr/1/2']);
  });

  test('an empty source deletes nothing', async () => {
    const site = await openSite();
    const empty = await makeBareRepo(`${site.root}/empty.git`);
    await git(['--git-dir', site.from, 'push', '-q', site.to, main]);
    for (const way of [(repo: string) => repo, site.server.url]) {
      const { status, error } = await site.mirror([way(empty), way(site.to), '--prune']);
      expect([status, error.message]).toEqual([69, expect.stringContaining('--prune would delete 1 refs')]);
    }
    expect(await site.refsOf(site.to)).toEqual({ [main]: site.commits[2] });
  });

  test('a deletion makes room for a name below it, and the other way round', async () => {
    const site = await openSite();
    const args = [site.server.url(site.from), site.server.url(site.to), '--prune'];
    await addRefs(site, { 'refs/heads/a': 0, 'refs/heads/b/c': 0 });
    await site.mirror(args);
    await deleteRef(site.from, 'refs/heads/a');
    await deleteRef(site.from, 'refs/heads/b/c');
    await addRefs(site, { 'refs/heads/a/x': 1, 'refs/heads/b': 1 });
    await expectDone(site, await site.mirror(args), {
      'refs/heads/a': 'deleted',
      'refs/heads/b/c': 'deleted',
      'refs/heads/a/x': 'created',
      'refs/heads/b': 'created',
      [main]: 'unchanged',
    });
  });
});

test('a change request takes over no branch that stands outside a directory of its own', async () => {
  const site = await openSite();
  await addChange(site.from, 7, { from: main, commitsAhead: 1 });
  const before = await site.refsOf(site.from);
  const taken = await site.mirror([site.from, '--pr', '7', '--as', 'main']);
  expect([taken.status, taken.statuses]).toEqual([1, { [main]: 'refused' }]);
  expect(taken.report.refs[0]?.reason).toContain('--update force');
  expect(await site.refsOf(site.from)).toEqual(before);
  // A name of its own is free, also without a directory, and may move later.
  expect((await site.mirror([site.from, '--pr', '7', '--as', 'pr-{number}'])).status).toBe(0);
  await addChange(site.from, 7, { from: main, commitsAhead: 2 });
  expect((await site.mirror([site.from, '--pr', '7', '--as', 'pr-{number}'])).status).toBe(0);
  expect((await site.mirror([site.from, '--pr', '7', '--as', 'main', '--update', 'force'])).status).toBe(0);
});
