import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { takeLock } from '../../src/core/lock.ts';
import type { ListRefsIfChanged, World } from '../../src/core/poll/ports.ts';
import { openState } from '../../src/core/poll/state/database.ts';
import { history } from '../../src/core/poll/state/history.ts';
import { type WatchPorts, watch } from '../../src/core/poll/watch.ts';
import { commit, isolatedGitEnv, makeBareRepo, setRef } from '../support/git-repo.ts';
import { testDir } from '../support/temp-dir.ts';
import {
  cannedListing,
  eventLog,
  noChangeHeads,
  oid,
  openTestState,
  quickWorld,
  stateFile,
  until,
  watched,
} from '../unit/poll/site.ts';
import { onceOptions } from './poll-site.ts';

function portsOf(more: Partial<WatchPorts> & Pick<WatchPorts, 'db' | 'list'>): WatchPorts {
  return {
    listChangeHeads: async () => noChangeHeads,
    run: async ({ onStart }) => {
      onStart({ group: undefined, log: undefined });
      return { state: 'success' };
    },
    killOrphan: async () => {},
    send: async () => ({}),
    removeLog: async () => {},
    onEvent: () => {},
    world: quickWorld(),
    ...more,
  };
}

describe('1,000 repositories', () => {
  setFlagsFromString('--expose-gc');
  const collect = runInNewContext('gc') as () => void;

  function heapMb(): number {
    collect();
    return process.memoryUsage().heapUsed / 1_000_000;
  }

  test('are looked at 64 at a time, and a quiet cycle leaves nothing behind', async () => {
    const repositories = Array.from({ length: 1000 }, (_, n) => {
      const endpoint = { url: `http://127.0.0.1/r${n}.git`, display: `r${n}`, transport: 'http' } as const;
      return watched(`r${n}`, { endpoint, initial: 'baseline' });
    });
    let asked = 0;
    let open = 0;
    let most = 0;
    const list: ListRefsIfChanged = async (_endpoint, _prefixes, { unlessDigest }) => {
      asked += 1;
      open += 1;
      most = Math.max(most, open);
      await new Promise(setImmediate);
      open -= 1;
      if (unlessDigest === 'same') return { refs: undefined, digest: 'same' };
      return { refs: [{ name: 'refs/heads/main', oid: oid(1) }], digest: 'same' };
    };
    const db = await openTestState();
    const stop = new AbortController();
    const options = { ...onceOptions(repositories), once: false, signal: stop.signal };
    const log = eventLog();
    const watching = watch(
      options,
      portsOf({ db, list, onEvent: log.onEvent, world: { ...quickWorld(), wait: turn } }),
    );
    await until(() => asked >= 3000);
    const early = heapMb();
    await until(() => asked >= 23_000);
    const late = heapMb();
    stop.abort();
    await watching;
    expect(most).toBe(64);
    expect(log.of('baseline')).toHaveLength(1000);
    // 20,000 looks more; a leak of one small object for each would show.
    expect(late - early).toBeLessThan(1.5);
  });

  /** Waits that leave no trace, unlike those of `quickWorld`. */
  async function turn(): Promise<void> {
    await new Promise(setImmediate);
  }
});

test('two processes at once: one works, the other is told who does, and nothing runs twice', async () => {
  const root = await testDir();
  const repository = await makeBareRepo(join(root, 'a.git'));
  const first = await commit(repository, { message: 'one', ref: 'refs/heads/main' });
  for (let n = 0; n < 20; n += 1) await setRef(repository, `refs/heads/b${n}`, first);
  const state = await stateFile();
  const program = join(import.meta.dirname, 'poll-crash-child.ts');
  const start = async () => {
    const args = [program, state, repository, join(root, 'journal'), root, '0'];
    const child = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'pipe'], env: isolatedGitEnv() });
    const [[status], stderr] = await Promise.all([once(child, 'exit') as Promise<[number | null]>, text(child.stderr)]);
    return { pid: child.pid, status, stderr };
  };
  const ends = await Promise.all([start(), start(), start()]);
  const winners = ends.filter(({ status }) => status === 0);
  expect(winners.length).toBeGreaterThanOrEqual(1);
  for (const { status, stderr } of ends) {
    if (status !== 0) expect(stderr).toMatch(/SluiceError: .* is in use by (process \d+|another process)/);
  }
  const db = await openState(state, takeLock);
  const runs = history(db, { limit: 99 });
  await db[Symbol.asyncDispose]();
  expect(runs).toHaveLength(21);
  expect(new Set(runs.map(({ ref }) => ref)).size).toBe(21);
  expect(runs.every(({ state: one }) => one === 'success')).toBe(true);
});

test('whatever the clock says, the same looks bring the same runs in the same order', async () => {
  const looks = [
    { 'refs/heads/main': oid(1) },
    { 'refs/heads/main': oid(2), 'refs/heads/x': oid(3) },
    { 'refs/heads/main': oid(1), 'refs/heads/x': oid(3) },
    { 'refs/heads/main': oid(4) },
  ];
  async function historyWith(now: () => number): Promise<readonly string[]> {
    const db = await openTestState();
    const { said, list } = cannedListing();
    const world: World = { ...quickWorld(), now };
    for (const refs of looks) {
      said.refs = refs;
      await watch(onceOptions([watched('a')]), portsOf({ db, list, world }));
    }
    return history(db, { limit: 99 }).map(({ ref, kind, newOid, state }) => `${ref} ${kind} ${newOid?.[0]} ${state}`);
  }
  const steady = await historyWith(() => 0);
  await fc.assert(
    fc.asyncProperty(fc.infiniteStream(fc.integer({ min: 0, max: 4_000_000_000_000 })), async (times) => {
      const jumping = () => times.next().value ?? 0;
      expect(await historyWith(jumping)).toEqual(steady);
    }),
    { numRuns: 15 },
  );
});
