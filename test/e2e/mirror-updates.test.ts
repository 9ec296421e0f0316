import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { addHook, expectWhole } from '../contract/transfers/scene.ts';
import { commit, git, setRef } from '../support/git-repo.ts';
import { addRefs, expectDone, main, mirrorText, openSite, type Site } from './mirror-scene.ts';

function both(site: Site): string[] {
  return [site.server.url(site.from), site.server.url(site.to)];
}

function pushes(site: Site) {
  return site.server.requests.filter((one) => one.method === 'POST' && one.service === 'git-receive-pack');
}

describe('--update', () => {
  test('a branch moves forward by default', async () => {
    const site = await openSite();
    await site.mirror(both(site));
    const next = await commit(site.from, { parent: site.commits[2], message: 'next', ref: main });
    const mirrored = await site.mirror(both(site));
    await expectDone(site, mirrored, { [main]: 'updated' });
    expect(mirrored.report.refs).toEqual([
      { source: main, target: main, status: 'updated', old: site.commits[2], new: next },
    ]);
  });

  test('a rewritten branch is refused, and forced only on demand', async () => {
    const site = await openSite();
    await addRefs(site, { 'refs/heads/other': 0 });
    await site.mirror(both(site));
    await commit(site.from, { parent: site.commits[0], message: 'rewritten', ref: main });
    await setRef(site.from, 'refs/heads/other', site.commits[1]);
    for (const policy of [[], ['--update', 'ff']]) {
      const refused = await site.mirror([...both(site), ...policy]);
      expect(refused.status).toBe(1);
      expect(refused.statuses[main]).toBe('refused');
    }
    expect(await site.refsOf(site.to)).toEqual({ [main]: site.commits[2], 'refs/heads/other': site.commits[1] });
    // `other` is a fast-forward even when forcing is allowed, and is called so.
    await setRef(site.from, 'refs/heads/other', site.commits[2]);
    await expectDone(site, await site.mirror([...both(site), '--update', 'force']), {
      [main]: 'forced',
      'refs/heads/other': 'updated',
    });
    await expectWhole(site.to);
  });

  test('a change request with --update ff', async () => {
    const site = await openSite();
    await setRef(site.from, 'refs/pull/1/head', site.commits[1]);
    await site.mirror([...both(site), '--pr', '1']);
    await setRef(site.from, 'refs/pull/1/head', site.commits[2]);
    await expectDone(site, await site.mirror([...both(site), '--pr', '1', '--update', 'ff']), {
      'refs/heads/pr/1': 'updated',
    });
    await setRef(site.from, 'refs/pull/1/head', site.commits[0]);
    await expectDone(site, await site.mirror([...both(site), '--pr', '1', '--update', 'ff']), {
      'refs/heads/pr/1': 'refused',
    });
    await expectDone(site, await site.mirror([...both(site), '--pr', '1']), { 'refs/heads/pr/1': 'forced' });
  });

  test('an existing tag never moves but by --update force', async () => {
    const site = await openSite();
    await addRefs(site, { 'refs/tags/v1': 0 });
    await site.mirror(both(site));
    await setRef(site.from, 'refs/tags/v1', site.commits[1]);
    for (const policy of [[], ['--update', 'ff'], ['--ref', 'refs/tags/v1:refs/tags/v1']]) {
      const refused = await site.mirror([...both(site), ...policy]);
      expect([refused.status, refused.statuses['refs/tags/v1']]).toEqual([1, 'refused']);
    }
    expect((await site.refsOf(site.to))['refs/tags/v1']).toBe(site.commits[0]);
    const forced = await site.mirror([...both(site), '--tag', 'v1', '--update', 'force']);
    expect([forced.status, Object.keys(forced.statuses)]).toEqual([0, ['refs/tags/v1']]);
    expect((await site.refsOf(site.to))['refs/tags/v1']).toBe(site.commits[1]);
  });
});

describe('--atomic', () => {
  test('one line that the plan refuses refuses all, and nothing is sent', async () => {
    const site = await openSite();
    await addRefs(site, { 'refs/tags/v1': 0 });
    await site.mirror(both(site));
    await setRef(site.from, 'refs/tags/v1', site.commits[1]);
    await addRefs(site, { 'refs/heads/new': 1 });
    const before = pushes(site).length;
    const mirrored = await site.mirror([...both(site), '--atomic']);
    await expectDone(site, mirrored, { [main]: 'unchanged', 'refs/heads/new': 'refused', 'refs/tags/v1': 'refused' });
    expect(mirrored.report.refs[1]?.reason).toContain('--atomic');
    expect(pushes(site)).toHaveLength(before);
  });

  test('one line that the destination refuses refuses all', async () => {
    const site = await openSite();
    await addHook(site.to, 'update', 'test "$1" != refs/heads/locked');
    await addRefs(site, { 'refs/heads/locked': 1 });
    const mirrored = await site.mirror([...both(site), '--atomic', '--batch', '1']);
    await expectDone(site, mirrored, { [main]: 'refused', 'refs/heads/locked': 'refused' });
    expect(await site.refsOf(site.to)).toEqual({});
  });
});

