import { SluiceError } from '../../errors.ts';
import type { ApiClient } from '../../http/client.ts';
import { answered } from '../answered.ts';
import type { CallOptions } from '../call-options.ts';
import { ownerAndName } from '../repo-path.ts';
import type { MembersRole } from '../review-roles.ts';
import { samePath } from '../same-path.ts';
import { findAll, readAll } from './listing.ts';
import { repositoryPath } from './urls.ts';
import { type GiteaTeam, permissionSchema, teamsSchema, usersSchema } from './wire-reviews.ts';

export function membersRole(client: ApiClient): MembersRole {
  return {
    async canWrite(repo, login, options = {}) {
      const purpose = `find the permission of ${login} in ${repo}`;
      const answer = await client.send({
        path: `${repositoryPath(repo)}/collaborators/${encodeURIComponent(login)}/permission`,
        decode: (value) => permissionSchema.parse(value).permission,
        accept: [404],
        purpose,
        ...options,
      });
      if (answer.status === 404) {
        // "user does not exist [uid: 0, name: ada]"; of a repository that may not be seen it says nothing of a user.
        if (/user does not exist/i.test(answer.refusal ?? '')) return false;
        throw new SluiceError('not-found', `could not ${purpose}: the forge answered 404 (${answer.refusal ?? ''})`, {
          hint: 'Check the spelling; forges also say this of what the credential may not see.',
        });
      }
      return ['write', 'admin', 'owner'].includes(answered(answer, purpose));
    },

    async team(team, options = {}) {
      const { owner, name } = ownerAndName(team, 'organization/team');
      const teams = await listTeams(client, owner, options);
      const found = teams.find((one) => samePath(one.name, name));
      if (found === undefined) return undefined;
      const members = await readAll(client, {
        path: `/teams/${found.id}/members`,
        decode: (value) => usersSchema.parse(value),
        purpose: `list the members of the team ${team}`,
        ...options,
      });
      return members.map(({ login }) => login);
    },
  };
}

/** A team is asked for by its number; no organization has no teams. */
async function listTeams(client: ApiClient, owner: string, options: CallOptions): Promise<readonly GiteaTeam[]> {
  const teams = await findAll(client, {
    path: `/orgs/${encodeURIComponent(owner)}/teams`,
    decode: (value) => teamsSchema.parse(value),
    purpose: `list the teams of ${owner}`,
    ...options,
  });
  return teams ?? [];
}
