import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { promisify } from 'node:util';
import { describe, expect, onTestFinished, test } from 'vitest';
import { takeLock } from '../../../src/core/lock.ts';
import { claimRun, returnRun } from '../../../src/core/poll/progress.ts';
import { openState, openStateReader } from '../../../src/core/poll/state/database.ts';
import { findRun } from '../../../src/core/poll/state/history.ts';
import { addRepository, findRepository } from '../../../src/core/poll/state/repositories.ts';
import { schemaVersion } from '../../../src/core/poll/state/schema.ts';
import { openTestState, stateFile } from './site.ts';

const room = join(import.meta.dirname, '../../../src/core');

/** Another process that has the state file open; ended with the test. */
async function holdElsewhere(path: string) {
  const script = `
    import { takeLock } from ${JSON.stringify(join(room, 'lock.ts'))};
    import { openState } from ${JSON.stringify(join(room, 'poll/state/database.ts'))};
    await openState(${JSON.stringify(path)}, takeLock);
    console.log('open');
    setInterval(() => {}, 1000);`;
  const child = spawn(process.execPath, ['--input-type=module-typescript', '-e', script], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  onTestFinished(() => void child.kill('SIGKILL'));
  await once(child.stdout, 'data');
  return child;
}

describe('openState', () => {
  test('makes the file, and finds what was written when it is opened again', async () => {
    const path = await stateFile();
    const first = await openState(path, takeLock);
    first.write('test', (tx) => addRepository(tx, 'a'));
    await first[Symbol.asyncDispose]();
    const second = await openTestState(path);
    expect(findRepository(second, 'a')).toEqual({ id: 1, key: 'a', selection: null, doubted: 0 });
    expect(second.get('PRAGMA journal_mode')).toEqual({ journal_mode: 'wal' });
    expect(second.get('PRAGMA synchronous')).toEqual({ synchronous: 2 });
    expect(second.get('PRAGMA user_version')).toEqual({ user_version: schemaVersion });
  });

  test('a second process is refused and told the pid of the first; when that is killed, the state is free', async () => {
    const path = await stateFile();
    const holder = await holdElsewhere(path);
    await expect(openState(path, takeLock)).rejects.toMatchObject({
      code: 'locked',
      exit: 75,
      message: expect.stringContaining(`process ${holder.pid}`),
    });
    holder.kill('SIGKILL');
    await once(holder, 'exit');
    await openTestState(path);
  });

  test('a file of a newer sluice is refused before anything is written', async () => {
    const path = await stateFile();
    await mkdir(dirname(path));
    const newer = new DatabaseSync(path);
    newer.exec(`PRAGMA user_version = ${schemaVersion + 1}`);
    newer.close();
    await expect(openState(path, takeLock)).rejects.toMatchObject({
      code: 'config',
      message: expect.stringContaining(`schema ${schemaVersion + 1}`),
    });
    await expect(openStateReader(path)).rejects.toMatchObject({
      code: 'config',
      message: expect.stringContaining(path),
      hint: expect.stringContaining('--state-dir'),
    });
  });

  test.each([
    ['without a mark', 'CREATE TABLE repository (id INTEGER PRIMARY KEY)'],
    ['with its own mark', 'PRAGMA application_id = 1'],
  ])('a database of another program (%s) is named and left as it is', async (_what, sql) => {
    const path = await stateFile();
    await mkdir(dirname(path));
    const foreign = new DatabaseSync(path);
    foreign.exec(`CREATE TABLE notes (text); ${sql}`);
    foreign.close();
    const before = await readFile(path);
    const refusal = { code: 'config', exit: 78, message: expect.stringContaining(`${path} is a database of another`) };
    await expect(openState(path, takeLock)).rejects.toMatchObject(refusal);
    await expect(openStateReader(path)).rejects.toMatchObject(refusal);
    expect(await readFile(path)).toEqual(before);
  });

  test('a state of schema 1 is read as it is, and brought to this one when it is opened', async () => {
    const path = await stateFile();
    const first = await openState(path, takeLock);
    first.write('test', (tx) => {
      addRepository(tx, 'a');
      tx.run(`INSERT INTO run (repository, ref, kind, state, results, queued_at)
        VALUES (1, 'refs/heads/main', 'created', 'queued', '[]', 1)`);
      tx.run('ALTER TABLE run DROP COLUMN faults');
      tx.run('PRAGMA user_version = 1');
    });
    await first[Symbol.asyncDispose]();
    const reader = await openStateReader(path);
    if (reader === undefined) throw new Error('there is no state');
    expect(findRun(reader, 1)).toMatchObject({ state: 'queued', faults: 0 });
    await reader[Symbol.asyncDispose]();
    const second = await openTestState(path);
    expect(claimRun(second, { repositories: [1], except: [] }, 2)).toMatchObject({ id: 1, faults: 0 });
    expect(returnRun(second, 1, { cause: 'fault', detail: 'x', now: 3 })).toMatchObject({ faults: 1 });
  });

  test('a state from before files had a mark is taken over', async () => {
    const path = await stateFile();
    const first = await openState(path, takeLock);
    const marked = first.get('PRAGMA application_id');
    first.write('test', (tx) => addRepository(tx, 'a'));
    await first[Symbol.asyncDispose]();
    const old = new DatabaseSync(path);
    old.exec('PRAGMA application_id = 0');
    old.close();
    const second = await openTestState(path);
    expect(second.get('PRAGMA application_id')).toEqual(marked);
    expect(marked).not.toEqual({ application_id: 0 });
    expect(findRepository(second, 'a')).toBeDefined();
  });

  test.each([
    ['no database at all', 'this is no database, but it is long enough to have a header'.repeat(20)],
    ['a torn page', undefined],
  ])('a damaged file (%s) is named and left as it is', async (_what, text) => {
    const path = await stateFile();
    await mkdir(dirname(path));
    if (text === undefined) await tear(path);
    else await writeFile(path, text);
    const before = await readFile(path);
    await expect(useAll(path)).rejects.toMatchObject({ code: 'config', message: expect.stringContaining(path) });
    expect(await readFile(path)).toEqual(before);
  });

  test('what throws inside of a transaction leaves nothing, and the next one works', async () => {
    const db = await openTestState();
    const broken = () =>
      db.write('test', (tx) => {
        addRepository(tx, 'a');
        throw new Error('stop');
      });
    expect(broken).toThrow('stop');
    expect(findRepository(db, 'a')).toBeUndefined();
    db.write('test', (tx) => addRepository(tx, 'b'));
    expect(findRepository(db, 'b')).toBeDefined();
  });

  test('a write inside of a write is a bug, and says so', async () => {
    const db = await openTestState();
    expect(() => db.write('outer', () => db.write('inner', () => 1))).toThrow(/inner: inside of another transaction/);
  });
});

describe('openStateReader', () => {
  test('reads while another process has the state open, without a lock; there is nothing to read before', async () => {
    const path = await stateFile();
    expect(await openStateReader(path)).toBeUndefined();
    await holdElsewhere(path);
    const reader = await openStateReader(path);
    expect(reader?.all('SELECT key FROM repository')).toEqual([]);
    await reader?.[Symbol.asyncDispose]();
  });

  test('sees what was committed, writes nothing', async () => {
    const path = await stateFile();
    const db = await openTestState(path);
    const reader = await openStateReader(path);
    db.write('test', (tx) => addRepository(tx, 'a'));
    expect(reader?.all('SELECT key FROM repository')).toEqual([{ key: 'a' }]);
    expect(() => reader?.all("INSERT INTO repository (key) VALUES ('b')")).toThrow(/readonly/);
    await reader?.[Symbol.asyncDispose]();
  });
});

test('the warning of an older Node about node:sqlite does not reach the user', async () => {
  const script = `import { quietSqlite } from ${JSON.stringify(join(room, 'sqlite.ts'))}; await quietSqlite();`;
  const { stderr } = await promisify(execFile)(process.execPath, ['--input-type=module-typescript', '-e', script]);
  expect(stderr).toBe('');
});

async function tear(path: string): Promise<void> {
  const db = await openState(path, takeLock);
  db.write('test', (tx) => {
    for (let n = 0; n < 500; n += 1) addRepository(tx, `repository ${n}`);
  });
  await db[Symbol.asyncDispose]();
  const bytes = await readFile(path);
  bytes.fill(0xff, 8192);
  await writeFile(path, bytes);
}

async function useAll(path: string): Promise<void> {
  await using db = await openState(path, takeLock);
  for (let n = 0; n < 500; n += 1) findRepository(db, `repository ${n}`);
}
