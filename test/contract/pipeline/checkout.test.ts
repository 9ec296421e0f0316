import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { appendFile, chmod, lstat, mkdir, readdir, readFile, rm, stat, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, onTestFinished, test } from 'vitest';
import type { Endpoint } from '../../../src/core/git/endpoint.ts';
import { checkOut } from '../../../src/core/pipeline/checkout.ts';
import { snapshotObjects } from '../../../src/core/pipeline/objects.ts';
import type { Workspace } from '../../../src/core/pipeline/workspace.ts';
import { type GitHttpOptions, startGitHttpServer } from '../../support/git-http-server.ts';
import {
  addChange,
  commit,
  deleteRef,
  git,
  isolatedGitEnv,
  makeBareRepo,
  runGit,
  setRef,
} from '../../support/git-repo.ts';
import { checkOutAt, main, makeSite, type Site } from './site.ts';

const gitLfsIsHere = (await runGit(['lfs', 'version'])).status === 0;
const whyNoLfs = gitLfsIsHere ? '' : ' (skipped: git-lfs is not installed)';

async function serve(site: Site, options: GitHttpOptions = {}) {
  const server = await startGitHttpServer(site.root, options);
  onTestFinished(() => server.close());
  return server;
}

/** Everything about a directory that a script could have changed: names, modes, contents. */
async function fingerprint(dir: string): Promise<string> {
  const hash = createHash('sha256');
  const entries = await readdir(dir, { recursive: true });
  for (const name of entries.sort()) {
    const facts = await lstat(join(dir, name));
    hash.update(`${name} ${facts.mode} ${facts.isFile() ? await readFile(join(dir, name), 'latin1') : ''}\n`);
  }
  return hash.digest('hex');
}

async function keptRepository({ cacheDir }: Site): Promise<string> {
  const [name = ''] = await readdir(join(cacheDir, 'git'));
  return join(cacheDir, 'git', name);
}

async function inCheckout(workspace: Workspace, ...args: readonly string[]): Promise<string> {
  return await git(args, { cwd: workspace.checkout, env: isolatedGitEnv({ HOME: workspace.home }) });
}

describe('what is checked out', () => {
  test.each(['sha1', 'sha256'] as const)(
    'exactly the commit, clean, detached, with its history (%s)',
    async (format) => {
      const site = await makeSite(format);
      const { commit: oid, workspace } = await checkOutAt(site);
      expect(oid).toBe(site.tip);
      expect((await readdir(workspace.checkout)).sort()).toEqual(['.git', 'ci', 'file1.txt', 'file2.txt', 'file3.txt']);
      expect(await inCheckout(workspace, 'status', '--porcelain', '--branch')).toBe('## HEAD (no branch)');
      expect(await inCheckout(workspace, 'log', '--format=%s')).toBe('c3\nc2\nc1');
      expect(await inCheckout(workspace, 'rev-parse', 'origin/main')).toBe(site.tip);
      expect(await inCheckout(workspace, 'fsck', '--strict')).toBe('');
    },
  );

  test('the commit that was seen, although the branch has moved on, or was moved away by force', async () => {
    const site = await makeSite();
    const first = await commit(site.remote, { files: { 'other.txt': 'x' }, message: 'rewritten', ref: main });
    const old = await checkOutAt(site);
    expect(await inCheckout(old.workspace, 'log', '-1', '--format=%s')).toBe('c3');
    const next = await checkOutAt(site, { oid: first });
    expect(await readdir(next.workspace.checkout)).toEqual(expect.arrayContaining(['other.txt']));
    expect(await inCheckout(next.workspace, 'log', '--format=%s')).toBe('rewritten');
  });

  test('tags, change requests, and names that do not fit each other', async () => {
    const site = await makeSite();
    await git(['--git-dir', site.remote, 'tag', '-a', '-m', 'note', 'v1', site.tip]);
    const tag = await git(['--git-dir', site.remote, 'rev-parse', 'v1']);
    const tagged = await checkOutAt(site, { ref: 'refs/tags/v1', oid: tag });
    expect(tagged.commit).toBe(site.tip);
    expect(await inCheckout(tagged.workspace, 'describe')).toBe('v1');
    const change = await addChange(site.remote, 7, { from: main });
    expect((await checkOutAt(site, change)).commit).toBe(change.oid);
    await setRef(site.remote, 'refs/heads/a', site.tip);
    expect((await checkOutAt(site, { ref: 'refs/heads/a' })).commit).toBe(site.tip);
    await deleteRef(site.remote, 'refs/heads/a');
    await setRef(site.remote, 'refs/heads/a/b', change.oid);
    expect((await checkOutAt(site, { ref: 'refs/heads/a/b', oid: change.oid })).commit).toBe(change.oid);
  });

  test('a commit that the remote has lost is told as such', async () => {
    const site = await makeSite();
    const oid = '1'.repeat(40);
    await expect(checkOutAt(site, { oid })).rejects.toMatchObject({
      code: 'not-found',
      message: expect.stringContaining('no longer has 1111111111'),
    });
  });

  test('a tag of something that is no commit is told once, and for good', async () => {
    const site = await makeSite();
    const tree = await git(['--git-dir', site.remote, 'rev-parse', `${site.tip}^{tree}`]);
    await setRef(site.remote, 'refs/tags/tree', tree);
    await expect(checkOutAt(site, { ref: 'refs/tags/tree', oid: tree })).rejects.toMatchObject({
      retryable: false,
      message: expect.stringContaining('it names no commit'),
    });
  });

  test('a server that gives only what it advertises: the seen commit comes with the newer one', async () => {
    const site = await makeSite();
    const server = await serve(site, { protocolV0Only: true });
    await commit(site.remote, { parent: site.tip, files: { 'new.txt': 'x' }, message: 'c4', ref: main });
    const { workspace } = await checkOutAt(site, { from: site.endpoint(server.url(site.remote)) });
    expect(await inCheckout(workspace, 'log', '-1', '--format=%s')).toBe('c3');
  });
});

