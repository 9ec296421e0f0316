import type { Authenticate } from '../../http/client.ts';
import type { Secret } from '../../secret.ts';
import type { GitCredential } from '../forge.ts';

/** https://docs.gitea.com/development/api-usage#authentication */
export function authenticateWith(token: Secret | undefined): Authenticate {
  return async () => (token === undefined ? {} : { authorization: `token ${token.reveal()}` });
}

/** For git the token is the password, and the user name beside it may be anything. */
export function gitCredentialOf(token: Secret | undefined): GitCredential | undefined {
  return token && { kind: 'basic', username: 'oauth2', password: token.reveal() };
}
