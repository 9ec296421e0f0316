import { spawn } from 'node:child_process';
import { once } from 'node:events';
import type { Readable } from 'node:stream';
import { text } from 'node:stream/consumers';

export interface Command {
  /** The program and its arguments; for a script, what it sees as `$1`, `$2`, … */
  readonly argv: readonly string[];
  /** A recipe of several commands (bash, ends at the first failure) instead of one program. */
  readonly script?: string | undefined;
  readonly env: Readonly<Record<string, string>>;
  readonly cwd: string;
}

export interface Measured {
  readonly status: number;
  readonly wallMs: number;
  /** User and system time of the process and of all children that were waited for. */
  readonly cpuMs: number;
  readonly stdout: string;
  readonly stderr: string;
}

/**
 * Runs a whole process and measures it from outside. bash 5 does the measuring, because Node can tell the CPU time of its
 * own children only all together, and its event loop would add its own delays to the wall time: a small shell looks at the clock just
 * before the fork and just after the wait, and `times` is getrusage(RUSAGE_CHILDREN), in milliseconds.
 */
export async function measure({ argv, script, env, cwd }: Command): Promise<Measured> {
  const body = script === undefined ? '{ "$@"; }' : `(\nset -e\n${script}\n)`;
  const program = `run() ${body}
s=$EPOCHREALTIME; run "$@" 3>&-; status=$?; e=$EPOCHREALTIME
{ echo "$status $s $e"; times; } >&3`;
  const child = spawn('bash', ['--norc', '-c', program, 'measure', ...argv], {
    env: { ...env, LC_ALL: 'C' },
    cwd,
    stdio: ['ignore', 'pipe', 'pipe', 'pipe'],
  });
  const exited = once(child, 'close');
  const [stdout, stderr, figures] = await Promise.all([
    text(child.stdout as Readable),
    text(child.stderr as Readable),
    text(child.stdio[3] as Readable),
  ]);
  await exited;
  const [, status, start, end, , , user, system] =
    /^(\d+) ([\d.]+) ([\d.]+)\n(\S+) (\S+)\n(\S+) (\S+)\n$/.exec(figures) ?? [];
  if (start === undefined || end === undefined) throw new Error(`bash 5 is needed to measure; it said: ${stderr}`);
  return {
    status: Number(status),
    wallMs: (Number(end) - Number(start)) * 1000,
    cpuMs: shellTime(user) + shellTime(system),
    stdout,
    stderr,
  };
}

/** `0m1.234s`, as `times` prints it, in milliseconds. */
function shellTime(written = ''): number {
  const [, minutes, seconds] = /^(\d+)m([\d.]+)s$/.exec(written) ?? [];
  return Number(minutes) * 60_000 + Number(seconds) * 1000;
}
