import { describe, expect, test } from 'vitest';
import { resolve } from '../../support/git-repo.ts';
import { fixedIdentity } from '../../support/run-git.ts';
import { openReviewing, type WithReviewing } from './reviewing.ts';

const nobody = '1'.repeat(40);

export function describeCommits(traits: WithReviewing): void {
  describe('commits', () => {
    test('author, committer and co-authors', async () => {
      const { fake, commits, app } = await openReviewing(traits);
      const { head } = await fake.state.addChange({
        ...{
          repo: app,
          branch: 'fix',
          commitAuthor: 'ada',
          committer: 'bob',
          coAuthors: ['eve', 'guest@mail.example'],
        },
      });
      const people = (await commits.people(app, head.sha)) ?? [];
      expect(people.map(({ email }) => email)).toEqual([
        ...['ada', 'bob', 'eve']
          .map((login) => `${login}@people.example`)
          .filter((email) => traits.reviewing.committer !== false || email !== 'bob@people.example'),
        'guest@mail.example',
      ]);
      expect(people.find(({ email }) => email === 'ada@people.example')).toMatchObject({
        name: 'ada',
        account: traits.reviewing.linkedAuthors === false ? undefined : { login: 'ada' },
      });
      expect(people.find(({ email }) => email === 'guest@mail.example')?.account).toBeUndefined();
    });

    test('a person who wrote and committed it comes once', async () => {
      const { fake, commits, app } = await openReviewing(traits);
      const { head } = await fake.state.addChange({ repo: app, branch: 'fix', commitAuthor: 'ada' });
      expect((await commits.people(app, head.sha))?.map(({ email }) => email)).toEqual(['ada@people.example']);
    });

    test('somebody without an account has none', async () => {
      const { fake, commits, app } = await openReviewing(traits);
      const { head } = await fake.state.addChange({ repo: app, branch: 'fix' });
      const { name, email } = fixedIdentity;
      expect(await commits.people(app, head.sha)).toEqual([{ account: undefined, name, email }]);
    });

    test('of a commit that the repository does not have', async () => {
      const { commits, app } = await openReviewing(traits);
      expect(await commits.people(app, nobody)).toBeUndefined();
    });

    test('of a repository that does not exist', async () => {
      const { commits, app } = await openReviewing(traits);
      await expect(commits.people(`${app}x`, nobody)).rejects.toMatchObject({ code: 'not-found' });
      await expect(commits.isAncestor(`${app}x`, nobody, '2'.repeat(40))).rejects.toMatchObject({ code: 'not-found' });
    });

    test('which commit can be reached from which', async () => {
      const { fake, commits, app } = await openReviewing(traits);
      const main = await resolve(fake.state.repositories.get(app)?.gitDir ?? '', 'main');
      const { head: first } = await fake.state.addChange({ repo: app, branch: 'a' });
      const { head: other } = await fake.state.addChange({ repo: app, branch: 'b' });
      const { head: second } = await fake.state.pushChange(app, 1);
      const ask = (ancestor: string, descendant: string) => commits.isAncestor(app, ancestor, descendant);
      expect(await ask(first.sha, second.sha)).toBe(true);
      expect(await ask(main, second.sha)).toBe(true);
      expect(await ask(second.sha, second.sha)).toBe(true);
      expect(await ask(second.sha, first.sha)).toBe(false);
      expect(await ask(other.sha, second.sha)).toBe(false);
    });

    test.each([
      ['the ancestor', (sha: string) => [nobody, sha] as const],
      ['the descendant', (sha: string) => [sha, nobody] as const],
      ['both, being one,', () => [nobody, nobody] as const],
    ])('%s does not exist', async (_, pair) => {
      const { fake, commits, app } = await openReviewing(traits);
      const { head } = await fake.state.addChange({ repo: app, branch: 'a' });
      const [ancestor, descendant] = pair(head.sha);
      expect(await commits.isAncestor(app, ancestor, descendant)).toBeUndefined();
    });
  });
}
