import { onAbort } from '../poll/on-abort.ts';
import type { World } from '../poll/ports.ts';

const tickMs = 100;

/**
 * Waits, whose ends fall together: a thousand repositories wake the process ten times a second and not two hundred times, each for
 * itself. Short waits are taken at their word.
 */
export const waitForTick: World['wait'] = (ms, signal) => {
  if (signal.aborted) return Promise.resolve();
  return new Promise((resolve) => {
    const now = performance.now();
    const end = ms < 10 * tickMs ? now + ms : Math.ceil((now + ms) / tickMs) * tickMs;
    const timer = setTimeout(finish, end - now);
    const forget = onAbort(signal, finish);
    function finish(): void {
      clearTimeout(timer);
      forget();
      resolve();
    }
  });
};