describe('the shared cache', () => {
  test('a known commit is not fetched again', async () => {
    const site = await makeSite();
    const server = await serve(site);
    const from = site.endpoint(server.url(site.remote));
    await checkOutAt(site, { from });
    server.requests.length = 0;
    await checkOutAt(site, { from });
    expect(server.requests).toEqual([]);
  });

  test('nothing that a script does in its checkout reaches it', async () => {
    const site = await makeSite();
    const { workspace } = await checkOutAt(site);
    const before = await fingerprint(site.cacheDir);
    await inCheckout(workspace, 'config', 'core.hooksPath', '/tmp/evil');
    await inCheckout(workspace, 'commit', '--allow-empty', '-q', '-m', 'mine');
    await inCheckout(workspace, 'update-ref', '-d', 'refs/remotes/origin/main');
    await inCheckout(workspace, 'reflog', 'expire', '--expire=now', '--all');
    await inCheckout(workspace, 'gc', '--quiet', '--prune=now', '--aggressive');
    await inCheckout(workspace, 'repack', '-a', '-d', '-q');
    await inCheckout(workspace, 'prune', '--expire=now');
    const body = 'chmod -R a-rwx .git/*; chmod -R u+rwX .git && rm -rf .git ../checkout/*';
    execFileSync('sh', ['-c', body], { cwd: workspace.checkout, stdio: 'ignore' });
    expect(await fingerprint(site.cacheDir)).toBe(before);
    expect((await checkOutAt(site)).commit).toBe(site.tip);
  });

  test('may be repacked, pruned or deleted while a checkout is used', async () => {
    const site = await makeSite();
    const { workspace } = await checkOutAt(site);
    await site.ports().withHistory(site.endpoint(), 'sha1', async (repository) => {
      await repository.git('repack', '-a', '-d', '-q');
      expect(await inCheckout(workspace, 'fsck', '--strict')).toBe('');
      const refs = await repository.git('for-each-ref', '--format=%(refname)');
      for (const ref of refs.trim().split('\n')) await repository.git('update-ref', '-d', ref);
      await repository.git('gc', '--quiet', '--prune=now');
      expect(await repository.git('count-objects', '-v')).toContain('in-pack: 0');
    });
    expect(await inCheckout(workspace, 'fsck', '--strict')).toBe('');
    await rm(site.cacheDir, { recursive: true });
    expect(await inCheckout(workspace, 'log', '-p', '--format=%s')).toContain('c1');
  });

  test('two at once, of different commits', async () => {
    const site = await makeSite();
    const other = await commit(site.remote, { parent: site.tip, message: 'c4', ref: 'refs/heads/other' });
    const [one, two] = await Promise.all([checkOutAt(site), checkOutAt(site, { ref: 'refs/heads/other', oid: other })]);
    expect([one.commit, two.commit]).toEqual([site.tip, other]);
  });

  test('what a killed git left half written is not taken over, and links cost no space', async () => {
    const site = await makeSite();
    await checkOutAt(site);
    const repository = await keptRepository(site);
    await git(['--git-dir', repository, 'repack', '-a', '-d', '-q']);
    await writeFile(join(repository, 'objects/pack/tmp_pack_abc'), 'half');
    const target = join(site.root, 'target');
    await mkdir(target);
    await snapshotObjects(repository, target);
    const files = (await readdir(join(target, 'pack'))).sort();
    expect(files.map((file) => file.replace(/^pack-[0-9a-f]+/, ''))).toEqual(['.idx', '.pack']);
    for (const file of files) expect((await stat(join(target, 'pack', file))).nlink).toBe(2);
  });
});

