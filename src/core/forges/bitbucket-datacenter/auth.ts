import type { Authenticate } from '../../http/client.ts';
import type { Secret } from '../../secret.ts';
import { basicAuthorization } from '../basic-authorization.ts';
import type { GitCredential } from '../forge.ts';

/**
 * HTTP access tokens go as Bearer, for the API and for git; those of projects and repositories go no other way
 * (https://confluence.atlassian.com/bitbucketserver/http-access-tokens-939515499.html). With a user name the secret is that
 * person's own token or password.
 */
export interface Account {
  readonly token?: Secret | undefined;
  readonly username?: string | undefined;
}

export function authenticateWith({ token, username }: Account): Authenticate {
  return async () => {
    if (token === undefined) return {};
    if (username !== undefined) return { authorization: basicAuthorization(username, token) };
    return { authorization: `Bearer ${token.reveal()}` };
  };
}

export function gitCredentialOf({ token, username }: Account): GitCredential | undefined {
  if (token === undefined) return undefined;
  if (username !== undefined) return { kind: 'basic', username, password: token.reveal() };
  return { kind: 'bearer', token: token.reveal() };
}
