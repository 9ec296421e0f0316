import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { setTimeout as sleep } from 'node:timers/promises';
import { expect, onTestFinished, test } from 'vitest';
import { openSqliteStore } from '../../src/core/jobs/sqlite/open.ts';
import { testDir } from '../support/temp-dir.ts';

const rounds = 15;
const keys = ['a', 'b', 'c'];

/** What the handlers of one key wrote: between two openings never two at once. */
function overlaps(journal: readonly string[], key: string): readonly string[] {
  const found: string[] = [];
  let running: string | undefined;
  for (const line of journal) {
    const [word, of, id] = line.split(' ');
    if (word === 'open') running = undefined;
    if (of !== key) continue;
    if (word === 'begin' && running !== undefined) found.push(`${id} began while ${running} ran`);
    running = word === 'begin' ? id : undefined;
  }
  return found;
}

test('kill -9 under load: nothing that was acknowledged is lost, nothing overlaps, nothing is left over', async () => {
  const dir = await testDir();
  const path = join(dir, 'jobs.sqlite');
  const journal = join(dir, 'journal');
  const acked = new Set<string>();
  let lastGuid = 0;

  async function start(): Promise<ChildProcess> {
    const child = fork(join(import.meta.dirname, 'jobs-kill-child.ts'), [path, journal], {
      stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
    });
    onTestFinished(() => void child.kill('SIGKILL'));
    child.on('message', (message: { acked?: string }) => {
      if (message.acked !== undefined) acked.add(message.acked);
    });
    await once(child, 'message');
    return child;
  }

  for (let round = 0; round < rounds; round += 1) {
    const child = await start();
    const until = performance.now() + 40 + ((round * 37) % 160);
    while (performance.now() < until) {
      lastGuid += 1;
      // Some come twice, some again after a crash.
      const guid = `g${lastGuid % 7 === 0 ? lastGuid - 5 : lastGuid}`;
      child.send({ guid, key: keys[lastGuid % keys.length] }, () => {});
      if (lastGuid % 4 === 0) await sleep(1);
    }
    child.kill('SIGKILL');
    await once(child, 'exit');
  }
  const last = await start();
  last.send('drain');
  await once(last, 'exit');

  const raw = new DatabaseSync(path);
  expect(raw.prepare('PRAGMA integrity_check').get()).toEqual({ integrity_check: 'ok' });
  raw.close();
  await using store = await openSqliteStore(path, {
    followUps: () => [],
    now: Date.now,
    random: Math.random,
    onFault: () => {},
  });
  expect(acked.size).toBeGreaterThan(rounds);
  const lost: string[] = [];
  for (const guid of acked) {
    const stored = await store.delivery(guid);
    const { success = 0, superseded = 0 } = stored?.jobs ?? {};
    if (success + superseded !== 1) lost.push(`${guid}: ${JSON.stringify(stored?.jobs)}`);
  }
  expect(lost).toEqual([]);
  expect(await store.counts()).toEqual([]);
  const lines = (await readFile(journal, 'utf8')).trim().split('\n');
  for (const key of keys) expect(overlaps(lines, key)).toEqual([]);
  expect(lines.filter((line) => line.startsWith('fault'))).toEqual([]);
});
