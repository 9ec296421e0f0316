import { execFileSync } from 'node:child_process';
import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, onTestFinished, test } from 'vitest';
import { SluiceError } from '../../src/core/errors.ts';
import { takeLock } from '../../src/core/lock.ts';
import type { RunPipeline } from '../../src/core/poll/ports.ts';
import type { StateDatabase } from '../../src/core/poll/state/access.ts';
import { openState } from '../../src/core/poll/state/database.ts';
import { history } from '../../src/core/poll/state/history.ts';
import { knownRefs } from '../../src/core/poll/state/refs.ts';
import { type WatchOptions, type WatchPorts, watch } from '../../src/core/poll/watch.ts';
import { openScene } from '../e2e/poll-scene.ts';
import { testDir } from '../support/temp-dir.ts';
import {
  cannedListing,
  eventLog,
  noChangeHeads,
  oid,
  quickWorld,
  sentReports,
  unsentReports,
  until,
  watched,
} from '../unit/poll/site.ts';
import { onceOptions } from './poll-site.ts';

/** Why a small disk of its own cannot be had here; undefined: it can. */
function noDisk(): string | undefined {
  if (process.platform !== 'linux' || process.getuid?.() !== 0) return 'only root on Linux can mount a tmpfs';
  try {
    execFileSync('unshare', ['-m', 'true'], { stdio: 'ignore' });
    return undefined;
  } catch {
    return 'mounting is not allowed here';
  }
}

const reason = noDisk();

/** A disk of one megabyte, gone with the test. */
async function smallDisk(): Promise<string> {
  const dir = join(await testDir(), 'disk');
  mkdirSync(dir);
  execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=1m', 'tmpfs', dir]);
  onTestFinished(() => void execFileSync('umount', ['--lazy', dir]));
  return dir;
}

function fill(disk: string): void {
  try {
    writeFileSync(join(disk, 'ballast'), Buffer.alloc(2_000_000));
  } catch (error) {
    if (!(error instanceof Error && 'code' in error && error.code === 'ENOSPC')) throw error;
  }
}

function free(disk: string): void {
  rmSync(join(disk, 'ballast'));
}

/** So many refs that they do not fit in what is left of a page that the file owns already. */
function manyRefs(n: number): Record<string, string> {
  return Object.fromEntries(Array.from({ length: 400 }, (_, at) => [`refs/heads/branch/number/${at}`, oid(n)]));
}

const repository = watched('a', { results: ['status', 'notes'], concurrency: 400 });

async function site(disk: string, refs: Record<string, string>, run?: RunPipeline) {
  const db = await openState(join(disk, 'poll.db'), takeLock);
  onTestFinished(async () => db[Symbol.asyncDispose]());
  const { said, list } = cannedListing(refs);
  const log = eventLog();
  const sent = sentReports();
  const scripts: string[] = [];
  const ports: WatchPorts = {
    db,
    list,
    listChangeHeads: async () => noChangeHeads,
    run:
      run ??
      (async (request) => {
        scripts.push(request.run.ref);
        request.onStart({ group: undefined, log: undefined });
        return { state: 'success' };
      }),
    killOrphan: async () => {},
    send: sent.send,
    removeLog: async () => {},
    onEvent: log.onEvent,
    world: quickWorld(),
  };
  return { db, said, log, sent, scripts, ports };
}

function integrity(db: StateDatabase): unknown {
  return db.get('PRAGMA integrity_check');
}

