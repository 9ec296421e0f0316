import type { BareRepository } from './bare.ts';
import { gitFailure } from './failure.ts';
import { type GitContext, localEnvironment } from './remote.ts';
import { type GitCall, type GitResult, runGit } from './run.ts';

/** Who wrote a commit of sluice's own, and when; the caller says both, never the user's git configuration. */
export interface Authorship {
  readonly identity: { readonly name: string; readonly email: string };
  /** Whole seconds since the epoch. */
  readonly date: number;
}

export type PlumbingCall = Pick<GitCall, 'args' | 'stdin' | 'purpose'> & { readonly by?: Authorship };

/**
 * One git on a repository of ours that needs stdin, an author or its exit status, none of which `BareRepository.git` has.
 * The status is a result; no hook of the user's runs (a global core.hooksPath may hold a reference-transaction).
 */
export async function runPlumbing(
  context: GitContext,
  repository: BareRepository,
  { by, args, ...call }: PlumbingCall,
): Promise<GitResult> {
  return await runGit({
    ...call,
    args: ['-c', 'core.hooksPath=/dev/null', '-c', 'i18n.commitEncoding=UTF-8', ...args],
    cwd: repository.dir,
    env: { ...localEnvironment(context), GIT_DIR: repository.dir, ...(by === undefined ? {} : authorVariables(by)) },
    signal: context.signal,
  });
}

/** Its stdout without surrounding space; a failure is thrown. */
export async function plumb(context: GitContext, repository: BareRepository, call: PlumbingCall): Promise<string> {
  const result = await runPlumbing(context, repository, call);
  if (result.status !== 0) throw gitFailure(call.purpose, result.stderr);
  return result.stdout.toString('utf8').trim();
}

function authorVariables({ identity, date }: Authorship): Record<string, string> {
  const name = plainWord(identity.name) || 'sluice';
  const email = plainWord(identity.email);
  // The "@" keeps git from reading a small number as a date of another form (date.c, parse_date_basic).
  const when = `@${date} +0000`;
  return {
    GIT_AUTHOR_NAME: name,
    GIT_AUTHOR_EMAIL: email,
    GIT_AUTHOR_DATE: when,
    GIT_COMMITTER_NAME: name,
    GIT_COMMITTER_EMAIL: email,
    GIT_COMMITTER_DATE: when,
  };
}

/** git drops `<`, `>` and line ends from a name by itself, but a NUL cannot even be passed on. */
function plainWord(text: string): string {
  return text.replace(/[\p{Cc}<>]/gu, ' ').trim();
}
