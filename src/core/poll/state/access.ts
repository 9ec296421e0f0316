import type { SQLInputValue } from 'node:sqlite';

export type Parameters = Readonly<Record<string, SQLInputValue>>;

export interface Reading {
  /** Rows in the shape that the caller's own SQL gives them. */
  all<Row>(sql: string, parameters?: Parameters): readonly Row[];
  get<Row>(sql: string, parameters?: Parameters): Row | undefined;
}

/** Exists only inside of `write`, so that no statement can write outside of a transaction. */
export interface Writing extends Reading {
  run(sql: string, parameters?: Parameters): { readonly changes: number; readonly insertedId: number };
}

/** The state file, opened for reading and writing by this process alone. */
export interface StateDatabase extends Reading, AsyncDisposable {
  readonly path: string;
  /**
   * Everything that `step` writes happens at once or not at all, and is on the disk when this returns. Throws SluiceError
   * `unavailable` when the disk is full or read-only: nothing has been written then, and the same call may succeed later.
   */
  write<T>(purpose: string, step: (tx: Writing) => T): T;
}

/** The state file, opened for reading while a watcher may be writing it. */
export interface StateReader extends Reading, AsyncDisposable {
  readonly path: string;
}
