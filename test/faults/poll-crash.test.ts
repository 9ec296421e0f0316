import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { cp, mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { expect, test } from 'vitest';
import { takeLock } from '../../src/core/lock.ts';
import { openState } from '../../src/core/poll/state/database.ts';
import { history } from '../../src/core/poll/state/history.ts';
import { knownRefs } from '../../src/core/poll/state/refs.ts';
import { watch } from '../../src/core/poll/watch.ts';
import { commit, deleteRef, isolatedGitEnv, makeBareRepo, setRef } from '../support/git-repo.ts';
import { testDir } from '../support/temp-dir.ts';
import { unsentReports } from '../unit/poll/site.ts';
import { crashPorts, crashRepository, onceOptions, openJournal } from './poll-site.ts';

interface Scene {
  readonly root: string;
  readonly repository: string;
  /** Directory of the state as it was before the cycle that is to be killed. */
  readonly before: string;
  /** What the cycle has to bring about: `ref oid` of every script, and the number of the history's lines. */
  readonly scripts: readonly string[];
  readonly changes: number;
}

/** A state that knows three refs; then one has moved, one is gone, one is new on a known commit. */
async function scene(): Promise<Scene> {
  const root = await testDir();
  const repository = await makeBareRepo(join(root, 'a.git'));
  const first = await commit(repository, { message: 'one', ref: 'refs/heads/main' });
  await setRef(repository, 'refs/heads/gone', first);
  await setRef(repository, 'refs/heads/same', first);
  const before = join(root, 'before');
  await mkdir(before);
  await cycle(join(before, 'poll.db'), repository, join(before, 'journal'));
  const second = await commit(repository, { message: 'two', parent: first, ref: 'refs/heads/main' });
  await setRef(repository, 'refs/heads/new/one', first);
  await deleteRef(repository, 'refs/heads/gone');
  const old = ['gone', 'main', 'same'].map((name) => `refs/heads/${name} ${first}`);
  const scripts = [...old, `refs/heads/main ${second}`, `refs/heads/new/one ${first}`].sort();
  return { root, repository, before, scripts, changes: 6 };
}

/** One cycle in this process that nobody disturbs. */
async function cycle(state: string, repository: string, journal: string): Promise<void> {
  await using db = await openState(state, takeLock);
  const ports = crashPorts(openJournal(journal), join(repository, '..'), () => {});
  await watch(onceOptions([crashRepository(repository)]), { db, ...ports });
}

/** One cycle in a process of its own that is killed at that point; the number of points when it got through. */
async function killedCycle(
  { root, repository }: Scene,
  dir: string,
  crashAt: number | string,
): Promise<number | undefined> {
  const program = join(import.meta.dirname, 'poll-crash-child.ts');
  const args = [program, join(dir, 'poll.db'), repository, join(dir, 'journal'), root, String(crashAt)];
  const child = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'pipe'], env: isolatedGitEnv() });
  const [[status, signal], stdout, stderr] = await Promise.all([
    once(child, 'exit') as Promise<[number | null, NodeJS.Signals | null]>,
    text(child.stdout),
    text(child.stderr),
  ]);
  if (signal === 'SIGKILL') return undefined;
  if (status !== 0) throw new Error(`the cycle ended with ${status}: ${stderr}`);
  return Number(stdout);
}

/** After any number of crashes and one cycle that got through: nothing is lost, nothing stands in the history twice. */
async function expectWhole(scenery: Scene, dir: string): Promise<void> {
  await using db = await openState(join(dir, 'poll.db'), takeLock);
  const runs = history(db, { limit: 999 });
  expect(runs).toHaveLength(scenery.changes);
  expect(
    runs
      .filter(({ state }) => state === 'success')
      .map(({ ref, newOid }) => `${ref} ${newOid}`)
      .sort(),
  ).toEqual(scenery.scripts);
  expect(runs.filter(({ state }) => state === 'skipped')).toMatchObject([{ kind: 'deleted', ref: 'refs/heads/gone' }]);
  expect([...knownRefs(db, 1).values()].map(({ state }) => state)).toEqual(['settled', 'settled', 'settled']);
  expect(unsentReports(db)).toBe(0);
  const journal = openJournal(join(dir, 'journal')).lines();
  for (const script of scenery.scripts) expect(journal).toContain(`script ${script}`);
  for (const { id } of runs.filter(({ state }) => state === 'success')) {
    expect(journal).toContain(`report ${id}/notes/final`);
    // Sent twice is allowed, out of order is not.
    expect(journal.lastIndexOf(`report ${id}/status/pending`)).toBeLessThan(
      journal.indexOf(`report ${id}/status/final`),
    );
    // One with a result is not begun again.
    const final = journal.indexOf(`report ${id}/status/final`);
    expect(journal.slice(final)).not.toContain(`killed ${id}`);
  }
  for (const { id, ref, newOid } of runs.filter(({ state }) => state === 'success')) {
    // A script that could still be running was ended before it was begun again.
    const steps = journal.filter((line) => line === `script ${ref} ${newOid}` || line === `killed ${id}`);
    const begun = steps.flatMap((line, at) => (line.startsWith('script') ? [at] : []));
    for (const at of begun.slice(1)) expect(steps[at - 1]).toBe(`killed ${id}`);
  }
}

