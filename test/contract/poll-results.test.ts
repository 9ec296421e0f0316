import { writeFile } from 'node:fs/promises';
import { describe, expect, test } from 'vitest';
import { mostPublishedBytes } from '../../src/core/git/published-text.ts';
import { isResultCommit } from '../../src/core/git/result-commit.ts';
import { resultCommitParent, testedCommit } from '../../src/core/git/tested-commit.ts';
import { commit, git, refs, resolve, setRef } from '../support/git-repo.ts';
import { branch, expectWhole, openSite, resultOf, type Site, work } from './poll-results-site.ts';
import { addHook } from './transfers/scene.ts';

const main = 'refs/heads/main';

describe.each(['http', 'file'] as const)('a result commit (%s)', (via) => {
  test('changes only the file, on top of the tested commit, and uploads only that', async () => {
    const site = await openSite({ via });
    const outcome = await resultOf(site);
    if (outcome.kind !== 'pushed') throw new Error(outcome.kind);
    expect((await refs(site.remote)).get(branch)).toBe(outcome.commit);
    expect(await resolve(site.remote, `${outcome.commit}^`)).toBe(site.tip);
    expect(await git(['--git-dir', site.remote, 'diff', '--name-status', site.tip, outcome.commit])).toBe(
      'A\tci/result',
    );
    expect(await git(['--git-dir', site.remote, 'show', `${outcome.commit}:ci/result`])).toBe('success');
    expect(await git(['--git-dir', site.remote, 'show', '-s', '--format=%an <%ae> %at%n%B', outcome.commit])).toBe(
      `Sluice CI <ci@example.org> 1704067200\nci: success\n\nSluice-Result: ${site.tip}\n`,
    );
    expect(site.uploaded()).toBeLessThan(2_500);
    await expectWhole(site);
  });

  test('is not made when the branch has moved, nor when it is gone', async () => {
    const site = await openSite({ via });
    const parent = await resolve(site.remote, 'main~1');
    expect(await resultOf(site, { parent })).toEqual({ kind: 'moved', now: site.tip });
    expect(await resultOf(site, { branch: 'gone' })).toEqual({ kind: 'moved', now: undefined });
    expect((await refs(site.remote)).get(main)).toBe(site.tip);
    await expectWhole(site);
  });

  test('is not made when the file says so already', async () => {
    const site = await openSite({ via });
    const files = { 'ci/result': 'success\n' };
    const parent = await commit(site.remote, { parent: site.tip, files, message: 'by hand', ref: branch });
    expect(await resultOf(site, { parent })).toEqual({ kind: 'unchanged' });
    expect((await refs(site.remote)).get(branch)).toBe(parent);
  });
});

