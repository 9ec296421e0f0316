import { SluiceError } from './errors.ts';
import { sqliteCode, sqliteFull } from './sqlite.ts';

/**
 * A file or directory of this machine that cannot be made or written: `unavailable` when the disk is full, which passes; else `config`.
 * `what` is the whole sentence but for the system's own words.
 */
export function diskError(what: string, error: unknown, hint: string): SluiceError {
  const words = error instanceof Error ? error.message : String(error);
  const code = error instanceof Error && 'code' in error ? error.code : undefined;
  const full = code === 'ENOSPC' || code === 'EDQUOT' || sqliteCode(error) === sqliteFull;
  return new SluiceError(full ? 'unavailable' : 'config', `${what}: ${words}`, { hint, cause: error });
}
