import { SluiceError } from '../errors.ts';
import { openBatch } from './batch.ts';
import { faultOf, type PollEvent } from './events.ts';
import { type Looked, type LookMemory, type LookPorts, lookAt } from './look.ts';
import { type OutboxPorts, startOutbox } from './outbox.ts';
import type { KillOrphan } from './ports.ts';
import { recover } from './recover.ts';
import { forEachRemote, type Remote } from './remote.ts';
import type { WatchedRepository } from './repository.ts';
import { openRhythm } from './rhythm.ts';
import type { Slots } from './slots.ts';
import { addToTally, emptyTally, type Tally } from './tally.ts';
import { startWorker, type WorkPorts } from './work.ts';

export interface WatchOptions {
  readonly repositories: readonly WatchedRepository[];
  /** One look at everything, all runs and reports that follow, and the end. */
  readonly once: boolean;
  /** Most runs at one time, over all repositories. */
  readonly concurrency: number;
  readonly supersedeRunning: boolean;
  /** How long scripts may go on after the signal. */
  readonly graceMs: number;
  /** Limit of one request to a remote or a forge. */
  readonly requestLimitMs: number;
  /** Ends the watching. */
  readonly signal: AbortSignal;
}

export type WatchPorts = Pick<LookPorts, 'db' | 'list' | 'listChangeHeads' | 'onEvent'> &
  Pick<WorkPorts, 'run' | 'removeLog' | 'world'> &
  Pick<OutboxPorts, 'send'> & { readonly killOrphan: KillOrphan };

/** `--once` is for cron: what takes longer than this to try again is left to the next time. */
const longestWaitOnceMs = 30_000;
const saveAttemptsOnce = 3;

/**
 * Watches repositories until the signal, or looks at each of them once. The next look goes on while scripts run. Everything that matters
 * is in the state file before it is acted upon, so this may be killed at any point. The result is told as events; the tally sums them up.
 * Throws only what keeps everything from going on: a state file that cannot be written (after some patience), two repositories of one key.
 */
export async function watch(options: WatchOptions, ports: WatchPorts): Promise<Tally> {
  refuseSameKey(options.repositories);
  const { repositories, once, signal } = options;
  const { db, world } = ports;
  let tally = emptyTally;
  const onEvent = (event: PollEvent) => {
    tally = addToTally(tally, event);
    ports.onEvent(event);
  };
  await recover({ db, killOrphan: ports.killOrphan, onEvent, now: world.now });
  const longestWaitMs = once ? longestWaitOnceMs : Number.POSITIVE_INFINITY;
  const saveAttempts = once ? saveAttemptsOnce : Number.POSITIVE_INFINITY;
  const outbox = startOutbox(
    { repositories, limitMs: options.requestLimitMs, longestWaitMs },
    { db, send: ports.send, onEvent, world },
  );
  const { concurrency, graceMs } = options;
  const worker = startWorker(
    { repositories, concurrency, graceMs, saveAttempts, longestWaitMs },
    { db, run: ports.run, removeLog: ports.removeLog, onEvent, onReports: outbox.wake, world },
  );
  const stop = new AbortController();
  const watcher: Watcher = {
    ports: { ...ports, onEvent, now: world.now, batch: openBatch(db) },
    options,
    signal: AbortSignal.any([signal, stop.signal]),
    onLooked({ stopped, changed }) {
      worker.end(stopped);
      // Almost every look finds nothing, and must cost nothing beyond itself.
      if (!changed) return;
      worker.wake();
      outbox.wake();
    },
  };
  try {
    worker.wake();
    outbox.wake();
    await Promise.race([worker.failed, lookAtAll(watcher)]);
    if (once) await untilAborted(signal, worker.idle());
    if (once) await untilAborted(signal, outbox.drained());
  } finally {
    stop.abort(new SluiceError('interrupted', 'the watching has ended'));
    await worker.close();
    await outbox.close();
  }
  return tally;
}

interface Watcher {
  readonly ports: LookPorts & Pick<WatchPorts, 'world'>;
  readonly options: WatchOptions;
  readonly signal: AbortSignal;
  readonly onLooked: (looked: Looked) => void;
}

