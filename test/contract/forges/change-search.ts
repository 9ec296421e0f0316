import { describe, expect, test } from 'vitest';
import { resolve } from '../../support/git-repo.ts';
import { openReviewing, type WithReviewing } from './reviewing.ts';

export function describeChangeSearch(traits: WithReviewing): void {
  const { containing, labels, searchHeads } = traits.reviewing;

  describe('searching change requests', () => {
    test('by branch: of every state, all pages, the open ones first and then the newest', async () => {
      const { fake, changeSearch, app } = await openReviewing(traits);
      const states = ['closed', 'open', 'merged', 'open', 'closed', 'merged'] as const;
      for (const state of states) await fake.state.addChange({ repo: app, branch: 'fix/x', state });
      await fake.state.addChange({ repo: app, branch: 'fix/xy' });
      await fake.state.addChange({ repo: app, branch: 'x' });
      const found = await changeSearch.search(app, { kind: 'branch', branch: 'fix/x' });
      expect(found.map(({ number }) => number)).toEqual([4, 2, 6, 5, 3, 1]);
      expect(found.map(({ state }) => state)).toEqual(['open', 'open', 'merged', 'closed', 'merged', 'closed']);
    });

    test('by branch: everything that is known of an open one', async () => {
      const { fake, changeSearch, app } = await openReviewing(traits);
      const branch = 'fix/ünï-#1&x=%2F';
      const made = await fake.state.addChange({ repo: app, branch, author: 'ada' });
      const [found] = await changeSearch.search(app, { kind: 'branch', branch });
      expect(found).toMatchObject({
        ...{ number: 1, title: made.title, state: 'open', draft: false, author: 'ada', internal: true },
        head: { repo: app, branch, sha: made.head.sha },
        base: { repo: app, branch: 'main' },
      });
    });

    test('by branch: a branch of that name in a fork is another one', async () => {
      const { fake, changeSearch, app, fork } = await openReviewing(traits);
      await fake.state.addChange({ repo: app, branch: 'fix' });
      await fake.state.addChange({ repo: app, from: fork, branch: 'fix' });
      const search = async (headRepo?: string) =>
        (await changeSearch.search(app, { kind: 'branch', branch: 'fix', headRepo })).map(({ number }) => number);
      expect(await search()).toEqual([1]);
      expect(await search(app)).toEqual([1]);
      expect(await search(fork)).toEqual([2]);
    });

    test('by branch: two change requests from one branch are both found', async () => {
      const { fake, changeSearch, app, fork } = await openReviewing(traits);
      for (const repo of [app, app, fork]) await fake.state.addChange({ repo, branch: 'fix' });
      const found = await changeSearch.search(app, { kind: 'branch', branch: 'fix' });
      expect(found.map(({ number }) => number)).toEqual([2, 1]);
    });

    test('by branch: a deleted fork has none', async () => {
      const { fake, changeSearch, app, fork } = await openReviewing(traits);
      await fake.state.addChange({ repo: app, from: fork, branch: 'fix' });
      await fake.state.deleteRepository(fork);
      expect(await changeSearch.search(app, { kind: 'branch', branch: 'fix' })).toEqual([]);
    });

    test('by commit: those whose head it is', async () => {
      const { fake, changeSearch, app } = await openReviewing(traits);
      await fake.state.addChange({ repo: app, branch: 'a' });
      const { head } = await fake.state.addChange({ repo: app, branch: 'b' });
      await fake.state.addChange({ repo: app, branch: 'c' });
      const found = await changeSearch.search(app, { kind: 'commit', sha: head.sha });
      expect(found.map(({ number, head: { sha } }) => [number, sha])).toEqual([[2, head.sha]]);
    });

    test.runIf(containing)('by commit: those that contain it', async () => {
      const { fake, changeSearch, app } = await openReviewing(traits);
      const { head } = await fake.state.addChange({ repo: app, branch: 'a' });
      const pushed = await fake.state.pushChange(app, 1);
      const found = await changeSearch.search(app, { kind: 'commit', sha: head.sha });
      expect(found.map(({ number, head: { sha } }) => [number, sha])).toEqual([[1, pushed.head.sha]]);
    });

    test('by commit: none that is on the base alone, and none of a commit that does not exist', async () => {
      const { fake, changeSearch, app } = await openReviewing(traits);
      await fake.state.addChange({ repo: app, branch: 'a' });
      const main = await resolve(fake.state.repositories.get(app)?.gitDir ?? '', 'main');
      for (const sha of [main, '1'.repeat(40)]) {
        expect(await changeSearch.search(app, { kind: 'commit', sha })).toEqual([]);
      }
    });

    test.runIf(labels)('by label: of every state, all pages', async () => {
      const { fake, changeSearch, app } = await openReviewing(traits);
      const states = ['closed', 'open', 'merged', 'open'] as const;
      for (const [at, state] of states.entries()) {
        await fake.state.addChange({ repo: app, branch: `b${at}`, state });
        fake.state.about(app, at + 1).label('ada', 'out/main-1.2 ü');
      }
      await fake.state.addChange({ repo: app, branch: 'other' });
      fake.state.about(app, 5).label('ada', 'out');
      await fake.state.addChange({ repo: app, branch: 'none' });
      const found = await changeSearch.search(app, { kind: 'label', label: 'out/main-1.2 ü' });
      expect(found.map(({ number, head }) => [number, head.repo])).toEqual([4, 2, 3, 1].map((n) => [n, app]));
      expect(found.slice(0, 2).map(({ head }) => head.branch)).toEqual(['b3', 'b1']);
    });

    test.runIf(labels)('by label: a label that nothing has finds nothing', async () => {
      const { fake, changeSearch, app } = await openReviewing(traits);
      await fake.state.addChange({ repo: app, branch: 'a' });
      expect(await changeSearch.search(app, { kind: 'label', label: 'out' })).toEqual([]);
    });

    test.runIf(!labels)('by label: refused where there are none', async () => {
      const { changeSearch, app } = await openReviewing(traits);
      const search = changeSearch.search(app, { kind: 'label', label: 'out' });
      await expect(search).rejects.toMatchObject({ code: 'usage', message: expect.stringContaining('label') });
    });

    test.runIf(searchHeads === 'open')('the head of one that has ended may be unknown beside an open one', async () => {
      const { fake, changeSearch, app } = await openReviewing(traits);
      const { head } = await fake.state.addChange({ repo: app, branch: 'a', state: 'merged' });
      const search = () => changeSearch.search(app, { kind: 'branch', branch: 'a' });
      expect(await search()).toMatchObject([{ number: 1, head: { sha: head.sha } }]);
      const open = await fake.state.addChange({ repo: app, branch: 'a' });
      expect(await search()).toMatchObject([
        { number: 2, head: { sha: open.head.sha } },
        { number: 1, head: { sha: undefined } },
      ]);
    });

    test('in a repository that does not exist', async () => {
      const { changeSearch, app } = await openReviewing(traits);
      const search = changeSearch.search(`${app}x`, { kind: 'branch', branch: 'a' });
      await expect(search).rejects.toMatchObject({ code: 'not-found' });
    });
  });
}