describe('--batch', () => {
  test.each([
    ['http', (site) => both(site)],
    ['file', (site) => [site.from, site.to]],
  ] as readonly (readonly [string, (site: Site) => string[]])[])(
    'refs go in several pushes over %s',
    async (way, sides) => {
      const site = await openSite();
      const names = Array.from({ length: 7 }, (_, at) => `refs/heads/b${at}`);
      await addRefs(site, Object.fromEntries(names.map((name) => [name, 1])));
      const mirrored = await site.mirror([...sides(site), '--branch', 'b*', '--batch', '3']);
      await expectDone(site, mirrored, Object.fromEntries(names.map((name) => [name, 'created'])));
      if (way === 'http') expect(pushes(site)).toHaveLength(3);
    },
  );

  test('a refusal in one batch leaves the others alone', async () => {
    const site = await openSite();
    await addHook(site.to, 'update', 'case $1 in *b1) echo "b1 is frozen" >&2; exit 1;; esac');
    await addRefs(site, { 'refs/heads/b0': 0, 'refs/heads/b1': 1, 'refs/heads/b2': 1 });
    const mirrored = await site.mirror([...both(site), '--branch', 'b*', '--batch', '1']);
    await expectDone(site, mirrored, {
      'refs/heads/b0': 'created',
      'refs/heads/b1': 'refused',
      'refs/heads/b2': 'created',
    });
    expect(mirrored.report).toMatchObject({
      summary: { created: 2, refused: 1 },
      messages: expect.arrayContaining(['b1 is frozen']),
    });
  });

  test.each(['0', '2001', 'x'])('%s is no batch size', async (size) => {
    const site = await openSite();
    expect((await site.mirror([...both(site), '--batch', size])).status).toBe(64);
  });
});

test('--dry-run says what would happen and changes nothing, not even a repository that is to be created', async () => {
  const site = await openSite();
  await addRefs(site, { 'refs/heads/moved': 0, 'refs/heads/gone': 0, 'refs/tags/v1': 0 });
  await site.mirror(both(site));
  await git(['--git-dir', site.from, 'update-ref', '-d', 'refs/heads/gone']);
  await addRefs(site, { 'refs/heads/moved': 1, 'refs/heads/new': 2, 'refs/tags/v1': 1 });
  const before = await site.refsOf(site.to);
  const pushed = pushes(site).length;
  const mirrored = await site.mirror([...both(site), '--prune', '--dry-run']);
  await expectDone(site, mirrored, {
    'refs/heads/gone': 'deleted',
    [main]: 'unchanged',
    'refs/heads/moved': 'updated',
    'refs/heads/new': 'created',
    'refs/tags/v1': 'refused',
  });
  expect(mirrored.report.dryRun).toBe(true);
  expect([await site.refsOf(site.to), pushes(site).length]).toEqual([before, pushed]);
  const created = await mirrorText(site, [site.from, join(site.root, 'new.git'), '--create', '--dry-run']);
  expect(created.stdout).toMatch(/would create \S+new\.git \(dry run, nothing was changed\)\n$/);
  expect((await git(['ls-remote', site.from])).includes('refs/heads/new')).toBe(true);
  expect((await mirrorText(site, [site.from, join(site.root, 'new.git')])).status).toBe(69);
});

test('a second run says unchanged and transfers nothing', async () => {
  const site = await openSite();
  await addRefs(site, { 'refs/heads/a': 0, 'refs/tags/v1': 0 });
  await site.mirror(both(site));
  const seen = site.server.requests.length;
  const second = await site.mirror(both(site));
  await expectDone(site, second, { 'refs/heads/a': 'unchanged', [main]: 'unchanged', 'refs/tags/v1': 'unchanged' });
  expect(second.report.transfers).toEqual([]);
  const requests = site.server.requests.slice(seen).map(({ method, service }) => `${method} ${service}`);
  // Two advertisements and two listings; no pack in either direction.
  expect(requests.sort()).toEqual([
    'GET git-upload-pack',
    'GET git-upload-pack',
    'POST git-upload-pack',
    'POST git-upload-pack',
  ]);
});