describe('a cache that is damaged', () => {
  const somebody: Record<string, (repository: string) => Promise<unknown>> = {
    'removed its empty directories': (repository) => rm(join(repository, 'refs'), { recursive: true }),
    'emptied a ref': async (repository) => {
      const runs = join(repository, 'refs/sluice/run');
      for (const name of await readdir(runs)) await writeFile(join(runs, name), '');
    },
    'removed the objects of an older fetch': async (repository) => {
      const packs = join(repository, 'objects/pack');
      const files = (await readdir(packs)).filter((name) => name.endsWith('.pack'));
      const sizes = await Promise.all(
        files.map(async (name) => ({ name, size: (await stat(join(packs, name))).size })),
      );
      // The first fetch brought three commits, the second one.
      const [first] = sizes.sort((a, b) => b.size - a.size);
      for (const ending of ['pack', 'idx']) await rm(join(packs, (first?.name ?? '').replace(/pack$/, ending)));
    },
  };

  test.each(Object.entries(somebody))('somebody %s: it is made anew, and the checkout is whole', async (_, damage) => {
    const site = await makeSite();
    await checkOutAt(site);
    const c4 = await commit(site.remote, { parent: site.tip, files: { new: '4' }, message: 'c4', ref: main });
    await checkOutAt(site, { oid: c4 });
    await damage(await keptRepository(site));
    const c5 = await commit(site.remote, { parent: c4, files: { new: '5' }, message: 'c5', ref: main });
    const { workspace } = await checkOutAt(site, { oid: c5 });
    expect(await inCheckout(workspace, 'fsck', '--strict')).toBe('');
    expect(await inCheckout(workspace, 'rev-list', '--count', 'HEAD')).toBe('5');
  });

  test('a password that cannot be had is no damage, whatever git says it was unable to read', async () => {
    const site = await makeSite();
    await checkOutAt(site);
    const server = await serve(site, { auth: { users: { bot: 'x' } } });
    const from = site.endpoint(server.url(site.remote));
    const c4 = await commit(site.remote, { parent: site.tip, message: 'c4', ref: main });
    const discarded: Endpoint[] = [];
    const discard = async (one: Endpoint) => void discarded.push(one);
    const ports = { ...site.ports({ GIT_ASKPASS: 'false' }), discard };
    const request = { from, ref: main, oid: c4 };
    await expect(checkOut(ports, await site.open(), request)).rejects.toThrow(/unable to read askpass/);
    expect(discarded).toEqual([]);
  });

  test('what is broken at the remote is no reason to throw it away', async () => {
    const site = await makeSite();
    await checkOutAt(site);
    const before = await fingerprint(await keptRepository(site));
    const c4 = await commit(site.remote, { parent: site.tip, files: { new: '4' }, message: 'c4', ref: main });
    const tree = await git(['--git-dir', site.remote, 'rev-parse', `${c4}^{tree}`]);
    await rm(join(site.remote, 'objects', tree.slice(0, 2), tree.slice(2)));
    await expect(checkOutAt(site, { oid: c4 })).rejects.toThrow(/remote/);
    expect(await fingerprint(await keptRepository(site))).toBe(before);
  });
});

