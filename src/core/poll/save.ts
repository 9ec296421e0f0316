import { toSluiceError } from '../errors.ts';
import { faultOf, type OnPollEvent } from './events.ts';
import type { World } from './ports.ts';
import { nextAttemptDelay } from './schedule.ts';

export interface SaveOptions {
  readonly world: World;
  readonly onEvent: OnPollEvent;
  /** How often a write is tried that the disk refuses; Infinity for a watcher that waits until somebody has made room. */
  readonly saveAttempts: number;
  /** Ends the waiting: one last attempt is made. */
  readonly signal: AbortSignal;
}

/** Writes to the state, again and again while its disk is full: a result that is only in memory must not be lost by that. */
export async function save<T>(options: SaveOptions, step: () => T): Promise<T> {
  for (let attempt = 1; ; attempt += 1) {
    const last = attempt >= options.saveAttempts || options.signal.aborted;
    try {
      return step();
    } catch (error) {
      const failed = toSluiceError(error);
      if (failed.code !== 'unavailable' || last) throw failed;
      const retryInMs = nextAttemptDelay(attempt, undefined, options.world.random());
      options.onEvent({ type: 'state-failed', fault: faultOf(failed), retryInMs });
      await options.world.wait(retryInMs, options.signal);
    }
  }
}
