import { SluiceError } from '../../errors.ts';
import type { Reading, StateDatabase } from './access.ts';

/**
 * Each entry takes the file from the version of its index to the next; PRAGMA user_version holds the version. Never edit one that was
 * released: append. Ids are handed out once (AUTOINCREMENT), because their order is the order of events: the clock may jump.
 */
const migrations: readonly string[] = [
  `
  CREATE TABLE repository (
    id INTEGER PRIMARY KEY,
    key TEXT NOT NULL UNIQUE,
    selection TEXT, -- what was watched when it was last looked at; NULL: never looked at
    doubted INTEGER NOT NULL DEFAULT 0 -- the last look had lost every branch and tag
  ) STRICT;

  CREATE TABLE ref (
    repository INTEGER NOT NULL REFERENCES repository (id),
    name TEXT NOT NULL,
    oid TEXT NOT NULL,
    blocked INTEGER NOT NULL, -- 1: seen, but nobody has vouched for it
    run INTEGER NOT NULL, -- the run that put it here; 0: the baseline
    PRIMARY KEY (repository, name)
  ) STRICT, WITHOUT ROWID;

  CREATE TABLE run (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    repository INTEGER NOT NULL REFERENCES repository (id),
    ref TEXT NOT NULL,
    kind TEXT NOT NULL,
    old_oid TEXT,
    new_oid TEXT,
    change_number INTEGER,
    state TEXT NOT NULL,
    stop TEXT, -- while running: the state that it shall end in, whatever its outcome
    attempt INTEGER NOT NULL DEFAULT 0,
    results TEXT NOT NULL, -- JSON: where the outcome goes
    queued_at INTEGER NOT NULL,
    started_at INTEGER,
    finished_at INTEGER,
    group_pid INTEGER,
    group_start TEXT,
    exit_status INTEGER,
    log TEXT,
    last_line TEXT,
    detail TEXT,
    report_problems TEXT NOT NULL DEFAULT '[]' -- JSON: sentences
  ) STRICT;
  CREATE INDEX run_by_repository ON run (repository, id);
  CREATE INDEX run_waiting ON run (id) WHERE state = 'queued';
  CREATE INDEX run_with_log ON run (repository, id) WHERE log IS NOT NULL;
  -- The promises themselves: one waiting and one running run for each ref.
  CREATE UNIQUE INDEX run_queued ON run (repository, ref) WHERE state = 'queued';
  CREATE UNIQUE INDEX run_running ON run (repository, ref) WHERE state = 'running';

  CREATE TABLE report (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    run INTEGER NOT NULL REFERENCES run (id),
    kind TEXT NOT NULL,
    phase TEXT NOT NULL,
    attempts INTEGER NOT NULL DEFAULT 0,
    -- A newer phase takes the place of one that was not sent yet.
    UNIQUE (run, kind)
  ) STRICT;
  `,
  'ALTER TABLE run ADD COLUMN faults INTEGER NOT NULL DEFAULT 0',
];

export const schemaVersion = migrations.length;

/** "slpo", in the header of the file (sqlite.org/pragma.html#pragma_application_id). */
const applicationId = 0x736c706f;

interface StateFile extends Reading {
  readonly path: string;
}

/**
 * Before anything is written: a file that is not ours stays as it is, and an older sluice would not know what a newer one means. A file
 * of ours from before it had a mark is known by its tables.
 */
export function refuseStrange(state: StateFile): void {
  const { path } = state;
  const id = state.get<{ application_id: number }>('PRAGMA application_id')?.application_id;
  const tables = state.all<{ name: string }>(`SELECT name FROM sqlite_schema WHERE type = 'table'`);
  const names = new Set(tables.map(({ name }) => name));
  const ours = id === 0 ? tables.length === 0 || ourTables.every((name) => names.has(name)) : id === applicationId;
  if (!ours) {
    throw new SluiceError('config', `${path} is a database of another program, and no poll state`, {
      hint: 'Choose another --state-dir. The file was not touched.',
    });
  }
  const version = versionOf(state);
  if (version <= schemaVersion) return;
  throw new SluiceError(
    'config',
    `the poll state ${path} was written by a newer sluice (schema ${version}, this one knows ${schemaVersion})`,
    { hint: 'Use that sluice, or begin anew with another --state-dir. The file was not touched.' },
  );
}

const ourTables = ['repository', 'ref', 'run', 'report'];

export function migrate(state: StateDatabase): void {
  for (let version = versionOf(state); version < schemaVersion; version += 1) {
    state.write(`bring the poll state ${state.path} to schema ${version + 1}`, (tx) => {
      for (const statement of statementsOf(migrations[version] ?? '')) tx.run(statement);
      tx.run(`PRAGMA user_version = ${version + 1}`);
      tx.run(`PRAGMA application_id = ${applicationId}`);
    });
  }
  if (state.get<{ application_id: number }>('PRAGMA application_id')?.application_id === applicationId) return;
  state.write(`mark the poll state ${state.path}`, (tx) => tx.run(`PRAGMA application_id = ${applicationId}`));
}

function versionOf(state: Reading): number {
  return state.get<{ user_version: number }>('PRAGMA user_version')?.user_version ?? 0;
}

/** SQLite prepares one statement at a time; comments may hold a semicolon, so they go first. */
function statementsOf(migration: string): readonly string[] {
  const plain = migration.replace(/--.*$/gm, '');
  return plain.split(';').filter((statement) => statement.trim() !== '');
}
