/** node:sqlite warns that it is experimental on Node 22 and early 24; the warning says nothing to our users. */
export async function quietSqlite(): Promise<typeof import('node:sqlite')> {
  const emit = process.emitWarning;
  process.emitWarning = () => {};
  try {
    return await import('node:sqlite');
  } finally {
    process.emitWarning = emit;
  }
}

/** SQLite's primary result code (sqlite.org/rescode.html): 5 busy, 8 read-only, 11 corrupt, 13 full; undefined: not its error. */
export function sqliteCode(error: unknown): number | undefined {
  if (!(error instanceof Error) || !('errcode' in error) || typeof error.errcode !== 'number') return undefined;
  // Extended codes carry the primary one in the low byte.
  return error.errcode & 0xff;
}

export const sqliteBusy = 5;
export const sqliteFull = 13;
