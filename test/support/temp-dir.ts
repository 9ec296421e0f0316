import { mkdtemp, realpath, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

export interface TempDir extends AsyncDisposable {
  /** Absolute, without symbolic links. */
  readonly path: string;
}

/** `await using dir = await tempDir('sluice-bench-')`: removed when the scope ends. */
export async function tempDir(prefix = 'sluice-test-'): Promise<TempDir> {
  const path = await mkdtemp(join(await realpath(tmpdir()), prefix));
  return {
    path,
    async [Symbol.asyncDispose]() {
      // A git child that is just ending may still write into it: rm retries on ENOTEMPTY.
      await rm(path, { recursive: true, force: true, maxRetries: 5, retryDelay: 50 });
    },
  };
}

/**
 * Path of a directory that goes when the current test is finished. Clean-ups run in reverse order, so a server that is
 * registered later is closed first. In a `test.concurrent`, pass the test context's own `onTestFinished`.
 */
export async function testDir(prefix?: string, onFinished?: (cleanUp: () => Promise<void>) => void): Promise<string> {
  // Imported here because the bench and the demo use `tempDir` outside vitest.
  const register = onFinished ?? (await import('vitest')).onTestFinished;
  const dir = await tempDir(prefix);
  register(async () => dir[Symbol.asyncDispose]());
  return dir.path;
}
