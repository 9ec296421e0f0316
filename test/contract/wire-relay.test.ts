import { appendFile, mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import {
  addChange,
  bulkHistory,
  commit,
  git,
  isShallow,
  makeBareRepo,
  missingObjects,
  refs,
  revCount,
  setRefs,
} from '../support/git-repo.ts';
import { copy, fsck, missingBytes, pair, relayBetween, serve } from './wire-site.ts';

const pr = 'refs/heads/pr/1';

describe('relay moves only what the destination lacks', () => {
  test('a change request into the same repository that hides refs/pull from pushers', async () => {
    const site = await serve();
    const repo = await makeBareRepo(join(site.root, 'r.git'), { hidePullRefs: true });
    await bulkHistory(repo, { commits: 300, filesPerCommit: 3, branch: 'main' });
    const change = await addChange(repo, 1, { from: 'refs/heads/main~20', commitsAhead: 5 });

    const outcome = await relayBetween(site.open(repo), site.open(repo), [
      { name: pr, old: undefined, new: change.oid },
    ]);

    expect(outcome).toMatchObject({ kind: 'done', results: [{ name: pr, ok: true }] });
    const push = site.server.requests.find(
      (request) => request.path.endsWith('git-receive-pack') && request.method === 'POST',
    );
    const missing = await missingBytes(repo, change.oid, 'refs/heads/main');
    expect(push?.bytesUp).toBeGreaterThan(100);
    expect(push?.bytesUp).toBeLessThan(2 * missing);
    expect((await refs(repo)).get(pr)).toBe(change.oid);
  });

  test('the same with sameRepository: no object travels at all', async () => {
    const site = await serve();
    const repo = await makeBareRepo(join(site.root, 'r.git'), { hidePullRefs: true });
    await bulkHistory(repo, { commits: 3, filesPerCommit: 3, branch: 'main' });
    const change = await addChange(repo, 1, { from: 'refs/heads/main', commitsAhead: 5 });
    const session = site.open(repo);
    const updates = [{ name: pr, old: undefined, new: change.oid }];

    const outcome = await relayBetween(session, session, updates, { sameRepository: true });

    expect(outcome).toMatchObject({ kind: 'done', results: [{ ok: true }], packBytes: 32 });
    expect((await refs(repo)).get(pr)).toBe(change.oid);
    expect(site.server.requests).toHaveLength(2);
  });

  test.each(['sha1', 'sha256'] as const)(
    'into another repository that has the base only (%s)',
    async (objectFormat) => {
      const site = await serve();
      const { from, to } = await pair(site, { from: { objectFormat }, to: { objectFormat } });
      await copy(from, to, 'refs/heads/main');
      const change = await addChange(from, 1, { from: 'refs/heads/main~10', commitsAhead: 4 });

      const outcome = await relayBetween(site.open(from), site.open(to), [
        { name: pr, old: undefined, new: change.oid },
      ]);

      expect(outcome).toMatchObject({ kind: 'done', results: [{ name: pr, ok: true }] });
      expect(outcome).toHaveProperty(
        'packBytes',
        expect.toSatisfy((bytes: number) => bytes < 5000),
      );
      expect((await refs(to)).get(pr)).toBe(change.oid);
      await fsck(to);
      expect(await isShallow(to)).toBe(false);
      expect(await missingObjects(to)).toEqual([]);
    },
  );

  test('into a destination that lags behind the base', async () => {
    const site = await serve();
    const { from, to } = await pair(site);
    await copy(from, to, 'refs/heads/main~20:refs/heads/main');
    const change = await addChange(from, 1, { from: 'refs/heads/main' });
    const outcome = await relayBetween(site.open(from), site.open(to), [{ name: pr, old: undefined, new: change.oid }]);
    expect(outcome).toMatchObject({ kind: 'done', results: [{ ok: true }] });
    expect(await revCount(to, pr)).toBe(31);
    await fsck(to);
  });

  test('into an empty repository: the whole history, once', async () => {
    const site = await serve();
    const { from, to, main } = await pair(site);
    const outcome = await relayBetween(site.open(from), site.open(to), [
      { name: 'refs/heads/main', old: undefined, new: main },
      { name: 'refs/tags/v1', old: undefined, new: main },
    ]);
    expect(outcome).toMatchObject({ kind: 'done', results: [{ ok: true }, { ok: true }] });
    expect(await revCount(to, 'refs/heads/main')).toBe(30);
    await fsck(to);
  });

  test('a commit that the destination shows already costs no request to the source', async () => {
    const site = await serve();
    const { from, to, main } = await pair(site);
    await copy(from, to, 'refs/heads/main');
    const outcome = await relayBetween(site.open(from), site.open(to), [{ name: pr, old: undefined, new: main }]);
    expect(outcome).toMatchObject({ kind: 'done', results: [{ ok: true }], packBytes: 32 });
    expect(
      site.server.requests.filter((request) => request.path.includes('from.git') && request.method === 'POST'),
    ).toEqual([]);
  });

  test('an older commit of a branch that the destination has', async () => {
    const site = await serve();
    const { from, to } = await pair(site);
    await copy(from, to, 'refs/heads/main');
    const old = await git(['--git-dir', from, 'rev-parse', 'refs/heads/main~5']);
    const outcome = await relayBetween(site.open(from), site.open(to), [{ name: pr, old: undefined, new: old }]);
    expect(outcome).toMatchObject({ kind: 'done', results: [{ ok: true }], packBytes: 32 });
  });

  test('new, moved, forced and deleted refs, and an annotated tag, in one push', async () => {
    const site = await serve();
    const { from, to, main } = await pair(site);
    const before = await git(['--git-dir', from, 'rev-parse', 'refs/heads/main~3']);
    await setRefs(from, [['refs/heads/old', before]]);
    const abandoned = await commit(from, { message: 'abandoned', parent: before, ref: 'refs/heads/forced' });
    await copy(from, to, `${before}:refs/heads/main`, 'refs/heads/old', 'refs/heads/forced');
    const forced = await commit(from, { message: 'rewritten', parent: before, ref: 'refs/heads/forced' });
    await git(['--git-dir', from, 'tag', '-a', '-m', 'annotated', 'v1', main]);
    const tag = await git(['--git-dir', from, 'rev-parse', 'refs/tags/v1']);

    const outcome = await relayBetween(site.open(from), site.open(to), [
      { name: 'refs/heads/main', old: before, new: main },
      { name: 'refs/heads/forced', old: abandoned, new: forced },
      { name: 'refs/heads/old', old: before, new: undefined },
      { name: 'refs/heads/ü-$(id)', old: undefined, new: forced },
      { name: 'refs/tags/v1', old: undefined, new: tag },
    ]);

    expect(outcome).toMatchObject({ kind: 'done', results: Array(5).fill({ ok: true }) });
    expect(Object.fromEntries(await refs(to))).toEqual({
      'refs/heads/forced': forced,
      'refs/heads/main': main,
      'refs/heads/ü-$(id)': forced,
      'refs/tags/v1': tag,
    });
    await fsck(to);
  });

  test('deletions alone need no pack and no source', async () => {
    const site = await serve();
    const { from, to, main } = await pair(site);
    await copy(from, to, 'refs/heads/main', 'refs/heads/main:refs/heads/gone');
    const outcome = await relayBetween(site.open(from), site.open(to), [
      { name: 'refs/heads/gone', old: main, new: undefined },
    ]);
    expect(outcome).toMatchObject({ kind: 'done', results: [{ ok: true }], packBytes: 0 });
    expect([...(await refs(to)).keys()]).toEqual(['refs/heads/main']);
    expect(site.server.requests.every((request) => request.path.includes('to.git'))).toBe(true);
  });

  test('1000 refs in one batch, over one connection to each end', async () => {
    const site = await serve();
    const { from, to, main } = await pair(site);
    await copy(from, to, 'refs/heads/main');
    // One commit each, in one stream: 1000 git processes would be the test's time.
    const stream = Array.from({ length: 1000 }, (_, n) => fastImportCommit(`refs/pull/${n + 1}/head`, main, n));
    await git(['--git-dir', from, 'fast-import', '--quiet', '--date-format=raw'], { input: stream });
    const heads = await refs(from);
    const updates = Array.from({ length: 1000 }, (_, n) => ({
      name: `refs/heads/pr/${n + 1}`,
      old: undefined,
      new: heads.get(`refs/pull/${n + 1}/head`),
    }));
    site.server.requests.length = 0;

    const outcome = await relayBetween(site.open(from), site.open(to), updates, { atomic: true });

    expect(outcome.kind === 'done' && outcome.results.filter((result) => result.ok)).toHaveLength(1000);
    expect(await refs(to)).toEqual(
      new Map([['refs/heads/main', main], ...updates.map((one) => [one.name, one.new] as const)]),
    );
    expect(site.server.requests.length).toBeLessThanOrEqual(4);
    expect(new Set(site.server.requests.map((request) => request.connectionId)).size).toBe(2);
    await fsck(to);
  }, 60_000);

  test('an object of an alternate of the destination is not sent again', async () => {
    const site = await serve();
    const { from, to } = await pair(site);
    // The shared store is no repository of the server, as on forges that keep a network of forks in one place.
    const store = await makeBareRepo(join(site.root, 'store.git'));
    await copy(from, store, 'refs/heads/main');
    await writeFile(join(to, 'objects/info/alternates'), `${join(store, 'objects')}\n`);
    const change = await addChange(from, 1, { from: 'refs/heads/main' });
    const outcome = await relayBetween(site.open(from), site.open(to), [{ name: pr, old: undefined, new: change.oid }]);
    expect(outcome).toMatchObject({ kind: 'done', results: [{ ok: true }] });
    expect(outcome).toHaveProperty(
      'packBytes',
      expect.toSatisfy((bytes: number) => bytes < 2000),
    );
  });
});

describe('relay reports refusals in the words of the destination', () => {
  test('a lease that no longer holds, beside one that does', async () => {
    const site = await serve();
    const { from, to, main } = await pair(site);
    const before = await git(['--git-dir', from, 'rev-parse', 'refs/heads/main~3']);
    await copy(from, to, 'refs/heads/main~1:refs/heads/main');
    const outcome = await relayBetween(site.open(from), site.open(to), [
      { name: 'refs/heads/main', old: before, new: main },
      { name: 'refs/heads/new', old: undefined, new: main },
    ]);
    expect(outcome).toMatchObject({
      kind: 'done',
      results: [
        { name: 'refs/heads/main', ok: false, reason: 'failed to update ref' },
        { name: 'refs/heads/new', ok: true },
      ],
    });
    expect(outcome.kind === 'done' && outcome.remoteMessages.join('\n')).toMatch(/refs\/heads\/main.* but expected/);
  });

  test('a ref that must be new exists', async () => {
    const site = await serve();
    const { from, to, main } = await pair(site);
    await copy(from, to, 'refs/heads/main~1:refs/heads/main');
    const outcome = await relayBetween(site.open(from), site.open(to), [
      { name: 'refs/heads/main', old: undefined, new: main },
    ]);
    expect(outcome).toMatchObject({ kind: 'done', results: [{ ok: false }] });
    expect((await refs(to)).get('refs/heads/main')).not.toBe(main);
  });

  test('atomic: one bad lease refuses all', async () => {
    const site = await serve();
    const { from, to, main } = await pair(site);
    await copy(from, to, 'refs/heads/main~1:refs/heads/main');
    const updates = [
      { name: 'refs/heads/main', old: undefined, new: main },
      { name: 'refs/heads/new', old: undefined, new: main },
    ];
    const outcome = await relayBetween(site.open(from), site.open(to), updates, { atomic: true });
    expect(outcome).toMatchObject({ kind: 'done', results: [{ ok: false }, { ok: false }] });
    expect([...(await refs(to)).keys()]).toEqual(['refs/heads/main']);
  });

  test('an update hook that refuses one ref, with colours and control characters that reach nobody', async () => {
    const site = await serve();
    const { from, to, main } = await pair(site);
    await copy(from, to, 'refs/heads/main~1:refs/heads/main');
    const hook =
      '#!/bin/sh\n[ "$1" = refs/heads/locked ] || exit 0\nprintf \'\\033[31mbranch is \\007locked\\033[0m\\n\' >&2\nexit 1\n';
    await installHook(to, 'update', hook);
    const outcome = await relayBetween(site.open(from), site.open(to), [
      { name: 'refs/heads/locked', old: undefined, new: main },
      { name: 'refs/heads/open', old: undefined, new: main },
    ]);
    expect(outcome).toMatchObject({
      kind: 'done',
      results: [{ ok: false, reason: 'hook declined' }, { ok: true }],
    });
    expect(outcome.kind === 'done' && outcome.remoteMessages).toContain('branch is locked');
  });

  test('a pre-receive hook that refuses everything', async () => {
    const site = await serve();
    const { from, to, main } = await pair(site);
    await installHook(to, 'pre-receive', '#!/bin/sh\necho "not today"\nexit 1\n');
    const outcome = await relayBetween(site.open(from), site.open(to), [
      { name: 'refs/heads/main', old: undefined, new: main },
    ]);
    expect(outcome).toMatchObject({
      kind: 'done',
      results: [{ ok: false, reason: 'pre-receive hook declined' }],
      remoteMessages: ['not today'],
    });
    expect(await refs(to)).toEqual(new Map());
  });

  test('a hidden ref, and deletions that are switched off', async () => {
    const site = await serve();
    const { from, to, main } = await pair(site, {
      to: { hidePullRefs: true, config: { 'receive.denyDeletes': 'true' } },
    });
    await copy(from, to, 'refs/heads/main');
    const outcome = await relayBetween(site.open(from), site.open(to), [
      { name: 'refs/pull/1/head', old: undefined, new: main },
      { name: 'refs/heads/main', old: main, new: undefined },
    ]);
    expect(outcome).toMatchObject({
      kind: 'done',
      results: [
        { ok: false, reason: 'deny updating a hidden ref' },
        { ok: false, reason: expect.stringContaining('prohibited') },
      ],
    });
  });
});

describe('relay sends nothing when it does not fit', () => {
  async function expectUntouched(site: Awaited<ReturnType<typeof serve>>): Promise<void> {
    expect(site.server.requests.filter((one) => one.method === 'POST' && one.service === 'git-receive-pack')).toEqual(
      [],
    );
  }

  test('a source without protocol v2', async () => {
    const old = await serve({ protocolV0Only: true });
    const site = await serve();
    const { from, main } = await pair(old);
    const to = await makeBareRepo(join(site.root, 'to.git'));
    const outcome = await relayBetween(old.open(from), site.open(to), [{ name: pr, old: undefined, new: main }]);
    expect(outcome).toEqual({ kind: 'unsuitable', reason: 'the source speaks v0, not protocol v2' });
    await expectUntouched(site);
  });

  test('unrelated histories', async () => {
    const site = await serve();
    const { from, to, main } = await pair(site);
    await commit(to, { message: 'another root', ref: 'refs/heads/main' });
    const outcome = await relayBetween(site.open(from), site.open(to), [{ name: pr, old: undefined, new: main }]);
    expect(outcome).toEqual({ kind: 'unsuitable', reason: 'source and destination have no commit in common' });
    await expectUntouched(site);
  });

  test('a shallow source, and the destination stays whole', async () => {
    const site = await serve();
    const { from, to, main } = await pair(site);
    const shallow = join(site.root, 'shallow.git');
    await git(['clone', '-q', '--bare', '--depth=3', `file://${from}`, shallow]);
    const outcome = await relayBetween(site.open(shallow), site.open(to), [{ name: pr, old: undefined, new: main }]);
    expect(outcome).toEqual({ kind: 'unsuitable', reason: 'the source is a shallow repository' });
    await expectUntouched(site);

    await copy(from, to, 'refs/heads/main~1:refs/heads/main');
    const again = await relayBetween(site.open(shallow), site.open(to), [{ name: pr, old: undefined, new: main }]);
    expect(again).toEqual({ kind: 'unsuitable', reason: 'the source is a shallow repository' });
    expect(await isShallow(to)).toBe(false);
  });

  test('a shallow destination', async () => {
    const site = await serve();
    const { from, main } = await pair(site);
    const shallow = join(site.root, 'shallow.git');
    await git(['clone', '-q', '--bare', '--depth=3', `file://${from}`, shallow]);
    await appendFile(join(shallow, 'config'), '[http]\n\treceivepack = true\n');
    const outcome = await relayBetween(site.open(from), site.open(shallow), [{ name: pr, old: undefined, new: main }]);
    expect(outcome).toEqual({ kind: 'unsuitable', reason: 'the destination is a shallow repository' });
    await expectUntouched(site);
  });

  test('different object formats', async () => {
    const site = await serve();
    const { from, to, main } = await pair(site, { to: { objectFormat: 'sha256' } });
    const outcome = await relayBetween(site.open(from), site.open(to), [{ name: pr, old: undefined, new: main }]);
    expect(outcome).toEqual({ kind: 'unsuitable', reason: 'the destination has sha256 objects, the updates others' });
    await expectUntouched(site);
  });

  test('a commit that the source does not have', async () => {
    const site = await serve();
    const { from, to } = await pair(site);
    await copy(from, to, 'refs/heads/main');
    const outcome = await relayBetween(site.open(from), site.open(to), [
      { name: pr, old: undefined, new: 'ab'.repeat(20) },
    ]);
    expect(outcome).toMatchObject({ kind: 'unsuitable', reason: expect.stringContaining('not our ref') });
    await expectUntouched(site);
  });

  test('a destination that cannot do what is asked', async () => {
    const site = await serve();
    const { from, to, main } = await pair(site, { to: { config: { 'receive.advertiseAtomic': 'false' } } });
    const updates = [{ name: pr, old: undefined, new: main }];
    const outcome = await relayBetween(site.open(from), site.open(to), updates, { atomic: true });
    expect(outcome).toEqual({ kind: 'unsuitable', reason: 'the destination lacks atomic' });
    await expectUntouched(site);
  });

  test('a name that would be a command of its own', async () => {
    const site = await serve();
    const { from, to, main } = await pair(site);
    const updates = [{ name: `refs/heads/a\0 atomic`, old: undefined, new: main }];
    await expect(relayBetween(site.open(from), site.open(to), updates)).rejects.toMatchObject({ code: 'internal' });
    expect(site.server.requests).toEqual([]);
  });
});

async function installHook(repo: string, name: string, script: string): Promise<void> {
  await git(['--git-dir', repo, 'config', 'core.hooksPath', join(repo, 'test-hooks')]);
  await mkdir(join(repo, 'test-hooks'), { recursive: true });
  await writeFile(join(repo, 'test-hooks', name), script, { mode: 0o755 });
}

function fastImportCommit(ref: string, parent: string, n: number): string {
  const message = `change ${n}`;
  const person = 'T <t@example.invalid> 1704067200 +0000';
  return `commit ${ref}\nauthor ${person}\ncommitter ${person}\ndata ${message.length}\n${message}\nfrom ${parent}\nM 100644 inline changes/${n}.txt\ndata ${String(n).length}\n${n}\n\n`;
}
