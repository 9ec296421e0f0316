import type { Account } from '../../model/account.ts';
import type { CommitPerson } from '../review-roles.ts';
import type { DatacenterUser, Signature } from './wire-reviews.ts';

/** Service users are what access tokens of projects and repositories act as. */
export function convertAccount(native: DatacenterUser): Account | undefined {
  if (!native || native.name === '') return undefined;
  return { login: native.name, bot: native.type === undefined ? undefined : native.type === 'SERVICE' };
}

/** Somebody whom a commit names: with a slug it is an account, and `name` its login; without one they are the commit's own words. */
export function convertPerson(native: Signature): CommitPerson {
  return {
    account: native.slug === undefined ? undefined : convertAccount(native),
    name: native.displayName ?? native.name,
    email: native.emailAddress ?? undefined,
  };
}
