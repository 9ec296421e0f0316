import { commit, setRef } from '../git-repo.ts';
import { fixedIdentity } from '../run-git.ts';
import { readCommit, resign, type Signature } from './git-history.ts';

/** What is in the head's commit, and whose it is. */
export interface HeadCommit {
  /** By path; null deletes it. Default: one file of the change's own. */
  readonly files?: Readonly<Record<string, string | null>>;
  /** Logins or addresses; default: an identity that no account has. The committer's default is the author. */
  readonly commitAuthor?: string;
  readonly committer?: string;
  readonly coAuthors?: readonly string[];
  /** What the commit says of its own time, in seconds since the epoch. */
  readonly date?: number;
}

export interface HeadWanted extends HeadCommit {
  readonly parent: string;
  readonly message: string;
  readonly files: Readonly<Record<string, string | null>>;
  readonly ref: string;
  signature(loginOrEmail: string): Signature;
}

/** Writes a real commit and moves the ref to it. */
export async function writeHead(gitDir: string, want: HeadWanted): Promise<string> {
  const { parent, message, files, commitAuthor, committer = commitAuthor, coAuthors = [], date, signature } = want;
  const plain = { parent, message, files, ref: want.ref, ...(date === undefined ? {} : { date }) };
  const sha = await commit(gitDir, plain);
  if (commitAuthor === undefined && committer === undefined && coAuthors.length === 0) return sha;
  const made = await readCommit(gitDir, sha);
  if (made === undefined) throw new Error(`${gitDir} has lost ${sha}`);
  const trailers = coAuthors.map(signature).map(({ name, email }) => `\nCo-authored-by: ${name} <${email}>`);
  const signed = await resign(gitDir, made, {
    author: commitAuthor === undefined ? fixedIdentity : signature(commitAuthor),
    committer: committer === undefined ? fixedIdentity : signature(committer),
    message: trailers.length === 0 ? message : `${message}\n${trailers.join('')}`,
    ...(date === undefined ? {} : { date }),
  });
  await setRef(gitDir, want.ref, signed);
  return signed;
}
