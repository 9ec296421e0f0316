import type { DatabaseSync, SQLInputValue, StatementSync } from 'node:sqlite';
import { SluiceError } from '../../errors.ts';
import { sqliteFailure } from '../../sqlite-failure.ts';
import { openPacker, type Packer } from './blocks.ts';

export type Parameters = Readonly<Record<string, SQLInputValue>>;

export interface Reading {
  /** Rows in the shape that the caller's own SQL gives them. */
  all<Row>(sql: string, parameters?: Parameters): readonly Row[];
  get<Row>(sql: string, parameters?: Parameters): Row | undefined;
}

/** Exists only inside of `write`, so that no statement can write outside of a transaction. */
export interface Writing extends Reading {
  run(sql: string, parameters?: Parameters): { readonly changes: number; readonly insertedId: number };
  /** Keeps a body, with those of the same transaction. */
  readonly pack: Packer['pack'];
  /** To be called once everything is on the disk; not at all when it does not get there. */
  after(effect: () => void): void;
}

export interface Connection extends Reading {
  readonly path: string;
  /**
   * Everything that `step` writes happens at once or not at all, and is on the disk when this resolves. Steps that come while the event
   * loop is busy share one transaction and one fsync, so `step` may run twice and must do nothing but write.
   */
  write<T>(purpose: string, step: (tx: Writing) => T): Promise<T>;
  /** Writes what is waiting and closes the file. */
  close(): void;
}

interface Member {
  readonly purpose: string;
  readonly step: (tx: Writing) => unknown;
  readonly resolve: (value: unknown) => void;
  readonly reject: (error: unknown) => void;
  result: unknown;
  effects: (() => void)[];
}

/** So that a flood of deliveries does not keep the event loop for long. */
const mostInGroup = 256;

export function connection(path: string, database: DatabaseSync): Connection {
  const statements = new Map<string, StatementSync>();
  let waiting: Member[] = [];
  let scheduled = false;

  function prepared(sql: string): StatementSync {
    const statement = statements.get(sql) ?? database.prepare(sql);
    statements.set(sql, statement);
    return statement;
  }

  function reading<T>(step: () => T): T {
    if (!database.isOpen) throw new SluiceError('interrupted', `the job store ${path} is closed`);
    try {
      return step();
    } catch (error) {
      throw sqliteFailure(error, `read the job store ${path}`, path);
    }
  }

  const rows = {
    all: <Row>(sql: string, parameters: Parameters = {}) => prepared(sql).all(parameters) as Row[],
    get: <Row>(sql: string, parameters: Parameters = {}) => prepared(sql).get(parameters) as Row | undefined,
  };

  function run(sql: string, parameters: Parameters = {}) {
    const { changes, lastInsertRowid } = prepared(sql).run(parameters);
    return { changes: Number(changes), insertedId: Number(lastInsertRowid) };
  }

  function writing(member: Member, { pack }: Packer): Writing {
    return {
      ...rows,
      run,
      pack,
      after: (effect) => void member.effects.push(effect),
    };
  }

  /** Undefined when the whole group is on the disk; else nothing of it is. */
  function attempt(group: readonly Member[]): { readonly error: unknown } | undefined {
    try {
      database.exec('BEGIN IMMEDIATE');
      const packer = openPacker(run);
      for (const member of group) {
        member.effects = [];
        member.result = member.step(writing(member, packer));
      }
      packer.finish();
      database.exec('COMMIT');
      return undefined;
    } catch (error) {
      // A full disk ends the transaction by itself (sqlite.org/lang_transaction.html).
      if (database.isOpen && database.isTransaction) database.exec('ROLLBACK');
      return { error };
    }
  }

  function commit(group: readonly Member[]): void {
    const failed = attempt(group);
    if (failed !== undefined) {
      refuse(group, failed.error);
      return;
    }
    for (const effect of group.flatMap(({ effects }) => effects)) effect();
    for (const { resolve, result } of group) resolve(result);
  }

  function refuse(group: readonly Member[], error: unknown): void {
    const fault = sqliteFailure(error, group[0]?.purpose ?? 'write', path);
    const everybodys = fault instanceof SluiceError && (fault.code === 'unavailable' || fault.code === 'locked');
    for (const member of group) {
      // One bad row must not fail its neighbours.
      if (group.length > 1 && !everybodys) commit([member]);
      else member.reject(fault);
    }
  }

  function flush(): void {
    scheduled = false;
    const group = waiting.slice(0, mostInGroup);
    waiting = waiting.slice(mostInGroup);
    if (waiting.length > 0) schedule();
    if (group.length > 0) commit(group);
  }

  function schedule(): void {
    if (scheduled) return;
    scheduled = true;
    setImmediate(flush);
  }

  return {
    path,
    all: (sql, parameters) => reading(() => rows.all(sql, parameters)),
    get: (sql, parameters) => reading(() => rows.get(sql, parameters)),
    write<T>(purpose: string, step: (tx: Writing) => T) {
      const { promise, resolve, reject } = Promise.withResolvers<T>();
      if (!database.isOpen) reject(new SluiceError('interrupted', `${purpose}: the job store ${path} is closed`));
      const settle = resolve as (value: unknown) => void;
      waiting.push({ purpose, step, resolve: settle, reject, result: undefined, effects: [] });
      schedule();
      return promise;
    },
    close() {
      while (database.isOpen && waiting.length > 0) flush();
      statements.clear();
      if (database.isOpen) database.close();
    },
  };
}
