/** A check as whoever reported it meant it; each forge's file renders it as what that forge has (check run, commit status, job). */
export interface FakeCheck {
  readonly id: number;
  readonly name: string;
  readonly state: 'pending' | 'running' | 'success' | 'failure' | 'cancelled' | 'neutral' | 'skipped';
  /** Slug of the app that reported it, on a forge that knows apps; else it is a commit status. */
  readonly app: string | undefined;
  /** Login of whoever set the commit status; undefined: the token's owner. */
  readonly by: string | undefined;
  readonly url: string | undefined;
  readonly at: number;
}

export interface CheckBoard {
  /** Of one commit on one repository, in the order in which they came; the same name and app again is a newer one. */
  of(repo: string, sha: string): readonly FakeCheck[];
  add(
    repo: string,
    sha: string,
    check: Pick<FakeCheck, 'name' | 'state'> & Partial<Pick<FakeCheck, 'app' | 'by' | 'url'>>,
  ): FakeCheck;
}

export function createCheckBoard(stamp: () => { readonly id: number; readonly at: number }): CheckBoard {
  const commits = new Map<string, FakeCheck[]>();
  const at = (repo: string, sha: string) => commits.get(`${repo}@${sha}`) ?? [];
  return {
    of: at,
    add(repo, sha, { name, state, app, by, url }) {
      const made: FakeCheck = { ...stamp(), name, state, app, by, url };
      commits.set(`${repo}@${sha}`, [...at(repo, sha), made]);
      return made;
    },
  };
}
