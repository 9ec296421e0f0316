import type { ApiClient } from '../../http/client.ts';
import { sameLogin } from '../../model/account.ts';
import type { MembersRole } from '../review-roles.ts';
import { loginOf, uuidOf } from './account.ts';
import { readAll } from './listing.ts';
import { permissionsPath, quoted } from './urls.ts';
import { permissionPageSchema } from './wire-reviews.ts';

/**
 * Effective permissions, groups included (https://developer.atlassian.com/cloud/bitbucket/rest/api-group-workspaces/), which only
 * administrators of the repository may see. The API tells nobody who is in a group, so there are no teams.
 */
export function membersRole(client: ApiClient): MembersRole {
  return {
    async canWrite(repo, login, options = {}) {
      const permissions = await readAll(client, {
        path: permissionsPath(repo),
        query: { q: `user.uuid = ${quoted(uuidOf(login))}` },
        decode: (value) => permissionPageSchema.parse(value),
        purpose: `find the permission of ${login} in ${repo}`,
        ...options,
      });
      return permissions.some(
        ({ user, permission }) => sameLogin(loginOf(user) ?? '', login) && /^(?:write|admin)$/.test(permission),
      );
    },
  };
}