describe('a result commit', () => {
  test.each([
    ['SHA-256', { objectFormat: 'sha256' }],
    ['a remote that ignores filters', { allowFilter: false }],
    ['a remote that would let itself be made shallow', { config: { 'receive.shallowUpdate': 'true' } }],
  ] as const)('works with %s', async (_name, repo) => {
    const site = await openSite({ repo });
    expect(await resultOf(site)).toMatchObject({ kind: 'pushed' });
    expect(site.uploaded()).toBeLessThan(2_500);
    await expectWhole(site);
  });

  test('works over protocol version 0', async () => {
    const site = await openSite();
    site.server.options.protocolV0Only = true;
    expect(await resultOf(site)).toMatchObject({ kind: 'pushed' });
    expect(await resultOf(site, { branch: 'gone' })).toEqual({ kind: 'moved', now: undefined });
    expect(site.uploaded()).toBeLessThan(2_500);
    await expectWhole(site);
  });

  test.each(['-x', 'feature/äöü', '$(id)', "it's;a&b", `${'x'.repeat(200)}/y`])(
    'goes to the branch %s',
    async (name) => {
      const site = await openSite();
      await setRef(site.remote, `refs/heads/${name}`, site.tip);
      const outcome = await resultOf(site, { branch: name });
      expect(outcome).toMatchObject({ kind: 'pushed' });
      expect(await resolve(site.remote, `refs/heads/${name}^`)).toBe(site.tip);
    },
  );

  test.each(['a b', '*', 'x:y', '../x', 'a\nb', ''])('has no branch %j', async (name) => {
    const site = await openSite();
    await expect(resultOf(site, { branch: name })).rejects.toMatchObject({ code: 'usage' });
    expect(site.server.requests).toEqual([]);
  });

  test.each(['GET', 'POST'])('is not forced over a push that comes in at the %s', async (method) => {
    const site = await openSite();
    const newer = await commit(site.remote, { parent: site.tip, files: { a: 'a' }, message: 'newer' });
    site.server.options.fault = async (request) => {
      if (request.service !== 'git-receive-pack' || request.method !== method) return undefined;
      await setRef(site.remote, branch, newer);
      return undefined;
    };
    expect(await resultOf(site)).toEqual({ kind: 'moved', now: newer });
    expect((await refs(site.remote)).get(branch)).toBe(newer);
    await expectWhole(site);
  });

  test('whose answer is cut off is found to be there the next time, also with another date', async () => {
    const site = await openSite();
    site.server.options.fault = ({ service, method }) =>
      service === 'git-receive-pack' && method === 'POST' ? { cutAfterBytes: 0 } : undefined;
    await expect(resultOf(site)).rejects.toMatchObject({ code: 'unavailable' });
    site.server.options.fault = undefined;
    const landed = (await refs(site.remote)).get(branch);
    expect(landed).not.toBe(site.tip);
    expect(await resultOf(site, { date: 0 })).toEqual({ kind: 'pushed', commit: landed });
    expect(await resultOf(site, { content: 'failure' })).toEqual({ kind: 'moved', now: landed });
    await expectWhole(site);
  });

  test('is not taken for ours when somebody changed more in its name', async () => {
    const site = await openSite();
    const files = { 'ci/result': 'success\n', 'ci/pipeline': 'evil' };
    const message = `ci: success\n\nSluice-Result: ${site.tip}\n`;
    const forged = await commit(site.remote, { parent: site.tip, files, message, ref: branch });
    expect(await resultOf(site)).toEqual({ kind: 'moved', now: forged });
  });

  test('is unavailable, not denied, while a lock lies on the branch', async () => {
    const site = await openSite();
    await writeFile(`${site.remote}/${branch}.lock`, '');
    await expect(resultOf(site)).rejects.toMatchObject({ code: 'unavailable' });
  });

  test('on a protected branch is denied with the remote’s words', async () => {
    const site = await openSite();
    await addHook(site.remote, 'update', 'echo "GH006: Protected branch update failed for $1" >&2; exit 1');
    await expect(resultOf(site)).rejects.toMatchObject({
      code: 'denied',
      message: expect.stringMatching(/hook declined.*GH006: Protected branch update failed for refs\/heads\/work/),
    });
    expect((await refs(site.remote)).get(branch)).toBe(site.tip);
    await expectWhole(site);
  });

  test.each([
    ['ci', { ci: 'a file' }],
    ['ci/result', { 'ci/result/old': 'a directory' }],
  ])('does not replace what is at %s', async (_path, files) => {
    const site = await openSite();
    const parent = await commit(site.remote, { parent: site.tip, files, message: 'in the way', ref: branch });
    await expect(resultOf(site, { parent })).rejects.toMatchObject({ code: 'config' });
    expect((await refs(site.remote)).get(branch)).toBe(parent);
  });

  test.each(['../x', '.git/hooks/x', '/etc/x', 'a//b'])('has no path %s', async (path) => {
    const site = await openSite();
    await expect(resultOf(site, { path })).rejects.toMatchObject({ code: 'config' });
  });

  test('cuts its texts, and takes no control characters from them', async () => {
    const site = await openSite();
    const noise = `\u0000\u001b[2J${'x'.repeat(1_000_000)}`;
    const outcome = await resultOf(site, { content: noise, message: noise });
    if (outcome.kind !== 'pushed') throw new Error(outcome.kind);
    const object = await git(['--git-dir', site.remote, 'cat-file', 'commit', outcome.commit]);
    expect(object).toMatch(new RegExp(`\\n\\nx+\\n\\[cut\\]\\n\\nSluice-Result: ${site.tip}$`));
    expect(object.length).toBeLessThan(mostPublishedBytes + 500);
    expect(await git(['--git-dir', site.remote, 'cat-file', '-s', `${outcome.commit}:ci/result`])).toBe(
      `${mostPublishedBytes}`,
    );
    expect(await resultCommitParent(site.repository, outcome.commit)).toBe(site.tip);
  });
});

