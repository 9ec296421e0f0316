import type { ApiClient } from '../../http/client.ts';
import { sameLogin } from '../../model/account.ts';
import { answered } from '../answered.ts';
import type { CallOptions } from '../call-options.ts';
import type { MembersRole } from '../review-roles.ts';
import { notFound, readAllOf } from './listing.ts';
import { projectPath } from './urls.ts';
import { type Member, memberSchema, membersSchema, usersSchema } from './wire-reviews.ts';

// https://docs.gitlab.com/api/access_requests/#valid-access-levels
const developer = 30;

/** https://docs.gitlab.com/api/project_members/ */
export function membersRole(client: ApiClient): MembersRole {
  return {
    async canWrite(repo, login, options = {}) {
      const id = await findUser(client, login, options);
      if (id === undefined) return false;
      const purpose = `find the role of ${login} in ${repo}`;
      const answer = await client.send({
        // With those who have it from a group.
        path: `${projectPath(repo)}/members/all/${id}`,
        decode: (value) => memberSchema.parse(value),
        accept: [404],
        purpose,
        ...options,
      });
      if (answer.status !== 404) {
        const member = answered(answer, purpose);
        return member.access_level >= developer && isActive(member);
      }
      // "404 Not found" of who is no member; other things that are not there are named.
      if (/^404 not found$/i.test(answer.refusal ?? '')) return false;
      throw notFound(purpose, answer);
    },

    /** Only its own members: who has a role in it from a group above it was not put into this one. */
    async team(team, options = {}) {
      const members = await readAllOf(client, 'Group', {
        path: `/groups/${encodeURIComponent(team)}/members`,
        decode: (value) => membersSchema.parse(value),
        purpose: `list the members of the group ${team}`,
        ...options,
      });
      return members?.filter(isActive).map(({ username }) => username);
    },
  };
}

function isActive({ state, membership_state }: Member): boolean {
  return state === 'active' && (membership_state ?? 'active') === 'active';
}

async function findUser(client: ApiClient, login: string, options: CallOptions): Promise<number | undefined> {
  const purpose = `find the user ${login}`;
  const answer = await client.send({
    path: '/users',
    query: { username: login },
    decode: (value) => usersSchema.parse(value),
    purpose,
    ...options,
  });
  return answered(answer, purpose).find(({ username }) => sameLogin(username, login))?.id;
}
