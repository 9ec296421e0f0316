import type { Authenticate } from '../../http/client.ts';
import type { Secret } from '../../secret.ts';
import { basicAuthorization } from '../basic-authorization.ts';
import type { GitCredential } from '../forge.ts';

/** Access tokens of a repository, project or workspace stand alone; an API token of a person belongs to an account name. */
export interface Account {
  readonly token?: Secret | undefined;
  /** The person's Atlassian e-mail address (API tokens) or Bitbucket user name. */
  readonly username?: string | undefined;
}

export function authenticateWith({ token, username }: Account): Authenticate {
  return async () => {
    if (token === undefined) return {};
    if (username !== undefined) return { authorization: basicAuthorization(username, token) };
    return { authorization: `Bearer ${token.reveal()}` };
  };
}

/**
 * Git takes fixed user names for both kinds; it does not take the e-mail address that the API wants for API tokens.
 * https://support.atlassian.com/bitbucket-cloud/docs/using-api-tokens/
 */
export function gitCredentialOf({ token, username }: Account): GitCredential | undefined {
  if (token === undefined) return undefined;
  const name = username?.includes('@') === true ? 'x-bitbucket-api-token-auth' : (username ?? 'x-token-auth');
  return { kind: 'basic', username: name, password: token.reveal() };
}
