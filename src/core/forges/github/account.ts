import type { Account } from '../../model/account.ts';
import type { CommitPerson } from '../review-roles.ts';

/** An account as REST shows it: a machine's login ends in `[bot]`, and what deleted accounts left behind belongs to `ghost`, or to null. */
export function convertAccount(
  native: { readonly login?: string | undefined; readonly type?: string | undefined } | null | undefined,
): Account | undefined {
  const { login, type } = native ?? {};
  return login === undefined || login === '' || login === 'ghost'
    ? undefined
    : { login, bot: type === undefined ? undefined : type === 'Bot' };
}

/**
 * The App that vouches for a commit status: whoever may push may set one under any name, but only an App's own token acts as its
 * machine account `slug[bot]`, and no person can have such a login.
 */
export function appOf(creator: Account | undefined): string | undefined {
  return creator?.bot === true ? /^(.+)\[bot\]$/.exec(creator.login)?.[1] : undefined;
}

/** Somebody whom a commit names. An address of GitHub's own (`ID+LOGIN@users.noreply.github.com`) names the account by itself. */
export function convertPerson(
  account: Account | undefined,
  { name, email }: { readonly name?: string | null | undefined; readonly email?: string | null | undefined },
): CommitPerson {
  const login = /^(?:\d+\+)?([^@+]+)@users\.noreply\.[^@]+$/i.exec(email ?? '')?.[1];
  const named: Account | undefined =
    login === undefined ? undefined : { login, bot: login.endsWith('[bot]') ? true : undefined };
  return { account: account ?? named, name: name ?? undefined, email: email ?? undefined };
}
