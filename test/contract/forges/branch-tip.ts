import { describe, expect, test } from 'vitest';
import { commit, resolve, setRef } from '../../support/git-repo.ts';
import { type OpenedReviewing, openReviewing, type WithReviewing } from './reviewing.ts';

interface Opened extends OpenedReviewing {
  readonly gitDir: string;
  readonly main: string;
  /** A commit that no branch has. */
  readonly evil: string;
}

async function openTips(traits: WithReviewing): Promise<Opened> {
  const opened = await openReviewing(traits);
  const gitDir = opened.fake.state.repositories.get(opened.app)?.gitDir ?? '';
  const main = await resolve(gitDir, 'refs/heads/main');
  return { ...opened, gitDir, main, evil: await commit(gitDir, { parent: main, message: 'evil' }) };
}

export function describeBranchTip(traits: WithReviewing): void {
  describe('the tip of a branch', () => {
    test('is the commit that it is at now', async () => {
      const { fake, commits, app, main } = await openTips(traits);
      expect(await commits.tip(app, 'main')).toBe(main);
      const moved = await fake.state.pushBase(app, { 'a.txt': 'a' });
      expect(await commits.tip(app, 'main')).toBe(moved);
    });

    test('is never that of a tag, nor of a branch with a longer name', async () => {
      const { commits, app, gitDir, main, evil } = await openTips(traits);
      for (const name of ['main', 'heads/main', 'refs/heads/main', 'gone', 'heads/gone', 'refs/heads/gone']) {
        await setRef(gitDir, `refs/tags/${name}`, evil);
      }
      for (const name of ['heads/main', 'refs/heads/main', 'mainx', 'a-main', 'main-/x', 'Main', 'refs/heads/gone']) {
        await setRef(gitDir, `refs/heads/${name}`, evil);
      }
      expect(await commits.tip(app, 'main')).toBe(main);
      expect(await commits.tip(app, 'gone')).toBeUndefined();
      expect(await commits.tip(app, 'refs/heads/main')).toBe(evil);
      // A part of the names of others.
      expect(await commits.tip(app, 'mai')).toBeUndefined();
    });

    test.each([
      'a/b',
      'a#b',
      'a%2Fb',
      '%2e%2e/x',
      'ä+b&c=d',
      'a;b',
      'a\'b"c',
      '$(x)`y`',
      'a%3Fb',
      'heads/main',
      'refs/heads/main',
    ])('of one that is called %s', async (branch) => {
      const { commits, app, gitDir, evil } = await openTips(traits);
      expect(await commits.tip(app, branch)).toBeUndefined();
      await setRef(gitDir, `refs/heads/${branch}`, evil);
      expect(await commits.tip(app, branch)).toBe(evil);
    });

    test('is none of an answer that is about another one', async () => {
      const { fake, commits, app, gitDir, evil } = await openTips(traits);
      await setRef(gitDir, 'refs/heads/other', evil);
      expect(await commits.tip(app, 'other')).toBe(evil);
      const body = fake.requests.at(-1)?.answer?.body;
      fake.fail({ path: /\/git\/ref\/|\/branches\b/, fault: { kind: 'answer', status: 200, body } });
      const told = await commits.tip(app, 'main').catch(({ code }) => code);
      // A list of branches just does not have it.
      expect([undefined, 'unavailable']).toContain(told);
    });

    test('of a repository that does not exist', async () => {
      const { commits, app } = await openTips(traits);
      await expect(commits.tip(`${app}x`, 'main')).rejects.toMatchObject({ code: 'not-found' });
    });
  });
}