async function copyOf({ root, before }: Scene, name: string): Promise<string> {
  const dir = join(root, name);
  await cp(before, dir, { recursive: true });
  return dir;
}

test('kill -9 at every write and around every act, each followed by a restart', { timeout: 300_000 }, async () => {
  const scenery = await scene();
  let crashAt = 1;
  for (; ; crashAt += 1) {
    const dir = await copyOf(scenery, `crash-${crashAt}`);
    const through = await killedCycle(scenery, dir, crashAt);
    await cycle(join(dir, 'poll.db'), scenery.repository, join(dir, 'journal'));
    await expectWhole(scenery, dir);
    if (through !== undefined) break;
  }
  // record, and for both runs: claim, start, finish, three reports; two points for each commit, three in a script, two for a report.
  expect(crashAt - 1).toBeGreaterThanOrEqual(45);
});

test('kill -9 again while it recovers', { timeout: 300_000 }, async () => {
  const scenery = await scene();
  const once = await copyOf(scenery, 'once');
  await killedCycle(scenery, once, 'script refs/heads/main');
  for (let crashAt = 1; ; crashAt += 1) {
    const dir = join(scenery.root, `again-${crashAt}`);
    await cp(once, dir, { recursive: true });
    const through = await killedCycle(scenery, dir, crashAt);
    await cycle(join(dir, 'poll.db'), scenery.repository, join(dir, 'journal'));
    await expectWhole(scenery, dir);
    if (through !== undefined) return;
  }
});

test('kill -9 in the very first cycle, the schema included', { timeout: 300_000 }, async () => {
  const root = await testDir();
  const repository = await makeBareRepo(join(root, 'a.git'));
  const first = await commit(repository, { message: 'one', ref: 'refs/heads/main' });
  const before = join(root, 'before');
  const scenery: Scene = { root, repository, before, scripts: [`refs/heads/main ${first}`], changes: 1 };
  for (let crashAt = 1; ; crashAt += 1) {
    const dir = join(root, `crash-${crashAt}`);
    await mkdir(dir);
    const through = await killedCycle(scenery, dir, crashAt);
    await cycle(join(dir, 'poll.db'), repository, join(dir, 'journal'));
    await using db = await openState(join(dir, 'poll.db'), takeLock);
    const runs = history(db, { limit: 9 }).map(({ ref, newOid, state }) => ({ ref, newOid, state }));
    expect(runs).toEqual([{ ref: 'refs/heads/main', newOid: first, state: 'success' }]);
    expect(unsentReports(db)).toBe(0);
    if (through !== undefined) return;
  }
});

test('a script that takes sluice down with it is given up after three attempts, and that is reported', async () => {
  const scenery = await scene();
  const dir = await copyOf(scenery, 'deadly');
  for (let n = 0; n < 3; n += 1) expect(await killedCycle(scenery, dir, 'script refs/heads/main')).toBeUndefined();
  await cycle(join(dir, 'poll.db'), scenery.repository, join(dir, 'journal'));
  await using db = await openState(join(dir, 'poll.db'), takeLock);
  const [deadly] = history(db, { limit: 1, ref: 'refs/heads/main' });
  expect(deadly).toMatchObject({ state: 'error', attempt: 3, detail: 'sluice ended while it ran (attempt 3)' });
  expect(openJournal(join(dir, 'journal')).lines()).toContain(`report ${deadly?.id}/status/final`);
});
