import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import type { WireRef } from '../../src/core/git/wire/wire.ts';
import { bulkHistory, commit, git, makeBareRepo, setRefs } from '../support/git-repo.ts';
import { open, serve } from './wire-site.ts';

/** Lines of `git ls-remote`, without the peeled tags that ls-refs is not asked for. */
async function lsRemote(url: string, ...patterns: string[]): Promise<string[]> {
  const lines = await git(['ls-remote', '-q', url, ...patterns]);
  return lines.split('\n').filter((line) => line !== '' && !line.endsWith('^{}'));
}

function lines(refs: readonly WireRef[] | undefined): string[] {
  return (refs ?? []).map(({ oid, name }) => `${oid}\t${name}`);
}

describe('listRefs', () => {
  test.each(['sha1', 'sha256'] as const)('says what git ls-remote says (%s)', async (objectFormat) => {
    const { root, server } = await serve();
    const repo = await makeBareRepo(join(root, 'a b.git'), { objectFormat });
    const tip = await bulkHistory(repo, { commits: 3, filesPerCommit: 1, branch: 'main' });
    await setRefs(repo, [
      ['refs/heads/feature/ü-$(id)', tip],
      ['refs/heads/-x', tip],
      ['refs/pull/1/head', tip],
      ['refs/tags/v1', tip],
    ]);
    await git(['--git-dir', repo, 'tag', '-a', '-m', 'annotated', 'v2', tip]);
    const url = server.url(repo);

    const listing = await open(url).listRefs();

    expect(lines(listing?.refs)).toEqual(await lsRemote(url));
    expect(listing?.refs).toHaveLength(7);
  });

  test('an empty repository has no refs', async () => {
    const { root, server } = await serve();
    const session = open(server.url(await makeBareRepo(join(root, 'empty.git'))));
    expect(await session.listRefs({ symrefs: true })).toMatchObject({ refs: [] });
  });

  test('asks for prefixes, and only what begins with one comes back', async () => {
    const { root, server } = await serve();
    const repo = await makeBareRepo(join(root, 'r.git'));
    const tip = await commit(repo, { message: 'one', ref: 'refs/heads/main' });
    await setRefs(repo, [
      ['refs/heads/main2', tip],
      ['refs/pull/1/head', tip],
      ['refs/tags/v1', tip],
    ]);
    const session = open(server.url(repo));
    const listing = await session.listRefs({ prefixes: ['refs/heads/main', 'refs/tags/'] });
    expect(listing?.refs?.map((ref) => ref.name)).toEqual(['refs/heads/main', 'refs/heads/main2', 'refs/tags/v1']);
    expect(server.requests.at(-1)?.bytesDown).toBeLessThan(200);
  });

  test('symrefs shows where HEAD points', async () => {
    const { root, server } = await serve();
    const repo = await makeBareRepo(join(root, 'r.git'));
    const oid = await commit(repo, { message: 'one', ref: 'refs/heads/main' });
    const listing = await open(server.url(repo)).listRefs({ symrefs: true, prefixes: ['HEAD'] });
    expect(listing?.refs).toEqual([{ name: 'HEAD', oid, symrefTarget: 'refs/heads/main' }]);
  });

  test('50,000 refs, over one connection, twice; unchanged ones are not parsed again', async () => {
    const { root, server } = await serve();
    const repo = await makeBareRepo(join(root, 'many.git'));
    const tip = await commit(repo, { message: 'one', ref: 'refs/heads/main' });
    // Straight into the file: 50,000 loose refs would take git seconds and as many inodes.
    const packed = Array.from({ length: 50_000 }, (_, n) => `${tip} refs/heads/b${n}\n`).sort();
    await writeFile(join(repo, 'packed-refs'), `# pack-refs with: peeled fully-peeled sorted \n${packed.join('')}`);
    const session = open(server.url(repo));

    const first = await session.listRefs();
    expect(lines(first?.refs)).toEqual(await lsRemote(server.url(repo)));
    server.requests.length = 0;

    const second = await session.listRefs({ unlessDigest: first?.digest });
    expect(second).toEqual({ refs: undefined, digest: first?.digest });
    expect(server.requests).toHaveLength(1);

    await setRefs(repo, [['refs/heads/new', tip]]);
    const third = await session.listRefs({ unlessDigest: first?.digest });
    expect(third?.refs).toHaveLength(50_003);
    expect(new Set(server.requests.map((request) => request.connectionId))).toEqual(new Set([1]));
  });

  test('an answer longer than the limit is given up', async () => {
    const { root, server } = await serve();
    const repo = await makeBareRepo(join(root, 'r.git'));
    const tip = await commit(repo, { message: 'one', ref: 'refs/heads/main' });
    await setRefs(
      repo,
      Array.from({ length: 100 }, (_, n) => [`refs/heads/b${n}`, tip] as const),
    );
    await expect(open(server.url(repo)).listRefs({ maxBytes: 1000 })).rejects.toThrow(/longer than 1000 bytes/);
  });

  test('a server without protocol v2 is a value', async () => {
    const { root, server } = await serve({ protocolV0Only: true });
    const repo = await makeBareRepo(join(root, 'r.git'));
    await commit(repo, { message: 'one', ref: 'refs/heads/main' });
    const session = open(server.url(repo));
    expect(await session.offer()).toEqual({ protocol: 'v0' });
    expect(await session.listRefs()).toBeUndefined();
  });

  test('a page that is not git is a value', async () => {
    const { root, server } = await serve({ fault: () => ({ status: 200, body: '<html>Welcome</html>' }) });
    expect(await open(server.url(join(root, 'r.git'))).offer()).toEqual({ protocol: 'dumb' });
  });
});
