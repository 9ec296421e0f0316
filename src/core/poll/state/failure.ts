import { SluiceError } from '../../errors.ts';
import { sqliteBusy, sqliteCode, sqliteFull } from '../../sqlite.ts';

/** What SQLite says, as an error that names the file and the next step. Everything that is not SQLite's passes unchanged. */
export function sqliteFailure(error: unknown, purpose: string, path: string): unknown {
  const code = sqliteCode(error);
  if (code === undefined) return error;
  const words = error instanceof Error ? error.message : String(error);
  const message = `cannot ${purpose}: ${words}`;
  switch (code) {
    case sqliteFull:
      return new SluiceError('unavailable', message, { hint: `Free some space on the disk of ${path}.`, cause: error });
    case 8:
    case 10:
      return new SluiceError('unavailable', message, {
        hint: `Is the disk of ${path} healthy and writable?`,
        cause: error,
      });
    case 14:
      return new SluiceError('config', message, {
        hint: `May this user read and write ${path} and its directory?`,
        cause: error,
      });
    case 11:
    case 26:
      return new SluiceError('config', `${message} (${path} is damaged, or no state file of sluice)`, {
        hint: `Put a copy back, or move it away: sluice then begins with an empty state. It was not touched.`,
        cause: error,
      });
    case sqliteBusy:
    case 6:
      return new SluiceError('locked', message, { hint: `Another program has ${path} open.`, cause: error });
    default:
      return new SluiceError('internal', message, { cause: error });
  }
}
