import type { Outcome } from './exchange.ts';
import { rateLimitOf, retryAfterMs } from './rate-limit.ts';

export interface RetryState {
  readonly method: string;
  /** Whatever the method says: carrying it out twice does no harm. Default false. */
  readonly idempotent?: boolean;
  /** Attempts made so far, this one included. */
  readonly attempts: number;
  /** How many of them ran into the time limit, this one included. */
  readonly timeOuts: number;
  readonly maxRetries: number;
  readonly maxWaitMs: number;
  /** Milliseconds since the epoch. */
  readonly now: number;
  /** In [0, 1). */
  readonly random: number;
}

/** Milliseconds to wait before the next attempt, or undefined when this outcome is final. */
export function retryDelay(outcome: Outcome, state: RetryState): number | undefined {
  if (state.attempts > state.maxRetries || !mayPass(outcome, state)) return undefined;
  const asked = askedDelay(outcome, state.now);
  if (asked === undefined) return Math.min(backoff(state), state.maxWaitMs);
  // Waiting less than was asked for is how clients get banned; so a long limit is an error, not a shorter wait.
  return asked > state.maxWaitMs ? undefined : asked;
}

// A request that changes something is sent again only when it certainly was not carried out.
function mayPass(outcome: Outcome, { method, idempotent = false, timeOuts, now }: RetryState): boolean {
  const repeatable = idempotent || method === 'GET' || method === 'PUT' || method === 'DELETE';
  switch (outcome.kind) {
    case 'unreachable':
      return true;
    case 'broken':
      return repeatable;
    case 'timed-out':
      // Once: every further try costs the whole limit again.
      return repeatable && timeOuts === 1;
    case 'answer':
      if (rateLimitOf(outcome, now) !== undefined) return true;
      if (outcome.status === 503 && outcome.headers['retry-after'] !== undefined) return true;
      return repeatable && [500, 502, 503, 504].includes(outcome.status);
    case 'too-large':
    case 'untrusted':
    case 'aborted':
      return false;
  }
}

function askedDelay(outcome: Outcome, now: number): number | undefined {
  if (outcome.kind !== 'answer') return undefined;
  return rateLimitOf(outcome, now)?.waitMs ?? retryAfterMs(outcome.headers['retry-after'], now);
}

// 0.5 s, 1 s, 2 s, …, each between a half and the whole, so that many clients do not come back together.
function backoff({ attempts, random }: RetryState): number {
  return Math.round(500 * 2 ** (attempts - 1) * (0.5 + random / 2));
}
