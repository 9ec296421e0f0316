import { availableParallelism } from 'node:os';
import { defineConfig } from 'vitest/config';

export default defineConfig({
  test: {
    include: ['test/**/*.test.ts'],
    // Most of the time goes into waiting for children, so more files at once than there are cores; by default it would be one fewer.
    maxWorkers: Math.max(3, availableParallelism() + 1),
    // Real git, real servers: a slow machine must not turn a right answer into a failure.
    testTimeout: 60_000,
    hookTimeout: 60_000,
    globalSetup: ['test/support/built.ts'],
  },
});
