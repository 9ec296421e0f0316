import { fixedDate, git, isolatedGitEnv, runGit } from '../run-git.ts';

/** What a forge reads from the real bare repository behind the fake. */
export interface GitPerson {
  readonly name: string;
  readonly email: string;
  /** Milliseconds since the epoch, as the commit itself says. */
  readonly at: number;
}

export interface GitCommit {
  readonly sha: string;
  readonly tree: string;
  readonly parents: readonly string[];
  readonly author: GitPerson;
  readonly committer: GitPerson;
  readonly message: string;
  /** From its `Co-authored-by:` trailers. */
  readonly coAuthors: readonly Omit<GitPerson, 'at'>[];
}

/** Undefined: the repository has no such commit. */
export async function readCommit(gitDir: string, revision: string): Promise<GitCommit | undefined> {
  const format = ['%H', '%T', '%P', '%an', '%ae', '%at', '%cn', '%ce', '%ct', '%B'].join('%x00');
  const args = ['--git-dir', gitDir, 'log', '-1', `--format=${format}`, '--end-of-options', revision, '--'];
  const { status, stdout } = await runGit(args);
  if (status !== 0) return undefined;
  const [sha = '', tree = '', parents = '', an = '', ae = '', at = '', cn = '', ce = '', ct = '', message = ''] =
    stdout.split('\0');
  const trailers = [...message.matchAll(/^Co-authored-by: (.*) <(.*)>$/gm)];
  return {
    sha,
    tree,
    parents: parents === '' ? [] : parents.split(' '),
    author: { name: an, email: ae, at: Number(at) * 1000 },
    committer: { name: cn, email: ce, at: Number(ct) * 1000 },
    message: message.trimEnd(),
    coAuthors: trailers.map(([, name = '', email = '']) => ({ name, email })),
  };
}

export interface Signature {
  readonly name: string;
  readonly email: string;
}

/** The same commit (tree, parents) under other names; no ref is moved. `date` in seconds. Returns its id. */
export async function resign(
  gitDir: string,
  commit: GitCommit,
  {
    author,
    committer,
    message,
    date = fixedDate,
  }: {
    readonly author: Signature;
    readonly committer: Signature;
    readonly message: string;
    readonly date?: number;
  },
): Promise<string> {
  const env = isolatedGitEnv({
    GIT_AUTHOR_NAME: author.name,
    GIT_AUTHOR_EMAIL: author.email,
    GIT_AUTHOR_DATE: `${date} +0000`,
    GIT_COMMITTER_NAME: committer.name,
    GIT_COMMITTER_EMAIL: committer.email,
    GIT_COMMITTER_DATE: `${date} +0000`,
  });
  const parents = commit.parents.flatMap((parent) => ['-p', parent]);
  return git(['--git-dir', gitDir, 'commit-tree', commit.tree, ...parents, '-m', message], { env });
}

/** The commit of exactly this ref (`refs/heads/main`), never of another one that git would find by this name. */
export async function readRef(gitDir: string, ref: string): Promise<GitCommit | undefined> {
  const { status, stdout } = await runGit(['--git-dir', gitDir, 'show-ref', '--verify', '--hash', '--', ref]);
  return status === 0 ? readCommit(gitDir, stdout.trim()) : undefined;
}

/** What a file holds; undefined: there is none. */
export async function readBlob(gitDir: string, revision: string, path: string): Promise<Buffer | undefined> {
  const { status, stdout } = await runGit(['--git-dir', gitDir, 'cat-file', 'blob', `${revision}:${path}`]);
  return status === 0 ? Buffer.from(stdout) : undefined;
}

/** Undefined: one of them is not there. */
export async function reaches(gitDir: string, ancestor: string, descendant: string): Promise<boolean | undefined> {
  const { status } = await runGit(['--git-dir', gitDir, 'merge-base', '--is-ancestor', ancestor, descendant]);
  return status === 0 ? true : status === 1 ? false : undefined;
}

/** The best common ancestor; undefined: there is none. */
export async function mergeBase(gitDir: string, a: string, b: string): Promise<string | undefined> {
  const { status, stdout } = await runGit(['--git-dir', gitDir, 'merge-base', a, b]);
  return status === 0 ? stdout.trim() : undefined;
}

/** Ids of the commits that `tip` has and `base` has not, oldest first. */
export async function commitsBetween(gitDir: string, base: string, tip: string): Promise<readonly string[]> {
  const lines = await git(['--git-dir', gitDir, 'rev-list', '--reverse', tip, `^${base}`]);
  return lines.split('\n').filter((line) => line !== '');
}

export interface ChangedFile {
  readonly status: 'added' | 'modified' | 'removed' | 'renamed' | 'copied';
  readonly path: string;
  /** The old name of a renamed or copied one. */
  readonly previous: string | undefined;
}

const statusWords = { A: 'added', M: 'modified', T: 'modified', D: 'removed', R: 'renamed', C: 'copied' } as const;

/** What `head` changes since it left `base`, in order of path. */
export async function changedFiles(gitDir: string, base: string, head: string): Promise<readonly ChangedFile[]> {
  const output = await git(['--git-dir', gitDir, 'diff', '--name-status', '-M', '-z', `${base}...${head}`]);
  const fields = output.split('\0');
  const files: ChangedFile[] = [];
  for (let at = 0; at + 1 < fields.length; ) {
    const status = statusWords[(fields[at]?.[0] ?? 'M') as keyof typeof statusWords];
    const moved = status === 'renamed' || status === 'copied';
    files.push({ status, path: fields[at + (moved ? 2 : 1)] ?? '', previous: moved ? fields[at + 1] : undefined });
    at += moved ? 3 : 2;
  }
  return files;
}
