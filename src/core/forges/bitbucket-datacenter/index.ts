import { createApiClient } from '../../http/api-client.ts';
import { baseUrls } from '../base-urls.ts';
import type { ForgeModule } from '../registry.ts';
import { changesRole, repositoriesRole } from './api.ts';
import { authenticateWith, gitCredentialOf } from './auth.ts';
import { apiUrlOf, cloneUrl, repoOf } from './urls.ts';

/** Bitbucket Data Center (formerly Server and Stash). */
export const bitbucketDatacenter: ForgeModule = {
  create(options, http) {
    const { webUrl, apiUrl } = baseUrls(options, apiUrlOf);
    const client = createApiClient({ ...http, baseUrl: apiUrl, authenticate: authenticateWith(options) });
    return {
      type: 'bitbucket-datacenter',
      alias: options.alias,
      webUrl,
      apiUrl,
      words: { change: 'pull request', sigil: '#' },
      cloneUrl: (repo) => cloneUrl(webUrl, repo),
      repoOf: (gitUrl) => repoOf(webUrl, gitUrl),
      gitCredential: async () => gitCredentialOf(options),
      changes: changesRole(client, webUrl),
      repositories: repositoriesRole(client),
    };
  },
};
