import { type ChildProcess, spawn } from 'node:child_process';
import { devNull } from 'node:os';
import { Readable } from 'node:stream';
import { text } from 'node:stream/consumers';
import { pipeline } from 'node:stream/promises';

/** Seconds since the epoch of every commit that does not ask for another time: 2024-01-01T00:00:00Z. */
export const fixedDate = 1_704_067_200;
export const fixedIdentity = { name: 'Sluice Test', email: 'test@sluice.invalid' } as const;

/** Variables that would let the developer's machine leak into a test: git's own, SSH's, and proxies (git would use them for 127.0.0.1 too). */
const leaking = /^(GIT_.*|SSH_(AUTH_SOCK|ASKPASS.*)|(https?|all|no)_proxy|XDG_CONFIG_HOME)$/i;

/**
 * The environment of every git child of the tests, and of the product when an e2e test spawns it: this process's own, without
 * anything that changes git's behaviour, with fixed identity and dates. HOME stays: pass another one where it matters.
 * A key of `extra` with the value undefined removes that variable.
 */
export function isolatedGitEnv(extra: Readonly<Record<string, string | undefined>> = {}): Record<string, string> {
  const wanted: Record<string, string | undefined> = {
    ...Object.fromEntries(Object.entries(process.env).filter(([name]) => !leaking.test(name))),
    GIT_CONFIG_GLOBAL: devNull,
    GIT_CONFIG_NOSYSTEM: '1',
    GIT_TERMINAL_PROMPT: '0',
    GIT_AUTHOR_NAME: fixedIdentity.name,
    GIT_AUTHOR_EMAIL: fixedIdentity.email,
    GIT_AUTHOR_DATE: `${fixedDate} +0000`,
    GIT_COMMITTER_NAME: fixedIdentity.name,
    GIT_COMMITTER_EMAIL: fixedIdentity.email,
    GIT_COMMITTER_DATE: `${fixedDate} +0000`,
    LC_ALL: 'C',
    ...extra,
  };
  return Object.fromEntries(
    Object.entries(wanted).filter((entry): entry is [string, string] => entry[1] !== undefined),
  );
}

export interface RunGitOptions {
  readonly cwd?: string;
  /** The whole environment; default `isolatedGitEnv()`. */
  readonly env?: Readonly<Record<string, string>>;
  readonly input?: string | Uint8Array | Iterable<string | Uint8Array>;
  readonly signal?: AbortSignal;
  /** After this many milliseconds the whole process group is killed. */
  readonly timeoutMs?: number;
}

export interface GitResult {
  /** Exit status; null when a signal (time limit, abort) ended it. */
  readonly status: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** Runs git and waits for it; a failure is a value here. */
export async function runGit(args: readonly string[], options: RunGitOptions = {}): Promise<GitResult> {
  // Its own process group, because git leaves the network to a child (git-remote-http, ssh) that would survive it.
  const child = spawn('git', args, { cwd: options.cwd, env: options.env ?? isolatedGitEnv(), detached: true });
  const limit = AbortSignal.timeout(options.timeoutMs ?? 120_000);
  const stop = options.signal === undefined ? limit : AbortSignal.any([limit, options.signal]);
  const onStop = () => killGroup(child);
  if (stop.aborted) onStop();
  stop.addEventListener('abort', onStop);
  try {
    const closed = new Promise<number | null>((resolve, reject) => {
      child.once('error', reject);
      child.once('close', resolve);
    });
    const [status, stdout, stderr] = await Promise.all([
      closed,
      text(child.stdout),
      text(child.stderr),
      // A git that ends before it has read everything (EPIPE) says why by its status and stderr.
      pipeline(inputStream(options.input), child.stdin).catch(() => undefined),
    ]);
    return { status, stdout, stderr };
  } finally {
    stop.removeEventListener('abort', onStop);
  }
}

/** Runs git and returns its stdout without the last line end; throws with git's own words when it fails. */
export async function git(args: readonly string[], options: RunGitOptions = {}): Promise<string> {
  const { status, stdout, stderr } = await runGit(args, options);
  if (status === 0) return stdout.replace(/\n$/, '');
  throw new Error(`git ${args.join(' ')} ended with ${status ?? 'a signal'}: ${stderr.trim() || stdout.trim()}`);
}

/** Ends a child that was spawned with `detached: true`, and all its descendants, at once. */
export function killGroup(child: ChildProcess): void {
  if (child.pid === undefined) return;
  try {
    process.kill(-child.pid, 'SIGKILL');
  } catch {
    // ESRCH: the group has ended by itself.
  }
}

function inputStream(input: RunGitOptions['input']): Readable {
  if (input === undefined) return Readable.from([]);
  return Readable.from(typeof input === 'string' || input instanceof Uint8Array ? [input] : input, {
    objectMode: true,
  });
}
