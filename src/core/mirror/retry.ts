import { setTimeout as sleep } from 'node:timers/promises';
import { SluiceError } from '../errors.ts';

export interface RetryOptions {
  /** How often a failed step is tried again; 0: never. */
  readonly retries: number;
  readonly signal?: AbortSignal | undefined;
  readonly onRetry?: (error: SluiceError, delayMs: number) => void;
}

const firstDelayMs = 1_000;
const longestDelayMs = 30_000;

/** Runs a step that talks to a remote, again with growing pauses while its fault may pass; the last error is thrown. */
export async function withRetries<T>(options: RetryOptions, step: (attempt: number) => Promise<T>): Promise<T> {
  for (let attempt = 0; ; attempt += 1) {
    try {
      return await step(attempt);
    } catch (error) {
      if (!(error instanceof SluiceError) || !mayPass(error) || attempt >= options.retries) throw error;
      // The run's own limit looks like a time-out of the remote, and is none.
      options.signal?.throwIfAborted();
      const delayMs = Math.max(error.retryAfterMs ?? 0, firstDelayMs * 3 ** attempt);
      // A forge that asks for more patience than this gets a later run (exit 75), not a sleeping process.
      if (delayMs > longestDelayMs) throw error;
      options.onRetry?.(error, delayMs);
      await pause(delayMs, options.signal);
    }
  }
}

/** Ended early by the signal, it throws the signal's own reason. */
async function pause(delayMs: number, signal: AbortSignal | undefined): Promise<void> {
  try {
    await sleep(delayMs, undefined, signal === undefined ? {} : { signal });
  } catch (error) {
    signal?.throwIfAborted();
    throw error;
  }
}

/** A lock has had its own waiting time, and an interrupt is final. */
function mayPass(error: SluiceError): boolean {
  return error.retryable && error.code !== 'locked' && error.code !== 'interrupted';
}
