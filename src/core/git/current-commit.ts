import { execFile } from 'node:child_process';
import { SluiceError } from '../errors.ts';
import type { Oid } from '../model/ref.ts';
import { gitEnvironment } from './environment.ts';

export interface WorkTree {
  readonly cwd: string;
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly signal: AbortSignal;
}

/** The branch that is checked out in the user's clone; undefined on a detached HEAD. */
export async function currentBranch(tree: WorkTree): Promise<string | undefined> {
  // Not --short: beside a tag of the same name that would be `heads/NAME`.
  const { status, stdout } = await ask(tree, ['symbolic-ref', '--quiet', 'HEAD']);
  return status === 0 ? /^refs\/heads\/(.+)$/.exec(stdout)?.[1] : undefined;
}

/** The commit that a revision of the user's clone names; undefined: none, or there is no clone here. */
export async function commitOf(tree: WorkTree, revision: string): Promise<Oid | undefined> {
  const { status, stdout } = await ask(tree, [
    'rev-parse',
    '--verify',
    '--quiet',
    '--end-of-options',
    `${revision}^{commit}`,
  ]);
  return status === 0 && /^[0-9a-f]{40,64}$/.test(stdout) ? stdout : undefined;
}

// Two short questions to a local git, with no network and no child that outlives it: execa would cost more than they do.
function ask(
  { cwd, env, signal }: WorkTree,
  args: readonly string[],
): Promise<{ readonly status: number; readonly stdout: string }> {
  return new Promise((resolve, reject) => {
    const options = { cwd, env: gitEnvironment({ ...env }) as NodeJS.ProcessEnv, signal, timeout: 30_000 };
    execFile('git', [...args], { ...options, encoding: 'utf8' }, (error, stdout) => {
      if (signal.aborted) reject(signal.reason);
      else if (error === null) resolve({ status: 0, stdout: stdout.replace(/\n$/, '') });
      else if (error.code === 'ENOENT') reject(gitMissing());
      else resolve({ status: typeof error.code === 'number' ? error.code : 128, stdout: '' });
    });
  });
}

function gitMissing(): SluiceError {
  return new SluiceError('config', 'the program "git" was not found', {
    hint: 'Install git, or say what is pushed: --branch and --sha.',
  });
}
