import { SluiceError } from '../errors.ts';
import { onAbort } from './on-abort.ts';

/**
 * Runs a step that talks to somebody else, with a signal that ends it after `limitMs` or with the outer signal. Returns then in any
 * case: a step that does not listen to its signal must not hold up everybody else.
 */
export async function withTimeLimit<T>(
  purpose: string,
  limits: { readonly limitMs: number; readonly signal: AbortSignal },
  step: (signal: AbortSignal) => Promise<T>,
): Promise<T> {
  limits.signal.throwIfAborted();
  const controller = new AbortController();
  const { promise: ended, reject } = Promise.withResolvers<never>();
  const end = (reason: unknown) => {
    controller.abort(reason);
    reject(reason);
  };
  const timer = setTimeout(() => {
    end(new SluiceError('timed-out', `${purpose}: no answer within ${limits.limitMs / 1000} s`));
  }, limits.limitMs);
  const forget = onAbort(limits.signal, () => end(limits.signal.reason));
  try {
    return await Promise.race([step(controller.signal), ended]);
  } finally {
    clearTimeout(timer);
    forget();
  }
}
