import { createApiClient } from '../../http/api-client.ts';
import { lazyDispatcher } from '../../http/dispatcher.ts';
import { baseUrls } from '../base-urls.ts';
import type { ForgeModule, ForgeOptions } from '../definition.ts';
import { needingToRead } from '../reading-right.ts';
import { ownerAndName } from '../repo-path.ts';
import { type ClientFor, changesRole, repositoriesRole } from './api.ts';
import { authenticateWith, gitCredentialOf, tokenSource } from './auth.ts';
import { changeSearchRole } from './change-search.ts';
import { checksRole } from './checks.ts';
import { codeOwnersRole } from './code-owners.ts';
import { commitsRole } from './commits.ts';
import { discussionRole } from './discussion.ts';
import { graphqlBase } from './graphql.ts';
import { hooksRole } from './hooks.ts';
import { membersRole } from './members.ts';
import { reviewsRole } from './reviews.ts';
import { statusesRole } from './statuses.ts';
import { surveyRole } from './survey.ts';
import { apiUrlOf, cloneUrl, repoOf } from './urls.ts';
import { webhooks } from './webhooks.ts';

const readable = needingToRead('the permission "Contents: read"');

const headers = { accept: 'application/vnd.github+json', 'x-github-api-version': '2022-11-28' };

/** github.com, GHE.com and GitHub Enterprise Server, with a token or as a GitHub App. */
export const github: ForgeModule = {
  create(options, http) {
    const { webUrl, apiUrl } = baseUrls(options, apiUrlOf);
    const dispatcher = http.dispatcher ?? lazyDispatcher(http.env ?? process.env);
    const shared = { ...http, dispatcher, baseUrl: apiUrl, headers };
    const tokenFor = tokenSource(options, shared);
    const clientAt =
      (baseUrl: string): ClientFor =>
      (repo) => {
        ownerAndName(repo);
        return createApiClient({ ...shared, baseUrl, authenticate: authenticateWith(tokenFor, repo) });
      };
    const clientFor = clientAt(apiUrl);
    const asked = { reviews: reviewsRole(clientFor), checks: checksRole(clientFor), commits: commitsRole(clientFor) };
    // GraphQL answers nobody without a credential.
    const survey = hasCredential(options) ? { survey: surveyRole(clientAt(graphqlBase(apiUrl)), asked) } : {};
    return {
      type: 'github',
      alias: options.alias,
      webUrl,
      apiUrl,
      words: { change: 'pull request', sigil: '#' },
      cloneUrl: (repo) => cloneUrl(webUrl, repo),
      repoOf: (gitUrl) => repoOf(webUrl, gitUrl),
      gitCredential: async (repo, call = {}) => gitCredentialOf(await tokenFor(repo, call)),
      changes: changesRole(clientFor),
      repositories: repositoriesRole(clientFor),
      statuses: statusesRole(clientFor),
      changeSearch: changeSearchRole(clientFor),
      ...asked,
      members: membersRole(clientFor),
      discussion: discussionRole(clientFor),
      codeOwners: readable(codeOwnersRole(clientFor)),
      ...survey,
      webhooks,
      hooks: hooksRole(clientFor),
    };
  },
};

function hasCredential({ token, app }: Pick<ForgeOptions, 'token' | 'app'>): boolean {
  return token !== undefined || app !== undefined;
}
