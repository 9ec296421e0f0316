import { describe, expect, test } from 'vitest';
import { openReviewing, type WithReviewing } from './reviewing.ts';

export function describeMembers(traits: WithReviewing): void {
  describe('members', () => {
    test.each([
      ['none', false],
      ['read', false],
      ['write', true],
      ['admin', true],
    ] as const)('who has the permission %s may write: %s', async (permission, may) => {
      const { fake, members, app } = await openReviewing(traits);
      fake.state.members.grant(app, 'bob', permission);
      expect(await members.canWrite(app, 'bob')).toBe(may);
    });

    test('logins are compared without regard to case', async () => {
      const { fake, members, app } = await openReviewing(traits);
      fake.state.members.grant(app, 'bob', 'write');
      expect(await members.canWrite(app, traits.reviewing.loginCase === false ? 'bob' : 'Bob')).toBe(true);
    });

    test('nobody of that name may', async () => {
      const { members, app } = await openReviewing(traits);
      expect(await members.canWrite(app, 'nobody')).toBe(false);
    });

    test('a credential that may not ask is an error', async () => {
      const { fake, members, app } = await openReviewing(traits);
      await fake.state.addRepository(`${app}2`, { maySeeMembers: false });
      await expect(members.canWrite(`${app}2`, 'bob')).rejects.toMatchObject({ code: 'denied' });
    });

    test('a repository that does not exist is an error', async () => {
      const { members, app } = await openReviewing(traits);
      await expect(members.canWrite(`${app}x`, 'bob')).rejects.toMatchObject({ code: 'not-found' });
    });

    const { team } = traits.reviewing;

    test.runIf(team !== undefined)('the members of a team, all pages', async () => {
      const { fake, members } = await openReviewing(traits);
      const name = team?.('reviewers') ?? '';
      for (const other of ['a', 'b', 'c']) fake.state.members.addTeam(team?.(other) ?? '', ['eve']);
      for (const login of ['p1', 'p2', 'p3']) fake.state.addAccount(login);
      fake.state.members.addTeam(name, ['ada', 'bob', 'p1', 'p2', 'p3']);
      expect((await members.team?.(name))?.toSorted()).toEqual(['ada', 'bob', 'p1', 'p2', 'p3']);
    });

    test.runIf(team !== undefined)('a team that does not exist', async () => {
      const { members } = await openReviewing(traits);
      expect(await members.team?.(team?.('nobodies') ?? '')).toBeUndefined();
    });

    test.runIf(team === undefined)('there are no teams', async () => {
      const { members } = await openReviewing(traits);
      expect(members.team).toBeUndefined();
    });
  });
}
