import { SluiceError } from '../../errors.ts';
import { answered } from '../answered.ts';
import { ownerAndName } from '../repo-path.ts';
import type { MembersRole } from '../review-roles.ts';
import type { ClientFor } from './api.ts';
import { hundred, readAll } from './listing.ts';
import { repositoryPath } from './urls.ts';
import { permissionSchema, usersSchema } from './wire-reviews.ts';

/** https://docs.github.com/en/rest/collaborators/collaborators and https://docs.github.com/en/rest/teams/members */
export function membersRole(clientFor: ClientFor): MembersRole {
  return {
    async canWrite(repo, login, options = {}) {
      const purpose = `find the permission of ${login} in ${repo}`;
      const answer = await clientFor(repo).send({
        path: `${repositoryPath(repo)}/collaborators/${encodeURIComponent(login)}/permission`,
        decode: (value) => permissionSchema.parse(value).permission,
        accept: [404],
        purpose,
        ...options,
      });
      if (answer.status === 404) {
        // "ada is not a user"; of a repository that may not be seen it says "Not Found".
        if (/is not a user/i.test(answer.refusal ?? '')) return false;
        throw new SluiceError('not-found', `could not ${purpose}: the forge answered 404 (${answer.refusal ?? ''})`, {
          hint: 'Check the spelling; forges also say this of what the credential may not see.',
        });
      }
      // Its words for custom roles are in `role_name`; this one is of the five fixed ones, with `maintain` as `write`.
      const permission = answered(answer, purpose);
      return permission === 'admin' || permission === 'write' || permission === 'maintain';
    },

    async team(team, options = {}) {
      const { owner, name } = ownerAndName(team, 'organization/team');
      const client = clientFor(team);
      const purpose = `list the members of the team ${team}`;
      const path = `/orgs/${encodeURIComponent(owner)}/teams/${encodeURIComponent(name)}/members`;
      const request = { path, decode: (value: unknown) => usersSchema.parse(value), purpose, ...options };
      const first = await client.send({ ...hundred(request), accept: [404] });
      if (first.status === 404) return undefined;
      const members = first.headers.link === undefined ? answered(first, purpose) : await readAll(client, request);
      return members.map(({ login }) => login);
    },
  };
}