describe('nothing of the operator leaks into it', () => {
  test('a credential is used, but is nowhere in the checkout or the cache', async () => {
    const site = await makeSite();
    const password = 'canary-3f9a-password';
    const server = await serve(site, { auth: { users: { bot: password } } });
    const from: Endpoint = {
      ...site.endpoint(server.url(site.remote)),
      credential: async () => ({ kind: 'basic', username: 'bot', password }),
    };
    const { workspace } = await checkOutAt(site, { from });
    const encoded = Buffer.from(`bot:${password}`).toString('base64');
    for (const dir of [workspace.dir, site.cacheDir]) {
      for (const name of await readdir(dir, { recursive: true })) {
        if (!(await lstat(join(dir, name))).isFile()) continue;
        const text = await readFile(join(dir, name), 'latin1');
        expect(text.includes(password) || text.includes(encoded), name).toBe(false);
      }
    }
    expect(await inCheckout(workspace, 'remote', 'get-url', 'origin')).toBe(from.url);
  });

  test('a redirect to another server takes no credential there', async () => {
    const site = await makeSite();
    const elsewhere = await serve(site);
    const server = await serve(site, {
      fault: ({ path, query }) => ({ status: 302, headers: { location: `${elsewhere.origin}${path}?${query}` } }),
    });
    const open = site.endpoint(server.url(site.remote));
    const credential = async () => ({ kind: 'basic', username: 'bot', password: 'canary-3f9a' }) as const;
    await expect(checkOutAt(site, { from: { ...open, credential } })).rejects.toMatchObject({
      code: 'not-found',
      hint: expect.stringContaining('redirects to another address'),
    });
    expect(elsewhere.requests).toEqual([]);
    expect((await checkOutAt(site, { from: open })).commit, 'without one git follows').toBe(site.tip);
  });

  test('no hook of the user runs, neither by core.hooksPath nor by a template', async () => {
    const site = await makeSite();
    const hooks = join(site.root, 'template', 'hooks');
    await mkdir(hooks, { recursive: true });
    await writeFile(join(hooks, 'post-checkout'), `#!/bin/sh\ntouch ${site.root}/ran\n`, { mode: 0o755 });
    const config = join(site.root, 'gitconfig');
    const template = join(site.root, 'template');
    await writeFile(config, `[core]\n\thooksPath = ${hooks}\n[init]\n\ttemplateDir = ${template}\n`);
    const { workspace } = await checkOutAt(site, {}, { GIT_CONFIG_GLOBAL: config });
    expect(await readdir(site.root)).not.toContain('ran');
    expect(await readdir(join(workspace.checkout, '.git'))).not.toContain('hooks');
  });
});