/** All remotes at the same time, each in its own rhythm. */
async function lookAtAll(watcher: Watcher): Promise<void> {
  const { repositories, once } = watcher.options;
  await forEachRemote(repositories, (remote, slotsOfHost) =>
    once ? lookOnce(remote, slotsOfHost, watcher) : followRemote(remote, slotsOfHost, watcher),
  );
}

const freshMemory: LookMemory = { digest: undefined };

/** A fault that passes in a moment must not cost cron a mail, nor the change a minute; one that lasts is told. */
async function lookOnce(remote: Remote, slotsOfHost: Slots, watcher: Watcher): Promise<void> {
  const { ports, signal } = watcher;
  for (let attempt = 1; !signal.aborted; attempt += 1) {
    const looked = await look(remote, freshMemory, slotsOfHost, watcher, true);
    const waitMs = onceRetryDelay(attempt, looked.failures);
    if (signal.aborted) return;
    if (waitMs === undefined) return tellFailures(looked.failures, undefined, ports);
    await ports.world.wait(waitMs, signal);
    if (signal.aborted) tellFailures(looked.failures, undefined, ports);
  }
}

const onceRetryDelaysMs = [1_000, 3_000];

/** Undefined: there is nothing to try again, or no use in it. The forges' API clients are patient by themselves. */
function onceRetryDelay(attempt: number, failures: Looked['failures']): number | undefined {
  const [first] = failures.filter(({ from }) => from === 'remote').map(({ error }) => error);
  const ms = onceRetryDelaysMs[attempt - 1];
  // A remote that did not answer within the limit has had its time.
  if (ms === undefined || !first?.retryable || first.code === 'timed-out') return undefined;
  const asked = first.retryAfterMs ?? 0;
  return asked > longestWaitOnceMs ? undefined : Math.max(ms, asked);
}

async function followRemote(remote: Remote, slotsOfHost: Slots, watcher: Watcher): Promise<void> {
  const { ports, signal } = watcher;
  const rhythm = openRhythm(remote.intervalMs, ports.world.random);
  let memory = freshMemory;
  while (!signal.aborted) {
    const looked = await look(remote, memory, slotsOfHost, watcher, rhythm.asksForge());
    // What was cut off by the end of the watching is nobody's fault.
    if (signal.aborted) return;
    memory = looked.memory;
    const { delayMs, forgeDelayMs, recovered } = rhythm.next(looked.failures);
    if (recovered) tellRecovered(remote, ports);
    for (const failure of looked.failures) {
      tellFailures([failure], failure.from === 'forge' ? forgeDelayMs : delayMs, ports);
    }
    await ports.world.wait(delayMs, signal);
  }
}

async function look(
  remote: Remote,
  memory: LookMemory,
  slotsOfHost: Slots,
  { ports, options, signal, onLooked }: Watcher,
  asksForge: boolean,
): Promise<Looked> {
  const { supersedeRunning, requestLimitMs: limitMs } = options;
  const looked = await slotsOfHost(() =>
    lookAt(remote, memory, ports, { supersedeRunning, limitMs, signal, asksForge }),
  );
  onLooked(looked);
  return looked;
}

function tellFailures(failures: Looked['failures'], retryInMs: number | undefined, { onEvent }: LookPorts): void {
  for (const { repository, error } of failures) {
    onEvent({ type: 'look-failed', repository, fault: faultOf(error), retryInMs });
  }
}

function tellRecovered({ watchers }: Remote, { onEvent }: LookPorts): void {
  for (const { key } of watchers) onEvent({ type: 'look-recovered', repository: key });
}

/** Waits for the step or the signal, whichever comes first. */
async function untilAborted(signal: AbortSignal, step: Promise<void>): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<void>();
  const onAbort = () => resolve();
  if (signal.aborted) resolve();
  signal.addEventListener('abort', onAbort, { once: true });
  try {
    await Promise.race([step, promise]);
  } finally {
    signal.removeEventListener('abort', onAbort);
  }
}

function refuseSameKey(repositories: readonly WatchedRepository[]): void {
  const seen = new Set<string>();
  for (const { key } of repositories) {
    if (seen.has(key)) {
      throw new SluiceError('config', `two watched repositories have the same name ${JSON.stringify(key)}`, {
        hint: 'Give one of them a `name:` of its own.',
      });
    }
    seen.add(key);
  }
}
