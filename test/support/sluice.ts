import { type ChildProcess, spawn } from 'node:child_process';
import { join } from 'node:path';
import { isolatedGitEnv } from './git-repo.ts';

const binary = join(import.meta.dirname, '../../bin/sluice.js');

export interface Ran {
  readonly status: number | null;
  readonly signal: NodeJS.Signals | null;
  readonly stdout: string;
  readonly stderr: string;
}

export interface RunOptions {
  readonly cwd?: string;
  readonly env?: Readonly<Record<string, string | undefined>>;
}

/** Runs the real binary with an environment that holds nothing of the developer's, and waits for its end. */
export async function sluice(args: readonly string[], options: RunOptions = {}): Promise<Ran> {
  const { ended } = startSluice(args, options);
  return await ended;
}

export interface Started {
  readonly child: ChildProcess;
  readonly ended: Promise<Ran>;
}

export function startSluice(args: readonly string[], { cwd, env }: RunOptions = {}): Started {
  const child = spawn(process.execPath, [binary, ...args], {
    ...(cwd === undefined ? {} : { cwd }),
    env: { ...isolatedGitEnv(), ...env } as NodeJS.ProcessEnv,
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const out: Buffer[] = [];
  const err: Buffer[] = [];
  child.stdout.on('data', (chunk: Buffer) => out.push(chunk));
  child.stderr.on('data', (chunk: Buffer) => err.push(chunk));
  const { promise: ended, resolve, reject } = Promise.withResolvers<Ran>();
  child.once('error', reject);
  child.once('close', (status, signal) => {
    resolve({
      status,
      signal,
      stdout: Buffer.concat(out).toString('utf8'),
      stderr: Buffer.concat(err).toString('utf8'),
    });
  });
  return { child, ended };
}

/** The one document that `--json` prints. */
export function document(ran: Ran): Record<string, unknown> {
  return JSON.parse(ran.stdout) as Record<string, unknown>;
}
