import type { Account } from '../../model/account.ts';

/** As people call them, with the login by which the forge does. */
export function personName(by: Account | undefined): string {
  if (by === undefined) return 'somebody without an account';
  return by.name === undefined ? by.login : `${by.name} (${by.login})`;
}
