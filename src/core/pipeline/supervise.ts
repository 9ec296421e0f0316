import { setTimeout as sleep } from 'node:timers/promises';
import type { Launch } from './launch.ts';
import type { Leader } from './leader.ts';
import type { LogFile } from './log.ts';
import { type GroupIdentity, signalGroup, untilGone } from './process-group.ts';
import { askToEnd, endRemains } from './remains.ts';

/** `failure`: the script said no, or a signal ended it. `error`: it could not be started. */
export type RunState = 'success' | 'failure' | 'error' | 'timed-out' | 'cancelled';

export interface Outcome {
  readonly state: RunState;
  readonly exitCode?: number;
  readonly signal?: NodeJS.Signals;
  /** Why it could not be started. */
  readonly problem?: string;
}

export interface Supervision {
  readonly launch: Launch;
  readonly group: GroupIdentity;
  readonly log: LogFile;
  readonly graceMs: number;
  readonly timeoutMs?: number | undefined;
  readonly signal?: AbortSignal | undefined;
  readonly onOutput?: ((chunk: Buffer) => void) | undefined;
}

/** How long output is waited for when the script itself has ended but somebody still holds its output. */
const drainMs = 500;
/** The longest that setTimeout can wait: 24.8 days. More would fire at once. */
const longestTimerMs = 2 ** 31 - 1;

/** Lets the script go, copies its output, and comes back when it and everything it started is gone. */
export async function supervise(leader: Leader, supervision: Supervision): Promise<Outcome> {
  const copied = copyOutput(leader, supervision);
  const limits = watchLimits(supervision);
  leader.go();
  const { exitCode, signal } = await leader.ended;
  limits.clear();
  // A shell dies of SIGTERM at once; what it started may still be tidying up.
  await untilGone(supervision.group, limits.graceLeftMs());
  await within(drainMs, copied);
  await endRemains(supervision.group);
  await within(drainMs, copied);
  leader.output.destroy();
  await copied;
  const state = limits.reason ?? (exitCode === 0 ? 'success' : 'failure');
  return { state, ...(exitCode === null ? {} : { exitCode }), ...(signal === null ? {} : { signal }) };
}

/** Ends by itself when nobody holds the output any more, or when it is destroyed. */
async function copyOutput({ output }: Leader, { log, onOutput }: Supervision): Promise<void> {
  try {
    for await (const chunk of output) {
      onOutput?.(chunk);
      await log.write(chunk);
    }
  } catch {
    // Destroyed: what did not come within the drain is not waited for.
  }
}

/** Asks the script to end when it is cancelled or its time is over, and ends it after the grace. */
function watchLimits({ graceMs, group, launch, signal, timeoutMs }: Supervision) {
  const timers: NodeJS.Timeout[] = [];
  let stoppedAt: number | undefined;
  const limits = {
    reason: undefined as 'timed-out' | 'cancelled' | undefined,
    /** 0 when nobody was asked to end. */
    graceLeftMs: () => (stoppedAt === undefined ? 0 : stoppedAt + graceMs - performance.now()),
    clear() {
      signal?.removeEventListener('abort', cancel);
      for (const timer of timers) clearTimeout(timer);
    },
  };
  const stop = (reason: 'timed-out' | 'cancelled') => {
    if (limits.reason !== undefined) return;
    limits.reason = reason;
    stoppedAt = performance.now();
    timers.push(setTimeout(() => signalGroup(group.pgid, 'SIGKILL'), graceMs));
    void askToEnd(group, launch);
  };
  const cancel = () => stop('cancelled');
  signal?.addEventListener('abort', cancel, { once: true });
  if (timeoutMs !== undefined) {
    timers.push(setTimeout(() => stop('timed-out'), Math.min(timeoutMs, longestTimerMs)));
  }
  return limits;
}

async function within(ms: number, work: Promise<void>): Promise<void> {
  const timer = new AbortController();
  const limit = sleep(ms, undefined, { signal: timer.signal }).catch(() => undefined);
  await Promise.race([work, limit]);
  timer.abort();
}
