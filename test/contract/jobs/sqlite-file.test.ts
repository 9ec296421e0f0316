import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFile, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { deflateRawSync } from 'node:zlib';
import { describe, expect, onTestFinished, test } from 'vitest';
import { openSqliteStore } from '../../../src/core/jobs/sqlite/open.ts';
import type { JobStore, NewJob } from '../../../src/core/jobs/store.ts';
import { testDir } from '../../support/temp-dir.ts';
import { delivery, job } from './job.ts';

// What is true of the embedded store alone: its file.

const options = { followUps: () => [], now: Date.now, random: () => 0.5, onFault: () => {} };

async function openAt(path: string): Promise<JobStore> {
  const store = await openSqliteStore(path, options);
  onTestFinished(async () => store[Symbol.asyncDispose]());
  return store;
}

async function newPath(): Promise<string> {
  return join(await testDir(), 'data', 'jobs.sqlite');
}

describe('the file of the embedded job store', () => {
  test('is for its user alone, and synced before anything is acknowledged', async () => {
    const path = await newPath();
    const store = await openAt(path);
    await store.accept(delivery(), [job('a')]);
    for (const file of [path, `${path}-wal`]) expect((await stat(file)).mode & 0o077).toBe(0);
    await store[Symbol.asyncDispose]();
    const raw = new DatabaseSync(path);
    expect(raw.prepare('PRAGMA journal_mode').get()).toEqual({ journal_mode: 'wal' });
    expect(raw.prepare('PRAGMA application_id').get()).toEqual({ application_id: 0x736c6a62 });
    raw.close();
  });

  test('belongs to one process; when that is killed, the next one has it at once', async () => {
    const path = await newPath();
    const room = join(import.meta.dirname, '../../../src/core/jobs/sqlite/open.ts');
    const script = `
      import { openSqliteStore } from ${JSON.stringify(room)};
      await openSqliteStore(${JSON.stringify(path)}, { followUps: () => [], now: Date.now, random: Math.random, onFault: () => {} });
      console.log('open');
      setInterval(() => {}, 1000);`;
    const args = ['--input-type=module-typescript', '-e', script];
    const holder = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'inherit'] });
    onTestFinished(() => void holder.kill('SIGKILL'));
    await once(holder.stdout, 'data');
    await expect(openSqliteStore(path, options)).rejects.toMatchObject({
      code: 'locked',
      exit: 75,
      message: `another sluice serve owns ${path}`,
    });
    holder.kill('SIGKILL');
    await once(holder, 'exit');
    await openAt(path);
  });

  test('is left alone when it is of a newer sluice, of another program, or no database at all', async () => {
    const newer = await newPath();
    await (await openSqliteStore(newer, options))[Symbol.asyncDispose]();
    const raw = new DatabaseSync(newer);
    raw.exec('PRAGMA user_version = 99');
    raw.close();
    await expect(openSqliteStore(newer, options)).rejects.toMatchObject({
      code: 'config',
      message: expect.stringContaining('schema 99'),
    });
    const foreign = join(await testDir(), 'other.sqlite');
    const other = new DatabaseSync(foreign);
    other.exec('CREATE TABLE precious (x)');
    other.close();
    await expect(openSqliteStore(foreign, options)).rejects.toMatchObject({
      code: 'config',
      message: `${foreign} is no job store of sluice`,
    });
    const text = join(await testDir(), 'text.sqlite');
    await writeFile(text, 'this is no database, but it is long enough to have a header'.repeat(20));
    const before = await readFile(text);
    await expect(openSqliteStore(text, options)).rejects.toMatchObject({ code: 'config' });
    expect(await readFile(text)).toEqual(before);
  });

  test('of an earlier schema keeps its deliveries with their bodies', async () => {
    const path = await newPath();
    await (await openSqliteStore(path, options))[Symbol.asyncDispose]();
    const raw = new DatabaseSync(path);
    raw.exec(`
      DROP TABLE block;
      ALTER TABLE delivery DROP COLUMN start;
      CREATE TABLE block (id INTEGER PRIMARY KEY, deflated BLOB NOT NULL);
      CREATE TABLE body (delivery INTEGER PRIMARY KEY, block INTEGER NOT NULL, start INTEGER NOT NULL, length INTEGER NOT NULL);
      INSERT INTO delivery (guid, source, event, received_at, headers, bytes)
        VALUES ('a', 'app', 'push', 1, '{}', 3), ('gone', 'app', 'push', 1, '{}', 9), ('b', 'app', 'push', 1, '{}', 4);
      INSERT INTO body VALUES (1, 1, 0, 3), (3, 1, 3, 4);
      PRAGMA user_version = 2`);
    raw.prepare('INSERT INTO block VALUES (1, ?)').run(deflateRawSync('onefour'));
    raw.close();
    const store = await openAt(path);
    await store.accept(delivery({ guid: 'c', body: Buffer.from('new') }), []);
    const bodies = await Promise.all(['a', 'gone', 'b', 'c'].map((guid) => store.body(guid)));
    expect(bodies.map((body) => body && Buffer.from(body).toString())).toEqual(['one', undefined, 'four', 'new']);
  });

  test('one bad row does not fail those that are written with it', async () => {
    const store = await openAt(await newPath());
    const bad = { ...job('bad'), queue: null } as unknown as NewJob;
    const answers = await Promise.allSettled([
      store.accept(delivery(), [job('a')]),
      store.accept(delivery({ guid: 'bad' }), [bad]),
      store.accept(delivery(), [job('c')]),
    ]);
    expect(answers.map(({ status }) => status)).toEqual(['fulfilled', 'rejected', 'fulfilled']);
    expect((await store.list({ limit: 9 })).map(({ name }) => name).sort()).toEqual(['a', 'c']);
    expect(await store.delivery('bad')).toBeUndefined();
  });

  test('a clock that jumps back does not keep a job waiting for the time that was', async () => {
    let now = 1_000_000_000_000;
    const store = await openSqliteStore(await newPath(), { ...options, now: () => now });
    onTestFinished(async () => store[Symbol.asyncDispose]());
    await store.enqueue([job('a', { delayMs: 60_000 })]);
    now -= 7 * 86_400_000;
    const ran = Promise.withResolvers<string>();
    store.work({ queues: ['script'], concurrency: 1, perRepository: 1 }, async ({ name }) => {
      ran.resolve(name);
      return { state: 'success' };
    });
    expect(await ran.promise).toBe('a');
  });
});
