import { setTimeout as sleep } from 'node:timers/promises';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';

setFlagsFromString('--expose-gc');
const collectGarbage = runInNewContext('gc') as () => void;

/**
 * Bytes of buffers that something still refers to: what only waits to be collected says nothing about a leak. V8 frees buffers in
 * another thread after a collection, so the least of several looks counts.
 */
export async function heldBufferBytes(): Promise<number> {
  let least = Number.POSITIVE_INFINITY;
  for (let look = 0; look < 4; look++) {
    collectGarbage();
    await sleep(10);
    least = Math.min(least, process.memoryUsage().arrayBuffers);
  }
  return least;
}
