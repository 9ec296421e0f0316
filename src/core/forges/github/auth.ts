import { createApiClient } from '../../http/api-client.ts';
import type { Authenticate } from '../../http/client.ts';
import type { ApiClientOptions } from '../../http/settings.ts';
import type { Secret } from '../../secret.ts';
import type { ForgeOptions } from '../definition.ts';
import type { CallOptions, GitCredential } from '../forge.ts';
import { appJwt, appKey } from './app-jwt.ts';
import { installationTokens } from './installation.ts';

/** The token for requests about a repository; undefined for an alias without a credential. */
export type TokenFor = (repo: string, options: CallOptions) => Promise<Secret | undefined>;

/** A configured token serves every repository; an App gets one for each installation. */
export function tokenSource(
  { alias, token, app }: Pick<ForgeOptions, 'alias' | 'token' | 'app'>,
  client: Omit<ApiClientOptions, 'authenticate'>,
): TokenFor {
  if (app === undefined) return async () => token;
  const key = appKey(app, alias);
  const now = client.now ?? Date.now;
  const authenticate: Authenticate = async () => ({ authorization: `Bearer ${appJwt(app, key, now())}` });
  return installationTokens(createApiClient({ ...client, authenticate }), app, now);
}

export function authenticateWith(tokenFor: TokenFor, repo: string): Authenticate {
  return async (options = {}) => {
    const token = await tokenFor(repo, options);
    return token === undefined ? {} : { authorization: `Bearer ${token.reveal()}` };
  };
}

/** Any user name will do for a personal token; for an App's it must be this one. */
export function gitCredentialOf(token: Secret | undefined): GitCredential | undefined {
  return token && { kind: 'basic', username: 'x-access-token', password: token.reveal() };
}
