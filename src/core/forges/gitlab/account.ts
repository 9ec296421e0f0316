import type { Account } from '../../model/account.ts';
import type { CommitPerson } from '../review-roles.ts';
import type { GitlabUser } from './wire-reviews.ts';

// The users behind access tokens of projects and groups: `project_12_bot_4ffca233`
// (https://docs.gitlab.com/user/project/settings/project_access_tokens/#bot-users-for-projects). Others are not told from people.
const botName = /^(?:project|group)_\d+_bot/;

/** Undefined for what deleted accounts left behind, which GitLab gives to its Ghost User. */
export function convertAccount(native: GitlabUser): Account | undefined {
  if (!native || native.username === '' || native.username === 'ghost') return undefined;
  return account(native.username);
}

/** Somebody whom a commit names. A private commit address (`ID-LOGIN@users.noreply.HOST`) names the account by itself. */
export function convertPerson(name: string | null | undefined, email: string | null | undefined): CommitPerson {
  const login = /^\d+-([^@]+)@users\.noreply\./i.exec(email ?? '')?.[1];
  return {
    account: login === undefined ? undefined : account(login),
    name: name ?? undefined,
    email: email ?? undefined,
  };
}

function account(login: string): Account {
  return { login, bot: botName.test(login) ? true : undefined };
}
