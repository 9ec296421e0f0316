import type { ApiClient } from '../../http/client.ts';
import { sameLogin } from '../../model/account.ts';
import type { MembersRole } from '../review-roles.ts';
import { assureRepository, readAll, readAllOrNothing } from './listing.ts';
import { projectAndSlug } from './urls.ts';
import { userPageSchema } from './wire-reviews.ts';

/** https://developer.atlassian.com/server/bitbucket/rest/, "System Maintenance" and "Permission Management" */
export function membersRole(client: ApiClient): MembersRole {
  return {
    /** The listing of users can be asked for who has a permission, from whatever it comes: a grant, a group, the project. */
    async canWrite(repo, login, options = {}) {
      const { project, slug } = projectAndSlug(repo);
      const [users] = await Promise.all([
        readAll(client, {
          path: '/users',
          query: {
            filter: login,
            'permission.1': 'REPO_WRITE',
            'permission.1.projectKey': project,
            'permission.1.repositorySlug': slug,
          },
          decode: (value) => userPageSchema.parse(value),
          purpose: `find the permission of ${login} in ${repo}`,
          ...options,
        }),
        assureRepository(client, repo, options),
      ]);
      return users.some(({ name, active }) => sameLogin(name, login) && active !== false);
    },

    /** A group of the server, by its name. */
    async team(team, options = {}) {
      const members = await readAllOrNothing(client, {
        path: '/admin/groups/more-members',
        query: { context: team },
        decode: (value) => userPageSchema.parse(value),
        purpose: `list the members of the group ${team}`,
        ...options,
      });
      return members?.filter(({ active }) => active !== false).map(({ name }) => name);
    },
  };
}
