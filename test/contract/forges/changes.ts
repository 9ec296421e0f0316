import { describe, expect, test } from 'vitest';
import type { Change } from '../../../src/core/model/change.ts';
import { resolve } from '../../support/git-repo.ts';
import { type ForgeTraits, type Opened, open } from './traits.ts';

export function describeChanges(traits: ForgeTraits): void {
  const { fullHeadSha = true, fullBaseSha = true, headOutlivesFork = true } = traits;

  describe('change requests', () => {
    test('the open ones of all pages, ascending, without those that are closed or merged', async () => {
      const { fake, changes, app, fork } = await open(traits);
      const states = ['open', 'open', 'closed', 'open', 'merged', 'open', 'open'] as const;
      for (const [at, state] of states.entries()) {
        await fake.state.addChange({ repo: app, from: at % 2 === 0 ? app : fork, branch: `b${at}`, state });
      }
      const listed = await changes.listOpen(app);
      expect(listed.map(({ number, state }) => [number, state])).toEqual([1, 2, 4, 6, 7].map((n) => [n, 'open']));
    });

    test('none', async () => {
      const { changes, app } = await open(traits);
      expect(await changes.listOpen(app)).toEqual([]);
    });

    test('everything that is known of one, listed or found', async () => {
      const { fake, changes, app, fork } = await open(traits);
      const title = 'Fix <b>"it"</b> & ünï\u2028code';
      const branch = 'fix/ünï-#1&x=%2F';
      const made = await fake.state.addChange({ repo: app, from: fork, branch, title, author: 'stranger' });
      const expected = {
        number: 1,
        title,
        state: 'open',
        draft: false,
        author: 'stranger',
        url: expect.stringMatching(new RegExp(`^${fake.webUrl}/.*1`)),
        head: { repo: fork, branch, sha: fullHeadSha ? made.head.sha : undefined },
        base: { repo: app, branch: 'main', sha: fullBaseSha ? made.base.sha : undefined },
        internal: false,
      };
      expect(await changes.listOpen(app)).toEqual([expected]);
      expect(await changes.find(app, 1)).toEqual(expected);
    });

    test('those of the same repository are internal', async () => {
      const { fake, changes, app, fork } = await open(traits);
      await fake.state.addChange({ repo: app, branch: 'same' });
      await fake.state.addChange({ repo: app, from: fork, branch: 'same' });
      const listed = await changes.listOpen(app);
      expect(listed.map(({ internal, head }) => [internal, head.repo])).toEqual([
        [true, app],
        [false, fork],
      ]);
    });

    test.skipIf(traits.drafts === false)('drafts are open, and marked', async () => {
      const { fake, changes, app } = await open(traits);
      await fake.state.addChange({ repo: app, branch: 'a', draft: true });
      await fake.state.addChange({ repo: app, branch: 'b' });
      expect((await changes.listOpen(app)).map(({ draft }) => draft)).toEqual([true, false]);
    });

    test.each(['closed', 'merged'] as const)('one that is %s is found and says so', async (state) => {
      const { fake, changes, app } = await open(traits);
      await fake.state.addChange({ repo: app, branch: 'a', state });
      expect(await changes.find(app, 1)).toMatchObject({ number: 1, state });
    });

    test('one that does not exist is undefined', async () => {
      const { changes, app } = await open(traits);
      expect(await changes.find(app, 99)).toBeUndefined();
    });

    test('those of a repository that does not exist are an error', async () => {
      const { changes, app } = await open(traits);
      await expect(changes.listOpen(`${app}x`)).rejects.toMatchObject({ code: 'not-found' });
    });

    test.each(['internal', 'fork'])('the head of an %s one is where it is said to be', async (kind) => {
      const opened = await open(traits);
      const { fake, changes, app, fork } = opened;
      const made = await fake.state.addChange({ repo: app, from: kind === 'fork' ? fork : app, branch: 'fix/x' });
      const [change] = await changes.listOpen(app);
      expect(await headCommit(opened, change)).toBe(made.head.sha);
    });

    test('a deleted fork leaves the change without a head repository', async () => {
      const opened = await open(traits);
      const { fake, changes, app, fork } = opened;
      const made = await fake.state.addChange({ repo: app, from: fork, branch: 'fix/x' });
      await fake.state.deleteRepository(fork);
      const [listed] = await changes.listOpen(app);
      const found = await changes.find(app, 1);
      for (const change of [listed, found]) {
        expect(change).toMatchObject({ number: 1, state: 'open', internal: false, head: { repo: undefined } });
        expect(await headCommit(opened, change)).toBe(headOutlivesFork ? made.head.sha : undefined);
      }
    });
  });
}

/** The commit that git finds at the head's location, in the real repository behind the fake. */
async function headCommit({ fake, changes, app }: Opened, change: Change | undefined): Promise<string | undefined> {
  const location = change && changes.headLocation(app, change);
  if (location === undefined) return undefined;
  const repository = fake.state.repositories.get(location.repo);
  if (repository === undefined) throw new Error(`the head is said to be in ${location.repo}, which does not exist`);
  return resolve(repository.gitDir, location.ref);
}
