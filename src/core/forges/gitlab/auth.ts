import type { Authenticate } from '../../http/client.ts';
import type { Secret } from '../../secret.ts';
import type { GitCredential } from '../forge.ts';

/**
 * Bearer serves every kind: personal, project and group access tokens, which could also come as PRIVATE-TOKEN, and OAuth
 * tokens, which could not (https://docs.gitlab.com/api/rest/authentication/).
 */
export function authenticateWith(token: Secret | undefined): Authenticate {
  return async () => (token === undefined ? {} : { authorization: `Bearer ${token.reveal()}` });
}

/** `oauth2` is the user name that OAuth tokens need; for access tokens any will do. */
export function gitCredentialOf(token: Secret | undefined): GitCredential | undefined {
  return token && { kind: 'basic', username: 'oauth2', password: token.reveal() };
}
