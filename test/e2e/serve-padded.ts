import { randomBytes } from 'node:crypto';
import type { Delivery } from '../support/deliveries/scenario.ts';
import { headersOf } from '../support/deliveries/sign.ts';
import { secret } from './serve-site.ts';

export interface PaddedPush {
  readonly guid: string;
  readonly ref: string;
  readonly after: string;
  /** Bytes that no compression makes smaller, in base64. */
  readonly padding?: number;
}

/** A push to `acme/app` at GitHub whose body is as large as wanted. */
export function paddedPush({ guid, ref, after, padding = 0 }: PaddedPush): Delivery {
  const repository = { id: 1, full_name: 'acme/app', name: 'app', private: false, default_branch: 'main' };
  const sender = { login: 'stranger', id: 2, type: 'User' };
  const pad = randomBytes(padding).toString('base64');
  const body = Buffer.from(JSON.stringify({ ref, before: 'c'.repeat(40), after, repository, sender, pad }));
  return { headers: { 'content-type': 'application/json', ...headersOf('github', 'push', guid, body, secret) }, body };
}
