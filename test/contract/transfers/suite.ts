import { describe, expect, test } from 'vitest';
import type { Transfer } from '../../../src/core/git/transfer/transfer.ts';
import { addChange, bulkHistory, commit, git, resolve, setRef } from '../../support/git-repo.ts';
import {
  addHook,
  commandBytes,
  create,
  expectLanded,
  expectWhole,
  main,
  missingBytes,
  move,
  openScene,
  remove,
  type Scene,
  type SceneOptions,
  tag,
  uploaded,
  type Via,
} from './scene.ts';

/** What a transfer may leave for another way. */
export type Leaves =
  | 'an empty destination'
  | 'a tag of a blob or tree'
  | 'a tag of a tag'
  | 'a change without a common commit'
  | 'a destination that lags far behind';

export interface Subject {
  readonly name: string;
  readonly via: readonly Via[];
  /** Deviations, each with its reason; anything not named here must be done. */
  readonly leaves: Partial<Record<Leaves, string>>;
  /** Deviation: why it uploads, within one repository, the objects that only hidden refs reach. */
  readonly uploadsHidden?: string;
  /** Opens the transfer over a scene; what it keeps lives below `scene.root`. */
  open(scene: Scene): Transfer;
}

const pr = 'refs/heads/pr/1';

/** The promises of `Transfer`, the same for every way. */
export function transferContract(subject: Subject): void {
  describe.each(subject.via)(`${subject.name} over %s`, (via) => {
    const open = async (options: SceneOptions = {}) => {
      const scene = await openScene({ via, ...options });
      return { scene, transfer: subject.open(scene) };
    };

    /** Runs a job that this transfer either does whole, or leaves without sending anything. */
    async function expectDoneOr(what: Leaves, scene: Scene, transfer: Transfer, job: Parameters<Transfer['run']>[0]) {
      if (subject.leaves[what] === undefined) return await expectLanded(transfer, scene, job);
      const before = await scene.refs();
      const outcome = await transfer.run(job);
      expect(outcome).toMatchObject({ results: [], left: job.updates, reason: expect.stringMatching(/\w/) });
      expect(await scene.refs()).toEqual(before);
      expect(scene.pushes()).toEqual([]);
    }

    test('creates, moves and deletes refs in one go, each with its expected old value', async () => {
      const { scene, transfer } = await open();
      const base = await resolve(scene.from, 'main~3');
      await git(['--git-dir', scene.to, 'update-ref', 'refs/heads/old', base]);
      await git(['--git-dir', scene.to, 'update-ref', 'refs/heads/pr/2', base]);
      const one = await addChange(scene.from, 1, { from: 'main', commitsAhead: 3 });
      const two = await addChange(scene.from, 2, { from: 'main~10' });
      const updates = [create(pr, one.oid), move('refs/heads/pr/2', base, two.oid), remove('refs/heads/old', base)];
      await expectLanded(transfer, scene, scene.job(updates));
      expect([...(await scene.refs()).keys()]).toEqual([main, pr, 'refs/heads/pr/2']);
    });

    test('a ref that is not as it was seen is refused, and the others go through', async () => {
      const { scene, transfer } = await open();
      const [seen, other] = await Promise.all([resolve(scene.from, 'main~3'), resolve(scene.from, 'main~5')]);
      for (const name of ['created', 'moved', 'deleted']) await setRef(scene.to, `refs/heads/${name}`, other);
      const { oid } = await addChange(scene.from, 1, { from: 'main' });
      const before = await scene.refs();
      const outcome = await transfer.run(
        scene.job([
          create('refs/heads/created', oid),
          move('refs/heads/moved', seen, oid),
          remove('refs/heads/deleted', seen),
          create(pr, oid),
        ]),
      );
      const results = Object.fromEntries(outcome.results.map((result) => [result.target, result]));
      for (const name of ['created', 'moved', 'deleted']) {
        expect(results[`refs/heads/${name}`]).toMatchObject({ ok: false, reason: expect.stringMatching(/\w{4}/) });
      }
      expect(results[pr]).toEqual({ target: pr, ok: true });
      expect(await scene.refs()).toEqual(new Map([...before, [pr, oid] as const].sort()));
      await expectWhole(scene.to);
    });

    test("a hook's refusal keeps the remote's own words", async () => {
      const { scene, transfer } = await open();
      await addHook(scene.to, 'update', `case $1 in *locked*) echo "ask Ann before touching $1"; exit 1;; esac`);
      const { oid } = await addChange(scene.from, 1, { from: 'main' });
      const outcome = await transfer.run(scene.job([create('refs/heads/locked', oid), create(pr, oid)]));
      expect(outcome.results).toContainEqual({ target: 'refs/heads/locked', ok: false, reason: 'hook declined' });
      expect(outcome.results).toContainEqual({ target: pr, ok: true });
      expect(outcome.messages).toContain('ask Ann before touching refs/heads/locked');
      expect([...(await scene.refs()).keys()]).toEqual([main, pr]);
    });

    test('all or nothing with --atomic', async () => {
      const { scene, transfer } = await open();
      const other = await resolve(scene.from, 'main~5');
      await setRef(scene.to, 'refs/heads/taken', other);
      const { oid } = await addChange(scene.from, 1, { from: 'main' });
      const before = await scene.refs();
      const job = scene.job([create(pr, oid), create('refs/heads/taken', oid)], { atomic: true });
      const outcome = await transfer.run(job);
      expect(outcome.results.map(({ ok }) => ok)).toEqual([false, false]);
      expect(await scene.refs()).toEqual(before);
      await expectLanded(
        transfer,
        scene,
        scene.job([create(pr, oid), move(main, before.get(main) ?? '', oid)], { atomic: true }),
      );
    });

    test('a deletion asks nothing of the source', async () => {
      const { scene, transfer } = await open();
      const tip = await resolve(scene.from, 'main');
      await setRef(scene.to, 'refs/heads/old', tip);
      await expectLanded(transfer, scene, scene.job([remove('refs/heads/old', tip)]));
      expect(scene.server.requests.filter(({ path }) => path.includes('from.git'))).toEqual([]);
    });

    test('changes ahead of the base, behind it, with a merge in them, and back to an old commit', async () => {
      const { scene, transfer } = await open({ to: { hidePullRefs: true } });
      const ahead = await addChange(scene.from, 1, { from: 'main', commitsAhead: 4 });
      const behind = await resolve(scene.from, 'main~20');
      const side = await addChange(scene.from, 2, { from: 'main~15', commitsAhead: 2 });
      const merge = await commit(scene.from, {
        parents: [side.oid, await resolve(scene.from, 'main~1')],
        message: 'merge main into the change',
        files: { merged: 'yes\n' },
        ref: 'refs/pull/3/head',
      });
      await expectLanded(
        transfer,
        scene,
        scene.job([create(pr, ahead.oid), create('refs/heads/pr/2', behind), create('refs/heads/pr/3', merge)]),
      );
      await expectLanded(transfer, scene, scene.job([move('refs/heads/pr/3', merge, side.oid)]));
    });

    test.skipIf(via === 'file')(
      'uploads no more than twice what is missing, although refs/pull is hidden from pushers',
      async () => {
        const { scene, transfer } = await open({ to: { hidePullRefs: true } });
        const { oid } = await addChange(scene.from, 1, { from: 'main~2', commitsAhead: 5 });
        const missing = await missingBytes(scene.from, oid, main);
        await expectLanded(transfer, scene, scene.job([create(pr, oid)]));
        expect(uploaded(scene)).toBeLessThanOrEqual(2 * missing + commandBytes(1));
      },
    );

    test.skipIf(via === 'file')('within one repository nothing that it shows is uploaded', async () => {
      const { scene, transfer } = await open({ from: { hidePullRefs: true } });
      const { oid } = await addChange(scene.from, 1, { from: 'main~2', commitsAhead: 5 });
      const same = scene.endpoint(scene.from);
      const outcome = await transfer.run(scene.job([create(pr, oid)], { to: same, sameRepository: true }));
      expect(outcome).toMatchObject({ results: [{ target: pr, ok: true }], left: [] });
      expect(await resolve(scene.from, pr)).toBe(oid);
      const hidden = subject.uploadsHidden === undefined ? 0 : await missingBytes(scene.from, oid, main);
      expect(uploaded(scene)).toBeLessThanOrEqual(2 * hidden + commandBytes(1));
      await expectWhole(scene.from);
    });

    test('a destination that lags a little behind the source', async () => {
      const { scene, transfer } = await open({ toHas: 'main~8' });
      const { oid } = await addChange(scene.from, 1, { from: 'main', commitsAhead: 2 });
      await expectLanded(transfer, scene, scene.job([create(pr, oid)]));
    });

    test('a destination that lags far behind the source', async () => {
      const { scene, transfer } = await open({ toHas: 'main~50' });
      await bulkHistory(scene.from, {
        commits: 150,
        filesPerCommit: 1,
        branch: 'long',
        parent: await resolve(scene.from, 'main'),
      });
      const tip = await resolve(scene.from, 'long');
      await expectDoneOr(
        'a destination that lags far behind',
        scene,
        transfer,
        scene.job([create('refs/heads/long', tip)]),
      );
    });

    test('a history without any commit in common', async () => {
      const { scene, transfer } = await open();
      const tip = await bulkHistory(scene.from, { commits: 5, filesPerCommit: 1, branch: 'foreign' });
      await expectDoneOr(
        'a change without a common commit',
        scene,
        transfer,
        scene.job([create('refs/heads/foreign', tip)]),
      );
    });

    test('an empty destination', async () => {
      const { scene, transfer } = await open({ toHas: undefined });
      const tip = await resolve(scene.from, 'main');
      await expectDoneOr(
        'an empty destination',
        scene,
        transfer,
        scene.job([create(main, tip), create('refs/tags/v1', tip)]),
      );
    });

    test('annotated tags of old and new commits', async () => {
      const { scene, transfer } = await open();
      const { oid } = await addChange(scene.from, 1, { from: 'main' });
      const updates = [
        create('refs/tags/v1', await tag(scene.from, 'v1', 'main~30')),
        create('refs/tags/v2', await tag(scene.from, 'v2', oid)),
        create('refs/tags/light', oid),
      ];
      await expectLanded(transfer, scene, scene.job(updates));
    });

    test.each([
      ['a tag of a blob or tree', 'main:d0'],
      ['a tag of a blob or tree', 'main:d0/f0.txt'],
      ['a tag of a tag', 'refs/tags/inner'],
    ] as const)('%s (%s)', async (what, object) => {
      const { scene, transfer } = await open();
      await tag(scene.from, 'inner', 'main~3');
      const oid = await tag(scene.from, 'odd', object);
      await expectDoneOr(what, scene, transfer, scene.job([create('refs/tags/odd', oid)]));
    });

    test('SHA-256 repositories', async () => {
      const { scene, transfer } = await open({ from: { objectFormat: 'sha256' } });
      const { oid } = await addChange(scene.from, 1, { from: 'main~2', commitsAhead: 2 });
      await expectLanded(transfer, scene, scene.job([create(pr, oid)]));
    });

    test('a source that ignores filters', async () => {
      const { scene, transfer } = await open({ from: { allowFilter: false } });
      const { oid } = await addChange(scene.from, 1, { from: 'main~2', commitsAhead: 2 });
      await expectLanded(transfer, scene, scene.job([create(pr, oid)]));
    });
  });
}
