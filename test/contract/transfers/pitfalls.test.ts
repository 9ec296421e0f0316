import { describe, expect, onTestFinished, test } from 'vitest';
import { fullTransfer } from '../../../src/core/git/transfer/full.ts';
import { relayTransfer } from '../../../src/core/git/transfer/relay.ts';
import { thinTransfer } from '../../../src/core/git/transfer/thin.ts';
import type { Transfer } from '../../../src/core/git/transfer/transfer.ts';
import { startGitHttpServer } from '../../support/git-http-server.ts';
import { addChange, bulkHistory, commit, git, isShallow, resolve } from '../../support/git-repo.ts';
import {
  commandBytes,
  create,
  expectLanded,
  expectWhole,
  main,
  missingBytes,
  move,
  openScene,
  type Scene,
  uploaded,
  type Via,
} from './scene.ts';

const pr = 'refs/heads/pr/1';
const relay = (scene: Scene) => relayTransfer(scene.inProcess, 'sluice/test');
const thin = () => thinTransfer;
const full = () => fullTransfer(undefined);

/** What one transfer leaves, the next one does, as `applyPlan` has it. */
async function landByEither(scene: Scene, job: Parameters<Transfer['run']>[0], first: Transfer): Promise<void> {
  const before = await scene.refs();
  const outcome = await first.run(job);
  expect(outcome).toMatchObject({ results: [], left: job.updates });
  expect([await scene.refs(), scene.pushes()]).toEqual([before, []]);
  await expectLanded(full(), scene, job);
}

function bytesFromSource(scene: Scene): number {
  return scene.server.requests
    .filter(({ path }) => path.includes('from.git'))
    .reduce((sum, one) => sum + one.bytesDown, 0);
}

describe('a push from a repository without trees', () => {
  test('fetches none of them back: the promisor settings are gone before the push', async () => {
    const scene = await openScene({ from: { hidePullRefs: true } });
    const { oid } = await addChange(scene.from, 1, { from: 'main~2', commitsAhead: 3 });
    const same = scene.endpoint(scene.from);
    await thinTransfer.run(scene.job([create(pr, oid)], { to: same, sameRepository: true }));
    expect(await resolve(scene.from, pr)).toBe(oid);
    const fetches = scene.server.requests.filter((one) => one.method === 'POST' && one.service === 'git-upload-pack');
    // One fetch, and a negotiation each by --negotiate-only and by the push. Lazy fetches would come on top.
    expect(fetches.length).toBeLessThanOrEqual(4);
    const largest = Math.max(...fetches.map((one) => one.bytesDown));
    expect(largest).toBeLessThan(5000);
  });

  test('of another repository: one request brings all missing blobs, however many trees they are in', async () => {
    const counts: number[] = [];
    for (const directories of [1, 40]) {
      const scene = await openScene();
      const files = Object.fromEntries(
        Array.from({ length: directories }, (_, at) => [`new${at}/deep/file`, `${at}\n`]),
      );
      const oid = await commit(scene.from, {
        parent: await resolve(scene.from, main),
        message: 'wide',
        files,
        ref: 'refs/pull/1/head',
      });
      await expectLanded(thinTransfer, scene, scene.job([create(pr, oid)]));
      counts.push(scene.server.requests.length);
    }
    expect(counts[0]).toBe(counts[1]);
    expect(counts[0]).toBeLessThanOrEqual(16);
  });

  test('with the credential of the source for the source, and of the destination for the destination', async () => {
    const scene = await openScene();
    const other = await startGitHttpServer(scene.root, { auth: { users: { dst: 'for-the-destination' } } });
    onTestFinished(() => other.close());
    scene.server.options.auth = { users: { src: 'for-the-source' } };
    const { oid } = await addChange(scene.from, 1, { from: 'main', commitsAhead: 2 });
    const login = (username: string, password: string) => ({
      credential: async () => ({ kind: 'basic', username, password }) as const,
    });
    const job = scene.job([create(pr, oid)], {
      from: { ...scene.endpoint(scene.from), ...login('src', 'for-the-source') },
      to: { ...scene.endpoint(scene.to), url: other.url(scene.to), ...login('dst', 'for-the-destination') },
    });
    await expectLanded(thinTransfer, scene, job);
  });
});

