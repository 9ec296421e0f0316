import { createHash } from 'node:crypto';
import { access, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, describe, expect, onTestFinished, test, vi } from 'vitest';
import { type GitHttpOptions, startGitHttpServer } from '../support/git-http-server.ts';
import {
  addChange,
  bulkHistory,
  commit,
  deleteRef,
  git,
  isolatedGitEnv,
  isShallow,
  makeBareRepo,
  missingObjects,
  refs,
  resolve,
  revCount,
  runGit,
  setRef,
  setRefs,
} from '../support/git-repo.ts';
import { startSshServer } from '../support/ssh-server.ts';
import { tempDir, testDir } from '../support/temp-dir.ts';

// Real children on a loaded machine: a limit against hanging, not a measurement.
vi.setConfig({ testTimeout: 60_000 });

const main = 'refs/heads/main';

/** A root with one repository of one commit, served over HTTP. */
async function served(options: GitHttpOptions = {}) {
  const root = await testDir();
  const repo = await makeBareRepo(join(root, 'team', 'app.git'));
  const tip = await commit(repo, { message: 'first', files: { 'README.md': 'hello\n' }, ref: main });
  const server = await startGitHttpServer(root, options);
  onTestFinished(() => server.close());
  return { root, repo, tip, server, url: server.url(repo) };
}

/** Text that neither zlib nor delta compression makes small; the same at every run. */
function incompressible(bytes: number): Uint8Array {
  return createHash('shake256', { outputLength: bytes }).update('noise').digest();
}

function basicHeader(user: string, password: string): string {
  return `http.extraHeader=Authorization: Basic ${Buffer.from(`${user}:${password}`).toString('base64')}`;
}

describe('git-repo', () => {
  test('commits without a work tree: trees, merges, deletions, and the same ids at every run', async () => {
    const root = await testDir();
    const ids: string[] = [];
    for (const name of ['a.git', 'b.git']) {
      const repo = await makeBareRepo(join(root, name));
      const base = await commit(repo, { message: 'base', files: { 'a b.txt': 'one\n', 'dir/x': 'two\n' } });
      expect(await refs(repo)).toEqual(new Map());
      const left = await commit(repo, { parent: base, message: 'left', files: { 'dir/x': null } });
      const merge = await commit(repo, { parents: [left, base], message: 'merge é', ref: main, date: 1_700_000_000 });
      expect(await git(['-C', repo, 'ls-tree', '-r', '--name-only', main])).toBe('a b.txt');
      expect(await git(['-C', repo, 'log', '-1', '--format=%P|%an|%ct|%s', main])).toBe(
        `${left} ${base}|Sluice Test|1700000000|merge é`,
      );
      expect(await revCount(repo, main)).toBe(3);
      expect(await missingObjects(repo)).toEqual([]);
      ids.push(merge);
    }
    expect(ids[0]).toBe(ids[1]);
  });

  test('refs are written in one transaction, read back and deleted', async () => {
    const repo = await makeBareRepo(join(await testDir(), 'r.git'), { hidePullRefs: true });
    const tip = await commit(repo, { message: 'x', ref: main });
    await setRefs(repo, [
      ['refs/heads/-x', tip],
      ['refs/heads/$(id)', tip],
      ['refs/tags/ü', tip],
    ]);
    await setRef(repo, 'refs/heads/gone', tip);
    await deleteRef(repo, 'refs/heads/gone');
    expect([...(await refs(repo)).keys()].sort()).toEqual(['refs/heads/$(id)', 'refs/heads/-x', main, 'refs/tags/ü']);
    expect(await git(['-C', repo, 'config', 'receive.hideRefs'])).toBe('refs/pull-requests');
    expect(await git(['-C', repo, 'config', '--get-all', 'receive.hideRefs'])).toContain('refs/pull\n');
  });

  test('change requests have the name that the forge gives them', async () => {
    const repo = await makeBareRepo(join(await testDir(), 'r.git'));
    const base = await commit(repo, { message: 'x', ref: main });
    const { oid } = await addChange(repo, 7, { from: 'main', commitsAhead: 3 });
    await addChange(repo, 8, { from: base, style: 'gitlab' });
    await addChange(repo, 9, { from: base, style: 'bitbucket-datacenter' });
    expect([...(await refs(repo)).keys()]).toEqual([
      main,
      'refs/merge-requests/8/head',
      'refs/pull-requests/9/from',
      'refs/pull/7/head',
    ]);
    expect(await resolve(repo, 'refs/pull/7/head')).toBe(oid);
    expect(await resolve(repo, 'refs/pull/7/head~3')).toBe(base);
  });

  test('a bulk history has the promised commits and files, and can be continued', async () => {
    const repo = await makeBareRepo(join(await testDir(), 'r.git'));
    const first = await bulkHistory(repo, { commits: 200, filesPerCommit: 5, branch: 'main' });
    const tip = await bulkHistory(repo, { commits: 10, filesPerCommit: 1, branch: 'next', parent: first });
    expect(await revCount(repo, 'main')).toBe(200);
    expect(await resolve(repo, 'next')).toBe(tip);
    expect(await resolve(repo, 'next~10')).toBe(first);
    expect((await git(['-C', repo, 'ls-tree', '-r', '--name-only', 'main'])).split('\n')).toHaveLength(1000);
    expect(await missingObjects(repo)).toEqual([]);
  });

  test('missing objects and shallow repositories are told apart from whole ones', async () => {
    const root = await testDir();
    const repo = await makeBareRepo(join(root, 'r.git'));
    const base = await commit(repo, { message: 'base', files: { a: 'x' } });
    await commit(repo, { parent: base, message: 'tip', ref: main });
    const copy = join(root, 'copy.git');
    await git(['clone', '-q', '--bare', '--depth=1', `file://${repo}`, copy]);
    expect([await isShallow(repo), await isShallow(copy)]).toEqual([false, true]);
    const blob = await git(['-C', repo, 'rev-parse', 'main:a']);
    await rm(join(repo, 'objects', blob.slice(0, 2), blob.slice(2)));
    expect(await missingObjects(repo)).toEqual([blob]);
  });

  test('nothing of the developer’s environment reaches git', async () => {
    process.env.GIT_DIR = '/nonexistent';
    onTestFinished(() => void delete process.env.GIT_DIR);
    const env = isolatedGitEnv({ HOME: '/somewhere', LC_ALL: undefined });
    expect(env).toMatchObject({ GIT_CONFIG_NOSYSTEM: '1', HOME: '/somewhere', PATH: process.env.PATH });
    expect(env).not.toHaveProperty('GIT_DIR');
    expect(env).not.toHaveProperty('LC_ALL');
    expect(await git(['config', '--list', '--global'])).toBe('');
  });
});

