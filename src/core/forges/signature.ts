import { createHmac, timingSafeEqual } from 'node:crypto';
import type { Secret } from '../secret.ts';

/**
 * Whether `claimed`, 64 hexadecimal digits, is the HMAC-SHA256 of exactly these bytes under one of the secrets. Every secret is tried, so
 * that the time does not tell which one is in use. An empty secret signs nothing.
 */
export function isHexSignature(claimed: string | undefined, body: Uint8Array, secrets: readonly Secret[]): boolean {
  if (claimed === undefined || !/^[0-9a-f]{64}$/i.test(claimed)) return false;
  const given = Buffer.from(claimed, 'hex');
  return anyOf(secrets, (key) => timingSafeEqual(createHmac('sha256', key).update(body).digest(), given));
}

/** The value of `sha256=…` in `X-Hub-Signature-256` and its like; a signature of another kind is none. */
export function sha256Of(header: string | undefined): string | undefined {
  return header?.startsWith('sha256=') ? header.slice('sha256='.length) : undefined;
}

/** Whether the secret itself was sent. Compared as digests, which are all of one length. */
export function isSharedToken(claimed: string | undefined, secrets: readonly Secret[]): boolean {
  if (claimed === undefined || claimed === '') return false;
  const given = digest(claimed);
  return anyOf(secrets, (key) => timingSafeEqual(digest(key), given));
}

const signingPrefix = 'whsec_';

export function isSigningToken(secret: Secret): boolean {
  return secret.reveal().startsWith(signingPrefix);
}

/** What Standard Webhooks sends along (https://github.com/standard-webhooks/standard-webhooks/blob/main/spec/standard-webhooks.md). */
export interface StandardSignature {
  readonly id: string | undefined;
  readonly timestamp: string | undefined;
  /** `v1,BASE64`, several of them separated by spaces while a secret is being replaced. */
  readonly signature: string;
}

/**
 * Whether one of the signatures is that of `id.timestamp.body`. The age is not judged: the id is part of what was signed and is only
 * taken once, so a replayed delivery does nothing, and a clock that is wrong loses nothing.
 */
export function isStandardSignature(
  { id, timestamp, signature }: StandardSignature,
  body: Uint8Array,
  secrets: readonly Secret[],
): boolean {
  if (id === undefined || timestamp === undefined) return false;
  const claims = signature
    .split(' ')
    .flatMap((one) => (one.startsWith('v1,') ? [Buffer.from(one.slice(3), 'base64')] : []));
  return anyOf(secrets, (key) => {
    const bytes = key.startsWith(signingPrefix) ? Buffer.from(key.slice(signingPrefix.length), 'base64') : key;
    const wanted = createHmac('sha256', bytes).update(`${id}.${timestamp}.`).update(body).digest();
    return claims.some((claim) => claim.length === wanted.length && timingSafeEqual(claim, wanted));
  });
}

function anyOf(secrets: readonly Secret[], matches: (key: string) => boolean): boolean {
  let found = false;
  for (const secret of secrets) {
    const key = secret.reveal();
    if (key !== '' && matches(key)) found = true;
  }
  return found;
}

function digest(text: string): Buffer {
  return createHmac('sha256', 'compare').update(text).digest();
}
