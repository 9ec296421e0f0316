import type { Readable } from 'node:stream';
import { SluiceError } from '../errors.ts';
import { redact } from '../secret.ts';
import type { Environment } from './environment.ts';

export interface GitCall {
  readonly args: readonly string[];
  readonly env: Environment;
  readonly cwd?: string;
  readonly stdin?: string;
  readonly signal?: AbortSignal | undefined;
  /** Ends the child when neither stdout nor stderr moved for this long (git prints progress while it works). Default 5 min. */
  readonly silenceMs?: number;
  /** What is being done, for errors: "fetch from gh:acme/app". */
  readonly purpose: string;
  /** One line of git's progress, for a spinner. */
  readonly onProgress?: ((line: string) => void) | undefined;
}

export interface GitResult {
  readonly status: number;
  /** Raw bytes: ref names need not be UTF-8. */
  readonly stdout: Buffer;
  readonly stderr: string;
}

const defaultSilenceMs = 300_000;
const killGraceMs = 2_000;
const keptOutputBytes = 512 * 1024 * 1024;

/**
 * Runs one git that may talk to a network. It gets a process group of its own, because git starts transport helpers and ssh
 * that outlive it: on abort or silence the whole group is ended (TERM, then KILL after 2 s). simple-git, which serves the
 * local commands, can neither give it a group nor hand out raw bytes (docs/decisions.md).
 * A non-zero status is a result; only abort, silence and a missing git are thrown.
 */
export async function runGit(call: GitCall): Promise<GitResult> {
  call.signal?.throwIfAborted();
  const { execa } = await import('execa');
  const child = execa('git', [...call.args], {
    ...(call.cwd === undefined ? {} : { cwd: call.cwd }),
    env: definedOnly(call.env),
    extendEnv: false,
    detached: true,
    cleanup: false,
    input: call.stdin ?? '',
    encoding: 'buffer',
    reject: false,
    maxBuffer: keptOutputBytes,
    stripFinalNewline: false,
  });
  const end = groupEnder(child.pid);
  rememberGroup(child.pid);
  const watch = watchSilence([child.stdout, child.stderr], call.silenceMs ?? defaultSilenceMs, end);
  if (call.onProgress !== undefined) followProgress(child.stderr, call.onProgress);
  call.signal?.addEventListener('abort', end, { once: true });
  if (call.signal?.aborted) end();
  try {
    const result = await child;
    call.signal?.throwIfAborted();
    if (watch.silent) throw silence(call);
    if (result.code === 'ENOENT') throw gitMissing(call);
    return {
      status: result.exitCode ?? 128,
      stdout: Buffer.from(result.stdout),
      stderr: redact(Buffer.from(result.stderr).toString('utf8')),
    };
  } finally {
    watch.stop();
    call.signal?.removeEventListener('abort', end);
    // A helper that git left behind (a hung ssh) still belongs to the group; an empty group is ESRCH.
    killGroup(child.pid, 'SIGKILL');
    if (child.pid !== undefined) liveGroups.delete(child.pid);
  }
}

const liveGroups = new Set<number>();

/** A process that exits while git runs (a second Ctrl-C) takes every group with it. */
function rememberGroup(pid: number | undefined): void {
  if (pid === undefined) return;
  if (liveGroups.size === 0) process.off('exit', killLiveGroups).once('exit', killLiveGroups);
  liveGroups.add(pid);
}

function killLiveGroups(): void {
  for (const pid of liveGroups) killGroup(pid, 'SIGKILL');
}

function definedOnly(env: Environment): Record<string, string> {
  return Object.fromEntries(Object.entries(env).filter((entry): entry is [string, string] => entry[1] !== undefined));
}

function groupEnder(pid: number | undefined): () => void {
  return () => {
    killGroup(pid, 'SIGTERM');
    setTimeout(() => killGroup(pid, 'SIGKILL'), killGraceMs).unref();
  };
}

function killGroup(pid: number | undefined, signal: NodeJS.Signals): void {
  if (pid === undefined) return;
  try {
    process.kill(-pid, signal);
  } catch {
    // Nobody is left in the group.
  }
}

function watchSilence(streams: readonly Readable[], limitMs: number, end: () => void) {
  const state = { silent: false, stop: () => clearTimeout(timer) };
  const timer = setTimeout(() => {
    state.silent = true;
    end();
  }, limitMs);
  for (const stream of streams) stream.on('data', () => timer.refresh());
  return state;
}

function followProgress(stderr: Readable, onProgress: (line: string) => void): void {
  stderr.on('data', (chunk: Buffer) => {
    const line = chunk
      .toString('utf8')
      .split(/[\r\n]+/)
      .findLast((part) => part.trim() !== '');
    if (line !== undefined) onProgress(redact(line.trim()));
  });
}

function silence(call: GitCall): SluiceError {
  const seconds = Math.round((call.silenceMs ?? defaultSilenceMs) / 1000);
  return new SluiceError('timed-out', `${call.purpose}: git said nothing for ${seconds} s and was ended`, {
    hint: 'The remote may hang; try again, or look at it with GIT_TRACE_CURL=1 git ls-remote.',
  });
}

function gitMissing(call: GitCall): SluiceError {
  return new SluiceError('config', `${call.purpose}: the program "git" was not found`, {
    hint: 'Install git 2.32 or newer and make sure that it is on PATH.',
  });
}
