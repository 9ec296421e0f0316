import { createApiClient } from '../../http/api-client.ts';
import { baseUrls } from '../base-urls.ts';
import type { ForgeModule } from '../definition.ts';
import { needingToRead } from '../reading-right.ts';
import { changesRole, repositoriesRole } from './api.ts';
import { authenticateWith, gitCredentialOf } from './auth.ts';
import { changeSearchRole } from './change-search.ts';
import { checksRole } from './checks.ts';
import { codeOwnersRole } from './code-owners.ts';
import { commitsRole } from './commits.ts';
import { discussionRole } from './discussion.ts';
import { hooksRole } from './hooks.ts';
import { membersRole } from './members.ts';
import { reviewsRole } from './reviews.ts';
import { statusesRole } from './statuses.ts';
import { apiUrlOf, cloneUrl, repoOf } from './urls.ts';
import { webhooks } from './webhooks.ts';

const readable = needingToRead('the scope read_api and the role Reporter');

/** GitLab: gitlab.com and self-managed, also under a path prefix. */
export const gitlab: ForgeModule = {
  create(options, http) {
    const { webUrl, apiUrl } = baseUrls(options, apiUrlOf);
    const client = createApiClient({ ...http, baseUrl: apiUrl, authenticate: authenticateWith(options.token) });
    return {
      type: 'gitlab',
      alias: options.alias,
      webUrl,
      apiUrl,
      words: { change: 'merge request', sigil: '!' },
      cloneUrl: (repo) => cloneUrl(webUrl, repo),
      repoOf: (gitUrl) => repoOf(webUrl, gitUrl),
      gitCredential: async () => gitCredentialOf(options.token),
      changes: changesRole(client),
      repositories: repositoriesRole(client),
      statuses: statusesRole(client),
      changeSearch: readable(changeSearchRole(client)),
      reviews: readable(reviewsRole(client)),
      checks: readable(checksRole(client)),
      commits: readable(commitsRole(client)),
      members: membersRole(client),
      discussion: discussionRole(client),
      codeOwners: readable(codeOwnersRole(client)),
      webhooks,
      hooks: hooksRole(client),
    };
  },
};
