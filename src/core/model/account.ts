/** Somebody, or some machine, that has an account on a forge. */
export interface Account {
  /** The name that is unique on the forge, as it writes it; logins are compared without regard to case (`sameLogin`). */
  readonly login: string;
  /** A machine by the forge's own word; undefined where the forge does not tell. */
  readonly bot: boolean | undefined;
  /**
   * What people call them, where nobody could tell by the login (Bitbucket Cloud's is a uuid). Only ever printed, beside the login: everybody
   * may choose any name.
   */
  readonly name?: string | undefined;
}

/** Logins differ in case only by how they are written: no forge gives two people the same one. */
export function sameLogin(a: string, b: string): boolean {
  return a.toLowerCase() === b.toLowerCase();
}
