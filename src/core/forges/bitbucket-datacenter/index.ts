import { createApiClient } from '../../http/api-client.ts';
import { lazyDispatcher } from '../../http/dispatcher.ts';
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
import { apiUrlOf, buildStatusUrlOf, cloneUrl, repoOf } from './urls.ts';
import { webhooksRole } from './webhooks.ts';

const readable = needingToRead('the permission "Repository read"');

/** Bitbucket Data Center (formerly Server and Stash). */
export const bitbucketDatacenter: ForgeModule = {
  create(options, http) {
    const { webUrl, apiUrl } = baseUrls(options, apiUrlOf);
    const dispatcher = http.dispatcher ?? lazyDispatcher(http.env ?? process.env);
    const shared = { ...http, dispatcher, authenticate: authenticateWith(options) };
    const client = createApiClient({ ...shared, baseUrl: apiUrl });
    const olderBuilds = createApiClient({ ...shared, baseUrl: buildStatusUrlOf(webUrl, apiUrl) });
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
      statuses: statusesRole(client, olderBuilds, webUrl),
      changeSearch: readable(changeSearchRole(client, webUrl)),
      reviews: readable(reviewsRole(client)),
      checks: readable(checksRole(client, olderBuilds)),
      commits: readable(commitsRole(client)),
      members: membersRole(client),
      discussion: discussionRole(client),
      webhooks: webhooksRole(webUrl),
      hooks: hooksRole(client),
    };
  },
};
