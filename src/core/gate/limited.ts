import { SluiceError } from '../errors.ts';

export interface Limited {
  readonly signal: AbortSignal;
  /** Ends the timer, which would keep the program alive. */
  clear(): void;
}

/**
 * The person's signal and the limit of one asking as one; running out of time is an answer, and not an interruption. The timer keeps the
 * program alive, unlike AbortSignal.timeout: with nothing else to wait for, Node would end with 13 before there is a verdict.
 */
export function limited(signal: AbortSignal, timeoutMs: number): Limited {
  const limit = new AbortController();
  const timer = setTimeout(() => {
    const error = new SluiceError('timed-out', `no answer within ${timeoutMs / 1000} s (--timeout)`, {
      hint: 'Try again later, or raise --timeout.',
    });
    limit.abort(error);
  }, timeoutMs);
  return { signal: AbortSignal.any([signal, limit.signal]), clear: () => clearTimeout(timer) };
}
