import type { Account } from '../../model/account.ts';
import type { CommitPerson } from '../review-roles.ts';
import type { BitbucketUser } from './wire.ts';

/**
 * The account's uuid without its braces. There is no other name that is unique: nicknames are what people choose to be called, and
 * nothing keeps a stranger from choosing a maintainer's. Undefined for a deleted account.
 */
export function loginOf(native: BitbucketUser): string | undefined {
  return native?.uuid?.replace(/^\{(.*)\}$/, '$1') || undefined;
}

/** The uuid as addresses and queries want it. */
export function uuidOf(login: string): string {
  return `{${login}}`;
}

/** Apps are of another type than people. */
export function convertAccount(native: BitbucketUser): Account | undefined {
  const login = loginOf(native);
  return login === undefined
    ? undefined
    : { login, bot: native?.type === undefined ? undefined : native.type !== 'user' };
}

/** With the name that the pages show, for what is printed: nobody knows people by their uuid. */
export function convertReviewer(native: BitbucketUser): Account | undefined {
  const account = convertAccount(native);
  return account && native?.display_name ? { ...account, name: native.display_name } : account;
}

/** Somebody whom a commit names: `Ada <ada@example.org>`, and the account that Bitbucket has found for that address. */
export function convertPerson(
  native: { readonly raw?: string | null | undefined; readonly user?: BitbucketUser } | null | undefined,
): CommitPerson {
  const [, name = native?.raw, email] = /^(.*?)\s*<([^<>]*)>\s*$/.exec(native?.raw ?? '') ?? [];
  return { account: convertAccount(native?.user), name: name || undefined, email: email || undefined };
}
