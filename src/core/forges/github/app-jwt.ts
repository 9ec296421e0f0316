import { createPrivateKey, type KeyObject, sign } from 'node:crypto';
import { SluiceError } from '../../errors.ts';
import { rememberSecret } from '../../secret.ts';
import type { ForgeApp } from '../definition.ts';

// GitHub allows ten minutes; a minute before and after is for clocks that do not agree.
const issuedAgo = 60;
const lifetime = 9 * 60;

/**
 * The token with which an App speaks for itself, `now` in milliseconds
 * (https://docs.github.com/en/apps/creating-github-apps/authenticating-with-a-github-app/generating-a-json-web-token-jwt-for-a-github-app).
 */
export function appJwt(app: Pick<ForgeApp, 'id'>, key: KeyObject, now: number): string {
  const seconds = Math.floor(now / 1000);
  const claims = { iat: seconds - issuedAgo, exp: seconds + lifetime, iss: String(app.id) };
  const text = `${encoded({ alg: 'RS256', typ: 'JWT' })}.${encoded(claims)}`;
  const jwt = `${text}.${sign('sha256', Buffer.from(text), key).toString('base64url')}`;
  rememberSecret(jwt);
  return jwt;
}

/** The App's RSA key, from a PEM whose line ends may have been written as `\n` to fit an environment variable. */
export function appKey(app: ForgeApp, alias: string): KeyObject {
  const problem = `the private key of the GitHub App ${app.id} (forge "${alias}") is not an RSA key in PEM form`;
  const hint = 'Give the whole .pem file that GitHub offered for download, from -----BEGIN to -----END.';
  let key: KeyObject;
  try {
    key = createPrivateKey(app.privateKey.reveal().replaceAll('\\n', '\n'));
  } catch {
    // Without the cause: OpenSSL's words add nothing, and nothing of a key may get into a message.
    throw new SluiceError('config', problem, { hint });
  }
  if (key.asymmetricKeyType !== 'rsa') throw new SluiceError('config', problem, { hint });
  return key;
}

function encoded(value: unknown): string {
  return Buffer.from(JSON.stringify(value)).toString('base64url');
}