describe('the commit that was tested', () => {
  test('is found below any number of result commits', async () => {
    const site = await openSite();
    const { repository, tip } = site;
    expect(await testedCommit(repository, tip)).toBe(tip);
    const first = await resultOf(site);
    if (first.kind !== 'pushed') throw new Error(first.kind);
    const second = await resultOf(site, { parent: first.commit, content: 'failure' });
    if (second.kind !== 'pushed') throw new Error(second.kind);
    expect(await testedCommit(repository, first.commit)).toBe(tip);
    expect(await testedCommit(repository, second.commit)).toBe(tip);
    expect(await testedCommit(repository, second.commit, 'other/file')).toBe(second.commit);
    const checkout = `${site.root}/checkout`;
    await git(['clone', '-q', '--branch=work', site.remote, checkout]);
    const asked: string[] = [];
    const wasTested = (known: boolean) => (oid: string) => asked.push(oid) > 0 && known;
    expect(await isResultCommit(site.context, checkout)).toBe(true);
    expect(await isResultCommit(site.context, checkout, wasTested(true))).toBe(true);
    expect(await isResultCommit(site.context, checkout, wasTested(false))).toBe(false);
    expect(asked).toEqual([tip, tip]);
    await git(['checkout', '-q', '--detach', tip], { cwd: checkout });
    expect(await isResultCommit(site.context, checkout)).toBe(false);
  });

  test.each<[string, (site: Site) => Parameters<typeof commit>[1]]>([
    ['has no trailer', ({ tip }) => work(tip, 'ci: success')],
    ['has the trailer elsewhere', ({ tip }) => work(tip, `x\n\nSluice-Result: ${tip}\n\nmore`)],
    ['names another commit', ({ tip }) => work(tip, `x\n\nSluice-Result: ${'a'.repeat(40)}`)],
    ['changes code too', ({ tip }) => work(tip, `x\n\nSluice-Result: ${tip}`, { 'ci/pipeline': 'evil' })],
    ['changes nothing', ({ tip }) => ({ ...work(tip, `x\n\nSluice-Result: ${tip}`), files: {} })],
    ['has no parent', ({ tip }) => ({ message: `x\n\nSluice-Result: ${tip}`, files: { 'ci/result': 'x' } })],
    ['is a merge', ({ tip, side }) => ({ ...work(tip, `x\n\nSluice-Result: ${tip}`), parents: [tip, side] })],
  ])('is the commit itself when it %s', async (_name, make) => {
    const site = await openSite();
    const made = await commit(site.remote, make(site));
    expect(await testedCommit(site.repository, made)).toBe(made);
  });

  test('is the commit itself when it hides the change of a submodule', async () => {
    const site = await openSite();
    const clone = `${site.root}/clone`;
    await git(['clone', '-q', site.remote, clone]);
    const inClone = (...args: string[]) => git(args, { cwd: clone });
    const ignoring = '[submodule "sub"]\n\tpath = sub\n\turl = x\n\tignore = all\n';
    const files = { '.gitmodules': ignoring };
    const base = await commit(`${clone}/.git`, { parent: site.tip, files, message: 'base', ref: 'refs/heads/sub' });
    await inClone('checkout', '-q', 'sub');
    await inClone('update-index', '--add', '--cacheinfo', `160000,${site.tip},sub`);
    const result = await inClone('hash-object', '-w', '.gitmodules');
    await inClone('update-index', '--add', '--cacheinfo', `100644,${result},ci/result`);
    const tree = await inClone('write-tree');
    const forged = await inClone('commit-tree', '-p', base, '-m', `x\n\nSluice-Result: ${base}`, tree);
    expect(await inClone('diff-tree', '-r', '--name-only', base, forged)).toBe('ci/result');
    expect(await resultCommitParent({ git: (...args) => inClone(...args) }, forged)).toBeUndefined();
  });
});
