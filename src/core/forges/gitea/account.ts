import type { Account } from '../../model/account.ts';
import type { GiteaUser } from './wire-reviews.ts';

/**
 * Deleted accounts are shown as `Ghost` with the number -1. Of machines only the server's own are told from people, by numbers below that:
 * `gitea-actions` is -2 (models/user/user_system.go).
 */
export function convertAccount(native: GiteaUser): Account | undefined {
  if (native == null || native.id === -1 || native.login === '') return undefined;
  return { login: native.login, bot: native.id !== undefined && native.id < -1 ? true : undefined };
}
