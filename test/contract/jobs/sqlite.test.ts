import { cp } from 'node:fs/promises';
import { join } from 'node:path';
import { openSqliteStore } from '../../../src/core/jobs/sqlite/open.ts';
import { testDir } from '../../support/temp-dir.ts';
import { jobStoreSuite, type OpenOptions } from './suite.ts';

function openAt(dir: string, { followUps = () => [] }: OpenOptions = {}) {
  const options = { followUps, now: Date.now, random: () => 0.5, onFault: () => {} };
  return openSqliteStore(join(dir, 'jobs.sqlite'), options);
}

jobStoreSuite({
  name: 'over SQLite',
  async open(options) {
    const root = await testDir();
    const first = join(root, 'first');
    return {
      store: await openAt(first, options),
      // The files as they are at this moment are what a killed process leaves behind.
      async reopen() {
        const copy = join(root, 'copy');
        await cp(first, copy, { recursive: true });
        return await openAt(copy, options);
      },
    };
  },
});
