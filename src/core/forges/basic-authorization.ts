import { rememberSecret, type Secret } from '../secret.ts';

/** The header value of Basic authentication (RFC 7617); its encoded form is known to `redact`. */
export function basicAuthorization(username: string, password: Secret): string {
  const pair = Buffer.from(`${username}:${password.reveal()}`).toString('base64');
  rememberSecret(pair);
  return `Basic ${pair}`;
}
