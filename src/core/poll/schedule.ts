import { longestDurationMs } from '../model/duration.ts';

/** Nobody asks a remote more often than this, whatever is configured. */
export const floorMs = 5_000;

/** A remote that fails is asked less and less often, but at least once in this time. */
const longestFailureDelayMs = 3_600_000;

export interface LookHistory {
  readonly intervalMs: number;
  /** Failed looks since the last good one. */
  readonly failures: number;
  /** What the remote asked for (Retry-After) when it failed. */
  readonly retryAfterMs: number | undefined;
  /** In [0, 1). */
  readonly random: number;
}

/**
 * Milliseconds until the next look: the interval ±10 %, so that a thousand repositories do not come back together; twice as long after
 * each failure, up to an hour; never less than the remote asked for.
 */
export function nextLookDelay({ intervalMs, failures, retryAfterMs = 0, random }: LookHistory): number {
  const interval = Math.max(intervalMs, floorMs);
  const longest = Math.max(interval, longestFailureDelayMs);
  // 2 ** 30 is beyond any limit, and a larger power would be Infinity some day.
  const patient = Math.min(interval * 2 ** Math.min(failures, 30), longest);
  const spread = Math.max(patient * (0.9 + random * 0.2), floorMs);
  const asked = retryAfterMs * (1 + random * 0.1);
  return Math.round(Math.min(Math.max(spread, asked), longestDurationMs));
}

/** Milliseconds before the next attempt of anything else (a report, a run that could not be begun): 5 s, 10 s, 20 s, … up to an hour, ±10 %. */
export function nextAttemptDelay(attempts: number, retryAfterMs: number | undefined, random: number): number {
  return nextLookDelay({ intervalMs: floorMs, failures: Math.max(0, attempts - 1), retryAfterMs, random });
}