describe.skipIf(reason !== undefined)(`a full disk${reason === undefined ? '' : ` (skipped: ${reason})`}`, () => {
  test('a look that cannot be recorded leaves nothing half-done, and is repeated when there is room', async () => {
    const disk = await smallDisk();
    const { db, said, log, ports, scripts } = await site(disk, { 'refs/heads/main': oid(1) });
    await watch(onceOptions([repository]), ports);
    fill(disk);
    said.refs = { 'refs/heads/main': oid(1), ...manyRefs(2) };
    await watch(onceOptions([repository]), ports);
    expect(log.of('look-failed')).toMatchObject([{ fault: { code: 'unavailable', message: /full/ } }]);
    expect(history(db, { limit: 9 })).toHaveLength(1);
    expect([...knownRefs(db, 1).keys()]).toEqual(['refs/heads/main']);
    free(disk);
    await watch(onceOptions([watched('a')]), ports);
    expect(scripts).toHaveLength(401);
    expect(integrity(db)).toEqual({ integrity_check: 'ok' });
  });

  test('results wait in memory until there is room; no script runs twice for it', async () => {
    const disk = await smallDisk();
    const begun: string[] = [];
    const gate = Promise.withResolvers<void>();
    const run: RunPipeline = async (request) => {
      begun.push(request.run.ref);
      request.onStart({ group: undefined, log: undefined });
      await gate.promise;
      return { state: 'success', lastLine: 'x'.repeat(20_000) };
    };
    const { db, log, ports } = await site(
      disk,
      { 'refs/heads/a': oid(1), 'refs/heads/b': oid(2), 'refs/heads/c': oid(3) },
      run,
    );
    const stop = new AbortController();
    const options: WatchOptions = { ...onceOptions([repository]), once: false, signal: stop.signal };
    const watching = watch(options, ports);
    await until(() => begun.length === 3);
    fill(disk);
    gate.resolve();
    await until(() => log.of('state-failed').length > 3);
    expect(log.of('state-failed')[0]).toMatchObject({ fault: { code: 'unavailable' } });
    free(disk);
    await until(() => log.of('run-finished').length === 3);
    stop.abort(new SluiceError('interrupted', 'test'));
    await watching;
    expect(begun).toHaveLength(3);
    expect(history(db, { limit: 9 }).map(({ state }) => state)).toEqual(['success', 'success', 'success']);
    expect(integrity(db)).toEqual({ integrity_check: 'ok' });
  });

  test('a script whose start cannot be written down is ended, and begun again when there is room', async () => {
    const disk = await smallDisk();
    const starts: boolean[] = [];
    const run: RunPipeline = async (request) => {
      if (starts.length === 0) fill(disk);
      request.onStart({ group: { pid: 1, startTime: '1' }, log: 'x'.repeat(200_000) });
      starts.push(!request.signal.aborted);
      return request.signal.aborted ? { state: 'cancelled' } : { state: 'success' };
    };
    const { db, log, ports } = await site(disk, { 'refs/heads/main': oid(1) }, run);
    const stop = new AbortController();
    const watching = watch({ ...onceOptions([repository]), once: false, signal: stop.signal }, ports);
    await until(() => starts.length === 1);
    free(disk);
    await until(() => log.types().includes('run-finished'));
    stop.abort();
    await watching;
    expect(starts).toEqual([false, true]);
    expect(history(db, { limit: 9 })).toMatchObject([{ state: 'success', attempt: 1 }]);
  });

  test('--once gives up with 69 and leaves everything to the next time', async () => {
    const disk = await smallDisk();
    const run: RunPipeline = async (request) => {
      request.onStart({ group: undefined, log: undefined });
      fill(disk);
      return { state: 'success', lastLine: 'x'.repeat(200_000) };
    };
    const { db, ports, sent } = await site(disk, { 'refs/heads/main': oid(1) }, run);
    await expect(watch(onceOptions([repository]), ports)).rejects.toMatchObject({ code: 'unavailable', exit: 69 });
    expect(history(db, { limit: 9 })).toMatchObject([{ state: 'running' }]);
    free(disk);
    await watch(onceOptions([repository]), { ...ports, run: async () => ({ state: 'success' }) });
    expect(history(db, { limit: 9 })).toMatchObject([{ state: 'success', attempt: 2 }]);
    expect(sent.reports.filter(({ phase }) => phase === 'final')).toHaveLength(2);
    expect(unsentReports(db)).toBe(0);
  });
});

describe.skipIf(reason !== undefined)(
  `a full disk at the start${reason === undefined ? '' : ` (skipped: ${reason})`}`,
  () => {
    test('under the state passes: a service is to be started again', async () => {
      const disk = await smallDisk();
      await (await openState(join(disk, 'poll.db'), takeLock))[Symbol.asyncDispose]();
      fill(disk);
      await expect(openState(join(disk, 'poll.db'), takeLock)).rejects.toMatchObject({
        code: 'unavailable',
        hint: expect.stringContaining('not full'),
      });
    });

    test('under the cache: the run waits until there is room', async () => {
      const scene = await openScene();
      const disk = await smallDisk();
      const env = { SLUICE_CACHE_DIR: disk };
      fill(disk);
      const full = await scene.poll(['--initial', 'run', '--timeout', '3', scene.repo], { env });
      expect(full).toMatchObject({ status: 69, runs: [] });
      expect(full.events).toContainEqual(
        expect.objectContaining({ type: 'run-returned', fault: expect.objectContaining({ code: 'unavailable' }) }),
      );
      expect(await scene.history()).toMatchObject([{ state: 'queued', attempt: 0 }]);
      free(disk);
      expect(await scene.poll([scene.repo], { env })).toMatchObject({ status: 0, runs: [{ state: 'success' }] });
    });
  },
);

describe.skipIf(reason !== undefined)(`a read-only disk${reason === undefined ? '' : ` (skipped: ${reason})`}`, () => {
  test('is named when the state is opened', async () => {
    const disk = await smallDisk();
    await (await openState(join(disk, 'old', 'poll.db'), takeLock))[Symbol.asyncDispose]();
    execFileSync('mount', ['-o', 'remount,ro', disk]);
    await expect(openState(join(disk, 'old', 'poll.db'), takeLock)).rejects.toMatchObject({
      code: 'config',
      hint: expect.stringContaining('writable'),
    });
    await expect(openState(join(disk, 'state', 'poll.db'), takeLock)).rejects.toMatchObject({
      code: 'config',
      message: expect.stringContaining(join(disk, 'state')),
    });
    await expect(openState(join(disk, 'poll.db'), takeLock)).rejects.toMatchObject({
      code: 'config',
      message: expect.stringContaining(disk),
    });
  });
});
