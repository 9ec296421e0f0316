import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, constants, open as openFile } from 'node:fs';
import { rm } from 'node:fs/promises';
import { Socket } from 'node:net';
import { join } from 'node:path';
import type { Duplex } from 'node:stream';
import { promisify } from 'node:util';

/** How the leader of the group ended; one of the two is set. */
export interface Ended {
  readonly exitCode: number | null;
  readonly signal: NodeJS.Signals | null;
}

/** A process that leads a session and group of its own and waits to become the script. */
export interface Leader {
  readonly pid: number;
  readonly ended: Promise<Ended>;
  /** stdout and stderr, in the order in which they were written. */
  readonly output: Socket;
  /** Becomes the script. Before, nothing of it has run. */
  go(): void;
}

export interface LeaderOptions {
  /** The program by its absolute path, and its arguments. */
  readonly command: readonly string[];
  readonly cwd: string;
  readonly env: Readonly<Record<string, string>>;
  /** A directory for a named pipe that exists for a moment. */
  readonly dir: string;
}

/**
 * It waits for a line, so that its number is stored before the script can do anything, and is gone when sluice is (end of file).
 * Both outputs go to one named pipe: Node's own stdio are two sockets, which lose the order and cannot be opened again, so that
 * `echo >/dev/stderr` would fail in a script.
 */
const script = `
exec >"$1" 2>&1
shift
echo ready >&3
IFS= read -r line <&3 || exit 125
exec 3<&-
exec "$@"
`;

/** Starts the leader. Throws a system error when there are no more processes or files, or `cwd` is gone. */
export async function startLeader({ command, cwd, env, dir }: LeaderOptions): Promise<Leader> {
  const fifo = join(dir, 'output');
  await promisify(execFile)('mkfifo', ['-m', '600', fifo]);
  // Reading first, so that the leader's own opening does not wait.
  const fd = await promisify(openFile)(fifo, constants.O_RDONLY | constants.O_NONBLOCK);
  try {
    const args = ['-c', script, 'sluice-run', fifo, ...command];
    const child = spawn('/bin/sh', args, {
      cwd,
      env,
      detached: true,
      stdio: ['ignore', 'ignore', 'ignore', 'pipe'],
    });
    const ended = endOf(child);
    const { control, pid } = await ready(child, ended);
    // Not earlier: it begins to read, and nobody writing yet would be the end of the file.
    const output = new Socket({ fd, readable: true, writable: false });
    return { pid, ended, output, go: () => control.end('go\n') };
  } catch (error) {
    closeSync(fd);
    throw error;
  } finally {
    await rm(fifo, { force: true });
  }
}

async function endOf(child: ChildProcess): Promise<Ended> {
  const [exitCode, signal] = await once(child, 'exit');
  return { exitCode, signal };
}

/** Waits until the shell has opened the pipe. A child that could not be started rejects `ended` with its 'error' event. */
async function ready(child: ChildProcess, ended: Promise<Ended>) {
  const control = child.stdio[3] as Duplex;
  control.on('error', () => undefined);
  const early = ended.then(() => {
    throw new Error('/bin/sh ended before the script began');
  });
  await Promise.race([once(control, 'data'), early]);
  if (child.pid === undefined) throw new Error('it has no process number');
  return { control, pid: child.pid };
}
