import { SluiceError } from '../../errors.ts';
import type { Connection, Reading } from './connection.ts';

/** "sljb": tells a job store from any other SQLite file (PRAGMA application_id). */
const applicationId = 0x736c6a62;

/**
 * Each entry takes the file from the version of its index to the next; PRAGMA user_version holds the version. Never edit one that was
 * released: append. Ids are handed out once (AUTOINCREMENT), because their order is the order of events: the clock may jump.
 */
const migrations: readonly string[] = [
  `
  CREATE TABLE delivery (
    seq INTEGER PRIMARY KEY AUTOINCREMENT,
    guid TEXT NOT NULL,
    source TEXT NOT NULL,
    event TEXT NOT NULL,
    repo TEXT,
    received_at INTEGER NOT NULL,
    headers TEXT NOT NULL, -- JSON
    reason TEXT,
    bytes INTEGER NOT NULL,
    repeats INTEGER NOT NULL DEFAULT 0
  ) STRICT;
  CREATE UNIQUE INDEX delivery_guid ON delivery (guid, source);
  CREATE INDEX delivery_repo ON delivery (repo, seq);

  -- Beside the row: what the pages read stays small.
  CREATE TABLE block (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    deflated BLOB NOT NULL -- bodies one behind the other
  ) STRICT;
  CREATE TABLE body (
    delivery INTEGER PRIMARY KEY REFERENCES delivery (seq),
    block INTEGER NOT NULL REFERENCES block (id),
    start INTEGER NOT NULL, -- in the inflated block
    length INTEGER NOT NULL
  ) STRICT;
  CREATE INDEX body_block ON body (block);

  CREATE TABLE job (
    seq INTEGER PRIMARY KEY AUTOINCREMENT,
    delivery INTEGER REFERENCES delivery (seq),
    rule TEXT NOT NULL,
    queue TEXT NOT NULL,
    name TEXT NOT NULL,
    repo TEXT NOT NULL,
    event TEXT NOT NULL,
    ref TEXT,
    branch TEXT,
    sha TEXT,
    change_number INTEGER,
    lane TEXT,
    key TEXT,
    data TEXT NOT NULL, -- JSON
    state TEXT NOT NULL,
    stop TEXT, -- while running: what it shall end as, whatever comes of it
    pinned INTEGER NOT NULL DEFAULT 0,
    forget INTEGER NOT NULL,
    attempt INTEGER NOT NULL DEFAULT 0,
    attempts INTEGER NOT NULL,
    delay_ms INTEGER NOT NULL,
    longest_ms INTEGER NOT NULL,
    not_before INTEGER,
    queued_at INTEGER NOT NULL,
    started_at INTEGER,
    finished_at INTEGER,
    processes TEXT,
    last_line TEXT NOT NULL DEFAULT '',
    detail TEXT NOT NULL DEFAULT '',
    superseded_by INTEGER
  ) STRICT;
  CREATE UNIQUE INDEX job_rule ON job (delivery, rule) WHERE delivery IS NOT NULL;
  CREATE INDEX job_queued ON job (seq) WHERE state = 'queued';
  CREATE INDEX job_lane ON job (lane, seq) WHERE lane IS NOT NULL AND state IN ('queued', 'running');
  CREATE INDEX job_key ON job (key, seq) WHERE key IS NOT NULL;
  CREATE INDEX job_open ON job (key, seq) WHERE key IS NOT NULL AND state IN ('queued', 'running', 'waiting');
  CREATE INDEX job_repo ON job (repo, seq);
  CREATE INDEX job_unsettled ON job (state, seq) WHERE state NOT IN ('success', 'skipped', 'superseded', 'cancelled');
  -- The promise itself: one job of a lane at a time.
  CREATE UNIQUE INDEX job_running ON job (lane) WHERE lane IS NOT NULL AND state = 'running';

  CREATE TABLE note (
    name TEXT PRIMARY KEY,
    value TEXT NOT NULL
  ) STRICT, WITHOUT ROWID;
  `,
  'ALTER TABLE job ADD COLUMN told TEXT; -- the commit of which somebody was told that it is not settled yet',
  // Fewer pages to write and to sync for each delivery: its row says itself where its body is.
  `
  ALTER TABLE delivery ADD COLUMN start INTEGER; -- of its body, in its unpacked block; null: it is no longer kept
  UPDATE delivery SET start = (SELECT start FROM body WHERE delivery = seq);
  CREATE TABLE packed (
    first INTEGER PRIMARY KEY, -- numbers of deliveries, which follow each other
    last INTEGER NOT NULL,
    packed BLOB NOT NULL -- their bodies, one behind the other, compressed
  ) STRICT;
  INSERT INTO packed SELECT min(delivery), max(delivery), deflated FROM body JOIN block ON id = block GROUP BY id;
  DROP TABLE body;
  DROP TABLE block;
  ALTER TABLE packed RENAME TO block;
  `,
];

const schemaVersion = migrations.length;

/** Before anything is written: somebody else's file stays as it is, and an older sluice would not know what a newer one means. */
export function refuseStranger(db: Reading, path: string): void {
  const { tables } = db.get<{ tables: number }>('SELECT count(*) AS tables FROM sqlite_schema') ?? { tables: 0 };
  const owner = db.get<{ application_id: number }>('PRAGMA application_id')?.application_id;
  if (tables > 0 && owner !== applicationId) {
    throw new SluiceError('config', `${path} is no job store of sluice`, {
      hint: 'Choose another directory with --data-dir. The file was not touched.',
    });
  }
  const version = versionOf(db);
  if (version <= schemaVersion) return;
  throw new SluiceError(
    'config',
    `the job store ${path} was written by a newer sluice (schema ${version}, this one knows ${schemaVersion})`,
    { hint: 'Use that sluice, or another --data-dir.' },
  );
}

export async function migrate(db: Connection): Promise<void> {
  for (let version = versionOf(db); version < schemaVersion; version += 1) {
    await db.write(`bring the job store ${db.path} to schema ${version + 1}`, (tx) => {
      for (const statement of statementsOf(migrations[version] ?? '')) tx.run(statement);
      tx.run(`PRAGMA application_id = ${applicationId}`);
      tx.run(`PRAGMA user_version = ${version + 1}`);
    });
  }
}

function versionOf(db: Reading): number {
  return db.get<{ user_version: number }>('PRAGMA user_version')?.user_version ?? 0;
}

/** SQLite prepares one statement at a time; comments may hold a semicolon, so they go first. */
function statementsOf(migration: string): readonly string[] {
  const plain = migration.replace(/--.*$/gm, '');
  return plain.split(';').filter((statement) => statement.trim() !== '');
}
