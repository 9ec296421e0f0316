import { describe, expect, test } from 'vitest';
import type { Check } from '../../../src/core/model/check.ts';
import type { FakeCheck } from '../../support/fake-forge/check-board.ts';
import { resolve } from '../../support/git-repo.ts';
import { openReviewing, type WithReviewing } from './reviewing.ts';

const page = 'https://ci.example.org/runs/7';

export function describeChecks(traits: WithReviewing): void {
  const { apps, checkStates } = traits.reviewing;

  async function withCommit() {
    const opened = await openReviewing(traits);
    const { fake, app, checks } = opened;
    const sha = await resolve(fake.state.repositories.get(app)?.gitDir ?? '', 'main');
    const list = async () => (await checks.list(app, sha)).toSorted((a, b) => (key(a) < key(b) ? -1 : 1));
    return {
      ...opened,
      sha,
      list,
      add: (check: Parameters<typeof fake.state.checks.add>[2]) => fake.state.checks.add(app, sha, check),
    };
  }

  const key = ({ name, app }: Check) => `${name} ${app ?? ''}`;
  const short = (all: readonly Check[]) => all.map(({ name, state }) => [name, state]);

  describe('checks', () => {
    test('none has reported', async () => {
      const { list } = await withCommit();
      expect(await list()).toEqual([]);
    });

    test.each(Object.entries(checkStates) as [FakeCheck['state'], string][])('%s', async (state, expected) => {
      const { list, add } = await withCommit();
      add({ name: 'ci/test', state, app: 'ci-app', url: page });
      expect(short(await list())).toEqual([['ci/test', expected]]);
    });

    test('everything that is known of one', async () => {
      const { app, sha, list, add } = await withCommit();
      add({ name: 'ci/test', state: 'success', app: 'ci-app', url: page });
      const expected = { name: 'ci/test', app: apps ? 'ci-app' : undefined, repo: app, sha, state: 'success' };
      expect(await list()).toMatchObject([expected]);
    });

    test('of many names, all pages', async () => {
      const { list, add } = await withCommit();
      const names = ['a', 'b', 'c', 'd', 'e'];
      for (const name of names) add({ name, state: 'success', app: 'ci-app' });
      for (const name of names) add({ name: `status/${name}`, state: 'success' });
      expect(short(await list())).toEqual(
        [...names, ...names.map((name) => `status/${name}`)].map((n) => [n, 'success']),
      );
    });

    test('the latest of one name counts, whatever it says', async () => {
      const { list, add } = await withCommit();
      for (const state of ['success', 'failure', 'success', 'failure'] as const) add({ name: 'ci', state, app: 'x' });
      for (const state of ['failure', 'pending', 'failure', 'success'] as const) add({ name: 'status', state });
      expect(short(await list())).toEqual([
        ['ci', 'failure'],
        ['status', 'success'],
      ]);
    });

    test('what sluice itself has reported is one, too', async () => {
      const { statuses, app, sha, list } = await withCommit();
      await statuses.set(app, { sha, state: 'success', context: 'sluice/test', description: '' });
      expect(short(await list())).toEqual([['sluice/test', 'success']]);
    });

    test('those of another commit and of another repository do not count', async () => {
      const { fake, app, fork, checks, add } = await withCommit();
      const { head } = await fake.state.addChange({ repo: app, from: fork, branch: 'fix' });
      add({ name: 'main', state: 'success', app: 'x' });
      fake.state.checks.add(fork, head.sha, { name: 'fork', state: 'success', app: 'x' });
      fake.state.checks.add(app, head.sha, { name: 'app', state: 'failure', app: 'x' });
      expect(await checks.list(app, head.sha)).toMatchObject([
        { name: 'app', state: 'failure', repo: app, sha: head.sha },
      ]);
    });

    test('a commit that does not exist has none', async () => {
      const { checks, app } = await openReviewing(traits);
      expect(await checks.list(app, '1'.repeat(40))).toEqual([]);
    });

    test('of a repository that does not exist', async () => {
      const { checks, app, sha } = await withCommit();
      await expect(checks.list(`${app}x`, sha)).rejects.toMatchObject({ code: 'not-found' });
    });

    test.runIf(apps)('an app speaks for itself only', async () => {
      const { list, add } = await withCommit();
      add({ name: 'gate', state: 'success', app: 'compliance' });
      add({ name: 'gate', state: 'failure', app: 'other' });
      add({ name: 'gate', state: 'failure', by: 'eve' });
      expect((await list()).map(({ app: by, state }) => [by, state])).toEqual([
        [undefined, 'failure'],
        ['compliance', 'success'],
        ['other', 'failure'],
      ]);
    });

    test.runIf(apps)('a status is an app’s only if its machine account has set it', async () => {
      const { fake, list, add } = await withCommit();
      fake.state.addAccount('compliance[bot]', { kind: 'bot' });
      fake.state.addAccount('evil[bot]');
      add({ name: 'a', state: 'success', by: 'compliance[bot]' });
      add({ name: 'b', state: 'success', by: 'evil[bot]' });
      add({ name: 'c', state: 'success', by: 'compliance[bot]' });
      add({ name: 'c', state: 'success', by: 'eve' });
      expect((await list()).map(({ name, app: by }) => [name, by])).toEqual([
        ['a', 'compliance'],
        ['b', undefined],
        ['c', undefined],
      ]);
    });
  });
}
