export interface GitHttpAuth {
  /** Basic: user name → password. */
  readonly users?: Readonly<Record<string, string>>;
  /** Accepted as `Authorization: Bearer …`. */
  readonly tokens?: readonly string[];
  /** Fetching needs no credential, as from a public repository. */
  readonly anonymousRead?: boolean;
}

/** Who sent this Authorization header (bearer: `token`); undefined when it proves nothing. */
export function authenticatedUser(auth: GitHttpAuth, header = ''): string | undefined {
  const [scheme = '', value = ''] = header.split(' ', 2);
  if (scheme.toLowerCase() === 'bearer') return auth.tokens?.includes(value) ? 'token' : undefined;
  if (scheme.toLowerCase() !== 'basic') return undefined;
  const pair = Buffer.from(value, 'base64').toString();
  const user = pair.slice(0, pair.indexOf(':'));
  const users = auth.users ?? {};
  return Object.hasOwn(users, user) && pair === `${user}:${users[user]}` ? user : undefined;
}

/** Value of WWW-Authenticate. */
export function challenge(auth: GitHttpAuth): string {
  return auth.users === undefined ? 'Bearer realm="git"' : 'Basic realm="git"';
}
