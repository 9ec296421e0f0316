import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import type { Socket } from 'node:net';
import type { Launch } from './launch.ts';
import type { GroupIdentity } from './process-group.ts';

/**
 * Waits for the end of a pipe that only sluice holds. A line: all is well. The end without a line: sluice was killed, even by
 * SIGKILL. Then it ends the group as sluice would have: TERM, KILL after the grace, then those that left the group, then the
 * command that ends a container. `grep -z` reads /proc/PID/environ, whose entries end with NUL. The
 * oldest form of kill, because dash does not understand `kill -TERM --`.
 */
const script = `
IFS= read -r line && exit 0
group=$1 mark=$2 grace=$3
shift 3
kill -TERM "-$group"
kill -CONT "-$group"
while [ "$grace" -gt 0 ] && kill -0 "-$group"; do sleep 1; grace=$((grace - 1)); done
kill -KILL "-$group"
for environ in $(grep -lzxF -e "$mark" /proc/[0-9]*/environ); do
  pid=\${environ#/proc/}
  kill -KILL "\${pid%/environ}"
done
[ "$#" -gt 0 ] && exec "$@"
`;

/** Disposing says that the run is over and its processes are gone: the watchdog ends without doing anything. */
export type Watchdog = AsyncDisposable;

export interface WatchdogOptions {
  readonly group: GroupIdentity;
  readonly graceMs: number;
  readonly launch: Pick<Launch, 'end' | 'env'>;
  /** The script's output. Held open beyond sluice's end, or a script that tidies up would die of SIGPIPE at its first word. */
  readonly output: Socket;
}

/**
 * Starts the process that ends a run when sluice itself dies. It has a session of its own, so neither Ctrl-C nor the end of the group
 * reaches it. Throws when it cannot be started (no more processes): the run must not begin then.
 */
export async function startWatchdog({ group, graceMs, launch, output }: WatchdogOptions): Promise<Watchdog> {
  const seconds = String(Math.ceil(graceMs / 1000));
  const args = ['-c', script, 'sluice-watchdog', String(group.pgid), group.mark, seconds, ...(launch.end ?? [])];
  // Without TMPDIR it does not carry the mark of the run.
  const { TMPDIR: _, ...env } = launch.env;
  const child = spawn('/bin/sh', args, { cwd: '/', env, detached: true, stdio: ['pipe', 'ignore', 'ignore', output] });
  await started(child);
  const { stdin } = child;
  // It was killed by somebody: the run goes on without it.
  stdin?.on('error', () => undefined);
  return {
    async [Symbol.asyncDispose]() {
      const exited = child.exitCode !== null || child.signalCode !== null;
      stdin?.end('done\n');
      if (!exited) await once(child, 'exit');
    },
  };
}

async function started(child: ChildProcess): Promise<void> {
  await new Promise<void>((resolve, reject) => {
    child.once('spawn', resolve);
    child.once('error', reject);
  });
}