describe('negotiation', () => {
  test('without a common commit uploads nothing', async () => {
    const scene = await openScene({ to: { hidePullRefs: true } });
    const tip = await bulkHistory(scene.from, { commits: 40, filesPerCommit: 3, branch: 'foreign' });
    await landByEither(scene, scene.job([create('refs/heads/foreign', tip)]), thinTransfer);
  });

  test('that the destination cannot do leaves everything for a full history', async () => {
    const scene = await openScene();
    const old = await startGitHttpServer(scene.root, { protocolV0Only: true });
    onTestFinished(() => old.close());
    const { oid } = await addChange(scene.from, 1, { from: 'main', commitsAhead: 2 });
    const job = scene.job([create(pr, oid)], { to: { ...scene.endpoint(scene.to), url: old.url(scene.to) } });
    await landByEither(scene, job, thinTransfer);
  });

  test('with a source of protocol version 0', async () => {
    const scene = await openScene();
    scene.server.options.protocolV0Only = true;
    const { oid } = await addChange(scene.from, 1, { from: 'main', commitsAhead: 2 });
    await landByEither(scene, scene.job([create(pr, oid)]), relay(scene));
  });
});

describe('the shallow boundary', () => {
  test.each([
    ['thin', thin, 'http'],
    ['thin', thin, 'file'],
    ['relay', relay, 'http'],
  ] as const)(
    'missing at the destination never makes it shallow, even if it would let us (%s, %s, %s)',
    async (_name, open, via) => {
      for (const allowed of ['false', 'true']) {
        const scene = await openScene({
          via: via as Via,
          to: { config: { 'receive.shallowUpdate': allowed } },
          toHas: 'main~55',
        });
        const tip = await bulkHistory(scene.from, {
          commits: 140,
          filesPerCommit: 1,
          branch: 'long',
          parent: await resolve(scene.from, main),
        });
        const job = scene.job([create('refs/heads/long', tip)]);
        const outcome = await open(scene).run(job);
        expect(outcome.results.length + outcome.left.length).toBe(1);
        expect(await isShallow(scene.to)).toBe(false);
        if (outcome.left.length > 0) await expectLanded(full(), scene, job);
        await expectWhole(scene.to);
      }
    },
  );

  test('a change of more commits than the first fetch brings', async () => {
    const scene = await openScene();
    const { oid } = await addChange(scene.from, 1, { from: 'main~3', commitsAhead: 60 });
    const missing = await missingBytes(scene.from, oid, main);
    await expectLanded(thinTransfer, scene, scene.job([create(pr, oid)]));
    expect(uploaded(scene)).toBeLessThanOrEqual(2 * missing + commandBytes(1));
  });

  test.each([
    ['relay', relay],
    ['thin', thin],
    ['full', full],
  ] as const)('of a destination that is shallow itself: nothing gets lost (%s)', async (_name, open) => {
    const scene = await openScene();
    const shallow = `${scene.root}/shallow.git`;
    await git(['clone', '-q', '--bare', '--depth=5', `file://${scene.to}`, shallow]);
    await git(['-C', shallow, 'config', 'http.receivepack', 'true']);
    const boundary = await git(['-C', shallow, 'rev-list', '--count', 'main']);
    const { oid } = await addChange(scene.from, 1, { from: 'main', commitsAhead: 2 });
    const job = scene.job([create(pr, oid)], { to: scene.endpoint(shallow) });
    const outcome = await open(scene).run(job);
    const landed = outcome.results.some((result) => result.ok);
    await git(['-C', shallow, 'fsck', '--connectivity-only', '--no-dangling']);
    expect(await git(['-C', shallow, 'rev-list', '--count', 'main'])).toBe(boundary);
    if (landed) expect(await resolve(shallow, pr)).toBe(oid);
    else expect([...outcome.left, ...outcome.results.filter((result) => !result.ok)]).toHaveLength(1);
  });
});

