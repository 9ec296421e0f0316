import { runGit } from '../run-git.ts';
import type { FakeRepository } from './state.ts';

/** A commit status as the fake forge keeps it; `state` is the forge's own word. */
export interface FakeStatus {
  readonly context: string;
  readonly state: string;
  readonly description: string;
  readonly url: string | undefined;
  readonly ref: string | undefined;
}

/** The statuses of all commits, one for each context (or whatever the forge identifies it by). */
export interface StatusBoard {
  /** Of one commit, in the order in which their keys first came. */
  of(repo: string, sha: string): readonly FakeStatus[];
  find(repo: string, sha: string, key: string): FakeStatus | undefined;
  set(repo: string, sha: string, key: string, status: FakeStatus): void;
}

export function createStatusBoard(): StatusBoard {
  const commits = new Map<string, Map<string, FakeStatus>>();
  const at = (repo: string, sha: string) => commits.get(`${repo}@${sha}`) ?? new Map<string, FakeStatus>();
  return {
    of: (repo, sha) => [...at(repo, sha).values()],
    find: (repo, sha, key) => at(repo, sha).get(key),
    set(repo, sha, key, status) {
      commits.set(`${repo}@${sha}`, at(repo, sha).set(key, status));
    },
  };
}

export async function hasCommit({ gitDir }: Pick<FakeRepository, 'gitDir'>, sha: string): Promise<boolean> {
  const { status } = await runGit(['--git-dir', gitDir, 'cat-file', '-e', `${sha}^{commit}`]);
  return status === 0;
}

/** How many characters a forge counts that is written in Ruby, Python or Go: code points, where Java has UTF-16 units. */
export function codePoints(text: string): number {
  return [...text].length;
}

/** What no database takes: half of a surrogate pair, and NUL. */
export function isStorable(text: string): boolean {
  return text.isWellFormed() && !text.includes('\0');
}