describe('git-http-server', () => {
  test('clone, push and ls-remote, with every request recorded', async () => {
    const { root, repo, tip, server, url } = await served();
    const clone = join(root, 'clone.git');
    await git(['clone', '-q', '--bare', url, clone]);
    const next = await commit(clone, { parent: tip, message: 'next', ref: main });
    await git(['-C', clone, 'push', '-q', url, main]);
    expect(await git(['ls-remote', url, main])).toBe(`${next}\t${main}`);
    expect(await missingObjects(repo)).toEqual([]);
    const push = server.requests.find((one) => one.method === 'POST' && one.service === 'git-receive-pack');
    expect(push).toMatchObject({ path: '/team/app.git/git-receive-pack', status: 200 });
    expect(push?.bytesUp).toBe(Number(push?.headers['content-length']));
    expect(push?.bytesDown).toBeGreaterThan(0);
    expect(server.connections).toBe(new Set(server.requests.map((one) => one.connectionId)).size);
  });

  test('a chunked push body arrives whole', async () => {
    const { root, repo, tip, server, url } = await served();
    const source = await makeBareRepo(join(root, 'source.git'));
    await git(['-C', source, 'fetch', '-q', repo, main]);
    const big = await commit(source, {
      parent: tip,
      message: 'big',
      files: { big: incompressible(400_000) },
      ref: main,
    });
    await git(['-C', source, '-c', 'http.postBuffer=65536', 'push', '-q', url, main]);
    expect((await refs(repo)).get(main)).toBe(big);
    expect(await missingObjects(repo)).toEqual([]);
    const chunked = server.requests.filter((one) => one.headers['transfer-encoding'] === 'chunked');
    expect(chunked).toHaveLength(1);
    expect(chunked[0]?.bytesUp).toBeGreaterThan(400_000);
  });

  test('a gzipped negotiation is unpacked', async () => {
    const { root, repo, tip, server, url } = await served();
    const local = await makeBareRepo(join(root, 'local.git'));
    await git(['-C', local, 'fetch', '-q', repo, `${main}:refs/heads/base`]);
    // Commits that the server does not know make the client send many "have" lines.
    await bulkHistory(local, { commits: 300, filesPerCommit: 1, branch: 'own', parent: tip });
    const next = await commit(repo, { parent: tip, message: 'theirs', ref: main });
    await git(['-C', local, 'fetch', '-q', url, `${main}:refs/heads/theirs`]);
    expect(await resolve(local, 'theirs')).toBe(next);
    const zipped = server.requests.filter((one) => one.headers['content-encoding'] === 'gzip');
    expect(zipped.length).toBeGreaterThan(0);
    expect(zipped.every((one) => one.status === 200)).toBe(true);
  });

  test('SHA-256 repositories', async () => {
    const root = await testDir();
    const repo = await makeBareRepo(join(root, 'r.git'), { objectFormat: 'sha256' });
    const tip = await commit(repo, { message: 'x', files: { a: 'b' } });
    expect(tip).toMatch(/^[0-9a-f]{64}$/);
    await setRef(repo, main, tip);
    await using server = await startGitHttpServer(root);
    const clone = join(root, 'clone.git');
    await git(['clone', '-q', '--bare', server.url('r.git'), clone]);
    const next = await commit(clone, { parent: tip, message: 'next', ref: main });
    await git(['-C', clone, 'push', '-q', server.url(repo), main]);
    expect((await refs(repo)).get(main)).toBe(next);
  });

  test('20 parallel fetches', async () => {
    const { root, repo, tip, url } = await served();
    await bulkHistory(repo, { commits: 50, filesPerCommit: 2, branch: 'main', parent: tip });
    const clones = Array.from({ length: 20 }, (_, n) => join(root, `clone-${n}.git`));
    await Promise.all(clones.map((clone) => git(['clone', '-q', '--bare', url, clone])));
    expect(new Set(await Promise.all(clones.map((clone) => revCount(clone, 'main'))))).toEqual(new Set([51]));
  });

  test('basic and bearer authentication, changed while running', async () => {
    const { tip, server, url } = await served({ auth: { users: { ann: 's3cret:x' } } });
    const refused = await runGit(['ls-remote', url]);
    expect(refused.status).toBe(128);
    expect(refused.stderr).toContain('terminal prompts disabled');
    expect((await runGit(['-c', basicHeader('ann', 'wrong'), 'ls-remote', url])).status).toBe(128);
    expect(await git(['-c', basicHeader('ann', 's3cret:x'), 'ls-remote', url, main])).toContain(tip);
    const { headers } = await fetch(`${url}/info/refs?service=git-upload-pack`);
    expect(headers.get('www-authenticate')).toBe('Basic realm="git"');

    server.options.auth = { tokens: ['tok'], anonymousRead: true };
    expect(await git(['ls-remote', url, main])).toContain(tip);
    const push = await fetch(`${url}/info/refs?service=git-receive-pack`);
    expect([push.status, push.headers.get('www-authenticate')]).toEqual([401, 'Bearer realm="git"']);
    const authorization = 'Bearer tok';
    expect((await fetch(`${url}/info/refs?service=git-receive-pack`, { headers: { authorization } })).status).toBe(200);
    // A name that every JavaScript object has is not a user.
    server.options.auth = { users: {} };
    expect((await runGit(['-c', basicHeader('toString', 'undefined'), 'ls-remote', url])).status).toBe(128);
    expect((await runGit(['-c', basicHeader('nobody', 'undefined'), 'ls-remote', url])).status).toBe(128);
  });

  test('a repository that does not exist, and a path that leaves the root', async () => {
    const { server } = await served();
    expect((await fetch(`${server.url('team/none.git')}/info/refs?service=git-upload-pack`)).status).toBe(404);
    const outside = await fetch(`${server.origin}/team/..%2F..%2Fetc/info/refs?service=git-upload-pack`);
    expect(outside.status).toBeGreaterThanOrEqual(400);
    expect((await fetch(`${server.origin}/%ff`)).status).toBe(400);
  });

  test('protocol version 0', async () => {
    const { server, url, tip } = await served({ protocolV0Only: true });
    expect(await git(['ls-remote', url, main])).toContain(tip);
    const advertisement = async () =>
      (await fetch(`${url}/info/refs?service=git-upload-pack`, { headers: { 'git-protocol': 'version=2' } })).text();
    expect(await advertisement()).not.toContain('version 2');
    server.options.protocolV0Only = false;
    expect(await advertisement()).toContain('version 2');
  });

  test('a canned answer, a reset and a delay', async () => {
    const { server, url, tip } = await served();
    server.options.fault = () => ({ status: 429, headers: { 'Retry-After': '7' }, body: 'slow down' });
    const limited = await fetch(`${url}/info/refs?service=git-upload-pack`);
    expect([limited.status, limited.headers.get('retry-after'), await limited.text()]).toEqual([429, '7', 'slow down']);
    expect((await runGit(['ls-remote', url])).stderr).toContain('429');
    server.options.fault = () => 'reset';
    expect((await runGit(['ls-remote', url])).status).toBe(128);
    server.options.fault = () => ({ latencyMs: 1 });
    expect(await git(['ls-remote', url, main])).toContain(tip);
    expect(server.requests.map((one) => one.status)).toEqual([429, 429, undefined, 200, 200]);
  });

  test('an answer cut in the middle of the pack', async () => {
    const { root, repo, tip, server, url } = await served();
    await commit(repo, { parent: tip, message: 'big', files: { big: incompressible(300_000) }, ref: main });
    server.options.fault = ({ service, method }) =>
      service === 'git-upload-pack' && method === 'POST' ? { cutAfterBytes: 100_000 } : undefined;
    const local = await makeBareRepo(join(root, 'local.git'));
    // Straight to the pack: with version 0 the only POST is the one that answers with it.
    const cut = await runGit(['-C', local, '-c', 'protocol.version=0', 'fetch', url, `${main}:${main}`]);
    expect(cut.status).not.toBe(0);
    expect(server.requests.at(-1)).toMatchObject({ method: 'POST', bytesDown: 100_000 });
    expect(await refs(local)).toEqual(new Map());
  });

  test('an upload cut in the middle moves no ref', async () => {
    const { root, repo, tip, server, url } = await served();
    const source = join(root, 'source.git');
    await git(['clone', '-q', '--bare', url, source]);
    await commit(source, { parent: tip, message: 'big', files: { big: incompressible(300_000) }, ref: main });
    server.options.fault = ({ method }) => (method === 'POST' ? { cutUploadAfterBytes: 50_000 } : undefined);
    expect((await runGit(['-C', source, 'push', url, main])).status).not.toBe(0);
    await server.close();
    expect((await refs(repo)).get(main)).toBe(tip);
  });

  test('a hung request ends with the client’s abort, and close() ends what still hangs', async () => {
    const { server, url } = await served();
    let arrived: () => void = () => undefined;
    server.options.fault = () => {
      arrived();
      return 'hang';
    };
    const abort = new AbortController();
    arrived = () => abort.abort();
    expect((await runGit(['ls-remote', url], { signal: abort.signal })).status).toBeNull();

    const here = new Promise<void>((resolve) => {
      arrived = resolve;
    });
    const hung = runGit(['ls-remote', url]);
    await here;
    await server.close();
    expect((await hung).status).toBe(128);
  });
});

