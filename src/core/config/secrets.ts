import { readFile, stat } from 'node:fs/promises';
import { SluiceError } from '../errors.ts';
import { localPath } from '../model/repo.ts';
import { redact, Secret } from '../secret.ts';
import type { SecretSource } from './config.ts';

export interface SecretScope {
  readonly env: Readonly<Record<string, string | undefined>>;
  /** The configuration file's directory (`Config.baseDir`): relative files and commands start here. */
  readonly cwd: string;
  readonly signal?: AbortSignal | undefined;
  /** Time limit of a command; default 30 s. */
  readonly timeoutMs?: number;
  /** Told when a secret's file can be read by everybody. */
  readonly warn?: (message: string) => void;
}

const largestBytes = 1024 * 1024;
const killGraceMs = 1000;

/**
 * Fetches a secret from where the configuration says it is; asked only by the command that needs it.
 * A source that gives nothing is SluiceError('denied'), a command that takes too long 'timed-out'; neither repeats any output
 * that may hold the secret.
 */
export async function resolveSecret(source: SecretSource, scope: SecretScope): Promise<Secret> {
  scope.signal?.throwIfAborted();
  const value = await readValue(source, scope);
  if (value !== '') return new Secret(value);
  throw new SluiceError('denied', `${describeSource(source)} is empty`, {
    hint: `It should hold a secret: ${nextStep(source)}`,
  });
}

/** Where the secret comes from, for people: `the environment variable X`. */
export function describeSource(source: SecretSource): string {
  if ('env' in source) return `the environment variable ${source.env}`;
  if ('file' in source) return `the secret file ${source.file}`;
  // Only the program: an argument may name more than the operator wants in a log.
  return `the output of the secret command "${source.command[0]}"`;
}

async function readValue(source: SecretSource, scope: SecretScope): Promise<string> {
  if ('file' in source) return await readSecretFile(source, scope);
  if ('command' in source) return await runSecretCommand(source, scope);
  const value = scope.env[source.env];
  if (value !== undefined) return value;
  throw new SluiceError('denied', `${describeSource(source)} is not set`, {
    hint: `It should hold a secret: ${nextStep(source)}`,
  });
}

function nextStep(source: SecretSource): string {
  if ('env' in source) return `set ${source.env}, or change the source in the configuration`;
  if ('file' in source) return `write it into ${source.file}, or change the source in the configuration`;
  return 'run the command by hand to see what it prints, or change the source in the configuration';
}

async function readSecretFile(source: { readonly file: string }, scope: SecretScope): Promise<string> {
  const path = localPath(source.file, scope);
  try {
    const found = await stat(path);
    if (!found.isFile()) throw new Error('it is not a regular file');
    if (found.size > largestBytes) throw new Error('it is larger than 1 MiB');
    // Docker and Kubernetes mount secrets readable for everybody in the container.
    if ((found.mode & 0o004) !== 0 && !path.startsWith('/run/secrets/')) {
      scope.warn?.(`the secret file ${path} can be read by every user of this machine (chmod 600 ${path})`);
    }
    return (await readFile(path, { encoding: 'utf8', signal: scope.signal })).replace(/[\r\n]+$/, '');
  } catch (error) {
    scope.signal?.throwIfAborted();
    const { code, message } = error as NodeJS.ErrnoException;
    throw new SluiceError('denied', `the secret file ${path} cannot be read: ${code ?? message}`, {
      hint: 'Give an existing file that this user may read; relative paths start at the configuration file',
      cause: error,
    });
  }
}

/**
 * The child has a process group of its own: password managers start agents that keep the pipe open, and execa waits for the
 * pipe, so only ending the whole group keeps the time limit.
 */
async function runSecretCommand(source: { readonly command: readonly string[] }, scope: SecretScope): Promise<string> {
  const [program = '', ...args] = source.command;
  const { execa } = await import('execa');
  const child = execa(program, args, {
    cwd: scope.cwd,
    env: { ...scope.env },
    extendEnv: false,
    stdin: 'ignore',
    detached: true,
    cleanup: false,
    reject: false,
    maxBuffer: largestBytes,
  });
  const limit = AbortSignal.timeout(scope.timeoutMs ?? 30_000);
  const ended = scope.signal === undefined ? limit : AbortSignal.any([scope.signal, limit]);
  const end = (): void => endGroup(child.pid);
  ended.addEventListener('abort', end, { once: true });
  const result = await child;
  ended.removeEventListener('abort', end);
  scope.signal?.throwIfAborted();
  const name = describeSource(source);
  if (limit.aborted) {
    throw new SluiceError('timed-out', `${name} did not come within ${(scope.timeoutMs ?? 30_000) / 1000} s`, {
      hint: 'Run the command by hand; it must not ask anything',
    });
  }
  if (result.exitCode === 0 && !result.failed) return result.stdout.trim();
  const reason = result.code ?? (result.exitCode === undefined ? 'it was ended' : `status ${result.exitCode}`);
  const said = lastLine(result.stderr);
  throw new SluiceError('denied', `${name} failed: ${reason}${said === '' ? '' : `: ${said}`}`, {
    hint: nextStep(source),
  });
}

function lastLine(stderr: string): string {
  return redact(stderr.trim().split('\n').at(-1) ?? '').slice(0, 200);
}

function endGroup(pid: number | undefined): void {
  signalGroup(pid, 'SIGTERM');
  setTimeout(() => signalGroup(pid, 'SIGKILL'), killGraceMs).unref();
}

function signalGroup(pid: number | undefined, signal: NodeJS.Signals): void {
  if (pid === undefined) return;
  try {
    process.kill(-pid, signal);
  } catch {
    // Nobody is left in the group.
  }
}
