import { SluiceError } from './errors.ts';
import { sqliteBusy, sqliteCode, sqliteFull } from './sqlite.ts';

/** What SQLite says, as an error that names the file and the next step. Everything that is not SQLite's passes unchanged. */
export function sqliteFailure(error: unknown, purpose: string, path: string): unknown {
  const code = sqliteCode(error);
  if (code === undefined) return error;
  const message = `cannot ${purpose}: ${error instanceof Error ? error.message : String(error)}`;
  const fail = (kind: ConstructorParameters<typeof SluiceError>[0], hint?: string) =>
    new SluiceError(kind, message, { ...(hint === undefined ? {} : { hint }), cause: error });
  switch (code) {
    case sqliteFull:
      return fail('unavailable', `Free some space on the disk of ${path}.`);
    // Read-only, or an error of the disk.
    case 8:
    case 10:
      return fail('unavailable', `Is the disk of ${path} healthy and writable?`);
    case 14:
      return fail('config', `May this user read and write ${path} and its directory?`);
    // Corrupt, or no database at all.
    case 11:
    case 26:
      return fail('config', `${path} is damaged, or another program's file. It was not touched; put a copy back.`);
    case sqliteBusy:
    case 6:
      return fail('locked', `Another program has ${path} open.`);
    default:
      return fail('internal');
  }
}
