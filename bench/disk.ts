import { lstat, readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';

const sampleEveryMs = 5;

/**
 * Runs `work` and gives the largest size that the directory had meanwhile. Looking disturbs what is looked at, so this is for
 * runs whose time does not count.
 */
export async function peakSize(dir: string, work: () => Promise<unknown>): Promise<number> {
  let peak = 0;
  let over = false;
  const watcher = (async () => {
    while (!over) {
      peak = Math.max(peak, await sizeOf(dir));
      await delay(sampleEveryMs);
    }
  })();
  try {
    await work();
  } finally {
    over = true;
  }
  await watcher;
  return Math.max(peak, await sizeOf(dir));
}

/** Bytes of all files below; what disappears while it is counted counts nothing. */
async function sizeOf(dir: string): Promise<number> {
  const entries = await readdir(dir, { withFileTypes: true }).catch(() => []);
  const sizes = entries.map(async (entry) => {
    const path = join(dir, entry.name);
    if (entry.isDirectory()) return await sizeOf(path);
    return await lstat(path).then(
      ({ size }) => size,
      () => 0,
    );
  });
  return (await Promise.all(sizes)).reduce((sum, size) => sum + size, 0);
}
