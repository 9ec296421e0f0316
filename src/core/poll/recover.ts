import { SluiceError } from '../errors.ts';
import { faultOf, type OnPollEvent } from './events.ts';
import type { KillOrphan } from './ports.ts';
import { abandonedRuns, returnRun } from './progress.ts';
import type { StateDatabase } from './state/access.ts';

export interface RecoverPorts {
  readonly db: StateDatabase;
  readonly killOrphan: KillOrphan;
  readonly onEvent: OnPollEvent;
  readonly now: () => number;
}

/**
 * Cleans up after a process that did not end by itself; to be called before anything is looked at or run. The lock says that nobody
 * else is at work, so whatever is still `running` is not. Its script is ended before the run may begin again: two of one ref
 * never overlap, also across a crash.
 */
export async function recover({ db, killOrphan, onEvent, now }: RecoverPorts): Promise<void> {
  for (const run of abandonedRuns(db)) {
    if (run.group !== undefined) await killOrphan(run.group);
    const fault = new SluiceError('interrupted', 'sluice ended while it ran');
    const left = returnRun(db, run.id, { cause: 'killed', detail: fault.message, now: now() });
    if (left === undefined) continue;
    if (left.state === 'queued') onEvent({ type: 'run-returned', run: left, fault: faultOf(fault) });
    else onEvent({ type: 'run-finished', run: left });
  }
}
