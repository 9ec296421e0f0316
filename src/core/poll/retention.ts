import type { WatchedRepository } from './repository.ts';
import type { StateDatabase } from './state/access.ts';
import { forgetLogs, oldLogs } from './state/history.ts';

/** Removes one log file; one that is gone already is no error. */
export type RemoveLog = (path: string) => Promise<void>;

/** Keeps the newest logs of a repository. Files go first: a crash in between leaves nothing behind that nobody knows of. */
export async function pruneLogs(db: StateDatabase, repository: WatchedRepository, remove: RemoveLog): Promise<void> {
  const old = oldLogs(db, repository.key, repository.keepLogs);
  if (old.length === 0) return;
  for (const { path } of old) await remove(path);
  const runs = old.map(({ run }) => run);
  db.write(`forget the old logs of ${repository.key}`, (tx) => forgetLogs(tx, runs));
}