describe('Git LFS', () => {
  async function withFile(site: Site): Promise<string> {
    const files = { '.gitattributes': '*.bin filter=lfs\n', 'a.bin': 'pointer' };
    return await commit(site.remote, { files, message: 'lfs', ref: main });
  }

  test.each([
    [false, 'pointer'],
    [true, 'POINTER'],
  ])('with the filter of the user, lfs: %s', async (lfs, expected) => {
    const site = await makeSite();
    // A filter named lfs stands in for git-lfs, which the machine may not have: what matters is whether git runs it.
    const oid = await withFile(site);
    const config = join(site.root, 'gitconfig');
    await writeFile(config, '[filter "lfs"]\n\tsmudge = tr a-z A-Z\n\tclean = tr A-Z a-z\n\trequired = true\n');
    const { workspace } = await checkOutAt(site, { oid, lfs }, { GIT_CONFIG_GLOBAL: config });
    expect(await readFile(join(workspace.checkout, 'a.bin'), 'utf8')).toBe(expected);
  });

  test('without git-lfs it is refused, not left at pointers, and for good', async () => {
    const site = await makeSite();
    const oid = await withFile(site);
    const bin = join(site.root, 'bin');
    await mkdir(bin);
    for (const name of ['git', 'sh']) {
      const real = execFileSync('/bin/sh', ['-c', `command -v ${name}`], { encoding: 'utf8' }).trim();
      await symlink(real, join(bin, name));
    }
    await expect(checkOutAt(site, { oid, lfs: true }, { PATH: bin })).rejects.toMatchObject({
      code: 'config',
      hint: expect.stringContaining('Install git-lfs'),
    });
    const { workspace } = await checkOutAt(site, { oid }, { PATH: bin });
    expect(await readFile(join(workspace.checkout, 'a.bin'), 'utf8')).toBe('pointer');
  });

  test.skipIf(!gitLfsIsHere)(`with git-lfs${whyNoLfs}: what lies on the server, without git lfs install`, async () => {
    const site = await makeSite();
    const work = join(site.root, 'author');
    await git(['clone', '-q', site.remote, work]);
    await git(['lfs', 'install', '--local'], { cwd: work });
    await writeFile(join(work, '.gitattributes'), '*.bin filter=lfs diff=lfs merge=lfs -text\n');
    await writeFile(join(work, 'a.bin'), 'the content');
    await git(['add', '.'], { cwd: work });
    await git(['commit', '-q', '-m', 'lfs'], { cwd: work });
    await git(['push', '-q', 'origin', 'HEAD:main'], { cwd: work });
    const oid = await git(['rev-parse', 'HEAD'], { cwd: work });
    const { workspace } = await checkOutAt(site, { oid, lfs: true });
    expect(await readFile(join(workspace.checkout, 'a.bin'), 'utf8')).toBe('the content');
    const pointers = await checkOutAt(site, { oid });
    expect(await readFile(join(pointers.workspace.checkout, 'a.bin'), 'utf8')).toMatch(/^version https:\/\/git-lfs/);
  });
});

describe('submodules', () => {
  /** A commit on top of main whose submodule `sub` comes from this URL. */
  async function withSubmodule(site: Site, url: string): Promise<{ oid: string; sub: string }> {
    const library = await makeBareRepo(join(site.root, 'library.git'));
    const sub = await commit(library, { files: { 'lib.txt': 'lib' }, message: 'lib', ref: main });
    const work = join(site.root, 'author');
    await git(['clone', '-q', site.remote, work]);
    await appendFile(join(work, '.gitmodules'), `[submodule "sub"]\n\tpath = sub\n\turl = ${url}\n`);
    await git(['add', '.gitmodules'], { cwd: work });
    await git(['update-index', '--add', '--cacheinfo', `160000,${sub},sub`], { cwd: work });
    await git(['commit', '-q', '-m', 'with submodule'], { cwd: work });
    await git(['push', '-q', 'origin', 'HEAD:main'], { cwd: work });
    return { oid: await git(['rev-parse', 'HEAD'], { cwd: work }), sub };
  }

  test('only when asked; from http, also by a relative URL', async () => {
    const site = await makeSite();
    const server = await serve(site);
    const from = site.endpoint(server.url(site.remote));
    const { oid } = await withSubmodule(site, '../library.git');
    const without = await checkOutAt(site, { from, oid });
    expect(await readdir(join(without.workspace.checkout, 'sub'))).toEqual([]);
    const { workspace } = await checkOutAt(site, { from, oid, submodules: true });
    expect(await readFile(join(workspace.checkout, 'sub/lib.txt'), 'utf8')).toBe('lib');
  });

  test.each(['file:///PLACE/library.git', '/PLACE/library.git', 'ext::sh -c touch% /PLACE/ran'])(
    'a place of this machine is refused: %s',
    async (url) => {
      const site = await makeSite();
      const { oid } = await withSubmodule(site, url.replace('/PLACE', site.root));
      await chmod(site.root, 0o755);
      await expect(checkOutAt(site, { oid, submodules: true })).rejects.toMatchObject({
        message: expect.stringMatching(/not allowed/),
        hint: 'Submodules are fetched from http, https and ssh URLs only.',
      });
      expect(await readdir(site.root)).not.toContain('ran');
    },
  );
});
