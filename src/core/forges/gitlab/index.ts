import { createApiClient } from '../../http/api-client.ts';
import { baseUrls } from '../base-urls.ts';
import type { ForgeModule } from '../definition.ts';
import { changesRole, repositoriesRole } from './api.ts';
import { authenticateWith, gitCredentialOf } from './auth.ts';
import { hooksRole } from './hooks.ts';
import { statusesRole } from './statuses.ts';
import { apiUrlOf, cloneUrl, repoOf } from './urls.ts';
import { webhooks } from './webhooks.ts';

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
      webhooks,
      hooks: hooksRole(client),
    };
  },
};
