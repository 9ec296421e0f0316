import { createApiClient } from '../../http/api-client.ts';
import { baseUrls } from '../base-urls.ts';
import type { ForgeModule } from '../definition.ts';
import { needingToRead } from '../reading-right.ts';
import { changesRole, repositoriesRole } from './api.ts';
import { authenticateWith, gitCredentialOf } from './auth.ts';
import { changeSearchRole } from './change-search.ts';
import { checksRole } from './checks.ts';
import { commitsRole } from './commits.ts';
import { discussionRole } from './discussion.ts';
import { hooksRole } from './hooks.ts';
import { membersRole } from './members.ts';
import { reviewsRole } from './reviews.ts';
import { statusesRole } from './statuses.ts';
import { apiUrlOf, cloneUrl, repoOf } from './urls.ts';
import { webhooks } from './webhooks.ts';

const readable = needingToRead(
  'the permissions "repository" and "pullrequest" (API tokens: read:repository:bitbucket, read:pullrequest:bitbucket)',
);

/** Bitbucket Cloud. */
export const bitbucket: ForgeModule = {
  create(options, http) {
    const { webUrl, apiUrl } = baseUrls(options, apiUrlOf);
    const client = createApiClient({ ...http, baseUrl: apiUrl, authenticate: authenticateWith(options) });
    return {
      type: 'bitbucket',
      alias: options.alias,
      webUrl,
      apiUrl,
      words: { change: 'pull request', sigil: '#' },
      cloneUrl: (repo) => cloneUrl(webUrl, repo),
      repoOf: (gitUrl) => repoOf(webUrl, gitUrl),
      gitCredential: async () => gitCredentialOf(options),
      changes: changesRole(client),
      repositories: repositoriesRole(client),
      statuses: statusesRole(client, webUrl),
      changeSearch: readable(changeSearchRole(client)),
      reviews: readable(reviewsRole(client)),
      checks: readable(checksRole(client)),
      commits: readable(commitsRole(client)),
      members: membersRole(client),
      discussion: discussionRole(client),
      webhooks,
      hooks: hooksRole(client),
    };
  },
};
