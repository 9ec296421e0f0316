export type FakePermission = 'none' | 'read' | 'write' | 'admin';

/** Who may do what, and which teams there are. */
export interface MemberBook {
  /** Default: `admin` for the token's owner and the repository's owner, `read` for everybody else (`none` where it is private). */
  permission(repo: string, login: string): FakePermission;
  mayWrite(repo: string, login: string): boolean;
  grant(repo: string, login: string, permission: FakePermission): void;
  /** Logins of the members; undefined: there is no such team. The path is as the forge writes it: `acme/reviewers`. */
  team(path: string): readonly string[] | undefined;
  /** Paths of all teams. */
  teams(): readonly string[];
  addTeam(path: string, logins: readonly string[]): void;
}

export function createMemberBook(me: string, isPrivate: (repo: string) => boolean): MemberBook {
  const permissions = new Map<string, FakePermission>();
  const teams = new Map<string, readonly string[]>();
  const key = (repo: string, login: string) => `${repo}@${login.toLowerCase()}`;

  function permission(repo: string, login: string): FakePermission {
    const granted = permissions.get(key(repo, login));
    if (granted !== undefined) return granted;
    const owner = repo.split('/')[0]?.replace(/^~/, '') ?? '';
    if ([me, owner].some((one) => one.toLowerCase() === login.toLowerCase())) return 'admin';
    return isPrivate(repo) ? 'none' : 'read';
  }

  return {
    permission,
    mayWrite: (repo, login) => ['write', 'admin'].includes(permission(repo, login)),
    grant: (repo, login, permission) => void permissions.set(key(repo, login), permission),
    team: (path) => teams.get(path.toLowerCase()),
    teams: () => [...teams.keys()],
    addTeam: (path, logins) => void teams.set(path.toLowerCase(), logins),
  };
}
