import { redact } from '../secret.ts';
import { findProgram } from './find-program.ts';
import { lastLine } from './last-line.ts';
import type { Launch } from './launch.ts';
import { type Leader, startLeader } from './leader.ts';
import { type LogFile, type LogSize, openLog } from './log.ts';
import { type GroupIdentity, identifyGroup, markOf, signalGroup } from './process-group.ts';
import { endContainer, endRemains } from './remains.ts';
import { type Outcome, supervise } from './supervise.ts';
import { startWatchdog } from './watchdog.ts';
import type { Workspace } from './workspace.ts';

export interface RunRequest {
  /** From `isolate`. */
  readonly launch: Launch;
  readonly workspace: Workspace;
  readonly logPath: string;
  /** Default 10 MiB (`openLog`). */
  readonly maxLogBytes?: number;
  /** Default: no limit. */
  readonly timeoutMs?: number | undefined;
  /** Between SIGTERM and SIGKILL; default 10 s. */
  readonly graceMs?: number;
  /** Cancels the run. */
  readonly signal?: AbortSignal | undefined;
  /** Called before the script begins, which waits for it: the place to store the identity. A throw ends the run and is passed on. */
  readonly onStarted?: (group: GroupIdentity) => void | Promise<void>;
  /** Every chunk of output as it comes, for a terminal. */
  readonly onOutput?: ((chunk: Buffer) => void) | undefined;
}

export interface RunResult extends LogSize, Omit<Outcome, 'problem'> {
  /** For an `error` why; else the last line of output, or ''. Known secrets and control characters are removed. */
  readonly lastLine: string;
  readonly durationMs: number;
}

const defaultGraceMs = 10_000;

/**
 * Runs one script to its end: with a session and process group of its own, without input, its output going to a log of limited size.
 * When the script itself has ended, or its time is over, everything it started is ended too. Whatever goes wrong with the script is a
 * value; thrown are only a log that cannot be opened (SluiceError) and what `onStarted` throws.
 */
export async function runScript(request: RunRequest): Promise<RunResult> {
  const began = performance.now();
  const log = await openLog(request.logPath, request.maxLogBytes);
  try {
    const { problem, ...outcome } = await startAndWatch(request, log);
    const last = lastLine(log.tail());
    if (problem !== undefined) await log.write(Buffer.from(`[sluice] ${problem}\n`));
    const size = await log.finish();
    const durationMs = Math.round(performance.now() - began);
    const toolFailed = outcome.exitCode !== undefined && request.launch.toolFailed?.(outcome.exitCode, last);
    const state = toolFailed && outcome.state === 'failure' ? 'error' : outcome.state;
    return { ...outcome, state, lastLine: redact(problem ?? last), ...size, durationMs };
  } catch (error) {
    await log.finish();
    throw error;
  }
}

async function startAndWatch(request: RunRequest, log: LogFile): Promise<Outcome> {
  const { graceMs = defaultGraceMs, launch, signal, workspace } = request;
  if (signal?.aborted) return { state: 'cancelled' };
  const [name = '', ...args] = launch.command;
  // Asked here, because a shell that does not find it can only say so by a status that a script may have too.
  const program = await findProgram(name, launch.env.PATH, workspace.checkout);
  if (program === undefined) return { state: 'error', problem: `the program "${name}" was not found` };
  const begun = await begin([program, ...args], request, graceMs);
  if ('problem' in begun) return { state: 'error', problem: `the script could not be started: ${begun.problem}` };
  const { group, leader } = begun;
  await using _watchdog = begun.watchdog;
  try {
    await request.onStarted?.(group);
    if (signal?.aborted) return { state: 'cancelled' };
    return await supervise(leader, { ...request, graceMs, group, log });
  } finally {
    // Before the watchdog is sent away, so that there is no moment in which nobody would end them.
    await endRemains(group);
    await endContainer(launch);
    leader.output.destroy();
  }
}

/** Everything around the script, which does not run yet. */
async function begin(command: readonly string[], { launch, workspace }: RunRequest, graceMs: number) {
  let leader: Leader | undefined;
  try {
    leader = await startLeader({ command, cwd: workspace.checkout, env: launch.env, dir: workspace.dir });
    const group = await identifyGroup(leader.pid, markOf(workspace));
    const watchdog = await startWatchdog({ group, graceMs, launch, output: leader.output });
    return { leader, group, watchdog };
  } catch (error) {
    // No more processes or files, a full disk, an environment that is too long.
    leader?.output.destroy();
    if (leader !== undefined) signalGroup(leader.pid, 'SIGKILL');
    return { problem: error instanceof Error ? error.message : String(error) };
  }
}
