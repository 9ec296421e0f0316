// Started by poll-crash.test.ts: one cycle over a real state file and a real repository, killed by SIGKILL at its N-th crash point, or at the
// one that is named.
// Crash points are before and after every COMMIT, and around everything that is done to the world outside.
import { DatabaseSync } from 'node:sqlite';
import { takeLock } from '../../src/core/lock.ts';
import { openState } from '../../src/core/poll/state/database.ts';
import { watch } from '../../src/core/poll/watch.ts';
import { crashPorts, crashRepository, onceOptions, openJournal } from './poll-site.ts';

const [state = '', repository = '', journal = '', tempRoot = '', crashAt = '0'] = process.argv.slice(2);
let points = 0;

function point(label?: string): void {
  points += 1;
  if (points !== Number(crashAt) && label !== crashAt) return;
  process.kill(process.pid, 'SIGKILL');
  // Nothing of this process may go on until the kernel has ended it.
  for (;;) Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0);
}

const { exec } = DatabaseSync.prototype;
DatabaseSync.prototype.exec = function (sql) {
  if (sql === 'COMMIT') point();
  exec.call(this, sql);
  if (sql === 'COMMIT') point();
};

const db = await openState(state, takeLock);
await watch(onceOptions([crashRepository(repository)]), { db, ...crashPorts(openJournal(journal), tempRoot, point) });
await db[Symbol.asyncDispose]();
process.stdout.write(String(points));