describe('a lease', () => {
  test.each([
    ['relay', relay],
    ['thin', thin],
    ['full', full],
  ] as const)('on a value that nobody but the destination knows (%s)', async (_name, open) => {
    const scene = await openScene();
    const theirs = await commit(scene.to, { parent: await resolve(scene.to, main), message: 'only there', ref: pr });
    const { oid } = await addChange(scene.from, 1, { from: 'main~1', commitsAhead: 2 });
    const wrong = await open(scene).run(scene.job([move(pr, oid, await resolve(scene.from, 'main~1'))]));
    expect(wrong.results).toMatchObject([{ ok: false, reason: expect.stringMatching(/changed meanwhile|stale info/) }]);
    expect(await resolve(scene.to, pr)).toBe(theirs);
    await expectLanded(open(scene), scene, scene.job([move(pr, theirs, oid)]));
  });
});

describe('a rogue ref in a batch', () => {
  test('does not blow up the others, and costs no more than the depths', async () => {
    const scene = await openScene({ to: { hidePullRefs: true } });
    const rogue = await bulkHistory(scene.from, {
      commits: 2000,
      filesPerCommit: 2,
      branch: 'rogue',
      bytesPerFile: 2000,
    });
    const one = await addChange(scene.from, 1, { from: 'main', commitsAhead: 2 });
    const two = await addChange(scene.from, 2, { from: 'main~5', commitsAhead: 2 });
    const updates = [create(pr, one.oid), create('refs/heads/rogue', rogue), create('refs/heads/pr/2', two.oid)];
    const outcome = await thinTransfer.run(scene.job(updates));
    expect(outcome.left).toEqual([updates[1]]);
    expect(outcome.results).toEqual([
      { target: pr, ok: true },
      { target: 'refs/heads/pr/2', ok: true },
    ]);
    const missing = (await missingBytes(scene.from, one.oid, main)) + (await missingBytes(scene.from, two.oid, main));
    expect(uploaded(scene)).toBeLessThanOrEqual(2 * missing + commandBytes(2));
    expect(bytesFromSource(scene)).toBeLessThan((await missingBytes(scene.from, rogue, main)) / 4);
    await expectWhole(scene.to);
  });
});

describe('a whole history', () => {
  test.each([
    ['thrown away', undefined],
    ['kept', 'cache'],
  ])('is not uploaded again when the destination is ahead of the source (%s)', async (_name, cache) => {
    const scene = await openScene({ to: { hidePullRefs: true } });
    // Nothing of what the destination advertises is in the source.
    await commit(scene.to, { parent: await resolve(scene.to, main), message: 'only there', ref: main });
    const { oid } = await addChange(scene.from, 1, { from: 'main', commitsAhead: 2 });
    const transfer = fullTransfer(cache === undefined ? undefined : { cacheDir: `${scene.root}/${cache}`, waitMs: 0 });
    await expectLanded(transfer, scene, scene.job([create(pr, oid)]));
    expect(uploaded(scene)).toBeLessThanOrEqual(2 * (await missingBytes(scene.from, oid, main)) + commandBytes(1));
  });

  test('is fetched only once by a kept cache', async () => {
    const scene = await openScene();
    const transfer = fullTransfer({ cacheDir: `${scene.root}/cache`, waitMs: 0 });
    const one = await addChange(scene.from, 1, { from: 'main' });
    await expectLanded(transfer, scene, scene.job([create(pr, one.oid)]));
    const first = bytesFromSource(scene);
    const two = await addChange(scene.from, 2, { from: one.oid, commitsAhead: 2 });
    await expectLanded(transfer, scene, scene.job([create('refs/heads/pr/2', two.oid)]));
    expect(bytesFromSource(scene) - first).toBeLessThan(first / 10);
  });
});