const sshRoot = await tempDir();
const ssh = await startSshServer(sshRoot.path);
afterAll(async () => {
  await ssh?.close();
  await sshRoot[Symbol.asyncDispose]();
});

describe.skipIf(ssh === undefined)('ssh-server', () => {
  test('clone, push and 20 parallel ls-remotes; nothing but the own key', async () => {
    if (ssh === undefined) return;
    const env = isolatedGitEnv(ssh.env);
    const repo = await makeBareRepo(join(sshRoot.path, 'a b', 'r.git'));
    const tip = await commit(repo, { message: 'x', files: { a: incompressible(200_000) }, ref: main });
    const url = ssh.url(repo);
    const clone = join(sshRoot.path, 'clone.git');
    await git(['clone', '-q', '--bare', url, clone], { env });
    const next = await commit(clone, { parent: tip, message: 'next', ref: main });
    await git(['-C', clone, 'push', '-q', url, main], { env });
    expect((await refs(repo)).get(main)).toBe(next);
    expect(ssh.connections).toBe(2);
    const all = await Promise.all(Array.from({ length: 20 }, () => git(['ls-remote', url, main], { env })));
    expect(new Set(all)).toEqual(new Set([`${next}\t${main}`]));

    const v2 = await runGit(['ls-remote', url], { env: { ...env, GIT_TRACE_PACKET: '1' } });
    expect(v2.stderr).toContain('version 2');
    const stranger = ssh.env.GIT_SSH_COMMAND.replace(ssh.userKey, join(sshRoot.path, 'ssh_host_key'));
    const denied = await runGit(['ls-remote', url], { env: { ...env, GIT_SSH_COMMAND: stranger } });
    expect(denied.status).toBe(128);
    expect(denied.stderr).toContain('Permission denied');
  });
});

describe('temp-dir', () => {
  test('is gone after its scope', async () => {
    let path: string;
    {
      await using dir = await tempDir('sluice-scope-');
      path = dir.path;
      await access(path);
    }
    await expect(access(path)).rejects.toThrow('ENOENT');
  });

  const left: string[] = [];
  test('testDir: exists during its test', async () => {
    left.push(await testDir());
    await access(left[0] ?? '');
  });
  test('testDir: … and not after it', async () => {
    expect(left).toHaveLength(1);
    await expect(access(left[0] ?? '')).rejects.toThrow('ENOENT');
  });
});
