import { join } from 'node:path';
import { describe, expect, onTestFinished, test } from 'vitest';
import { SluiceError } from '../../../src/core/errors.ts';
import { openWire } from '../../../src/core/git/wire/wire.ts';
import type {
  ChangeHead,
  ChangeHeads,
  ListRefsIfChanged,
  PipelineOutcome,
  RunPipeline,
  SendReport,
} from '../../../src/core/poll/ports.ts';
import type { StateDatabase } from '../../../src/core/poll/state/access.ts';
import { findRun, history } from '../../../src/core/poll/state/history.ts';
import { exitStatusOf } from '../../../src/core/poll/tally.ts';
import { type WatchOptions, type WatchPorts, watch } from '../../../src/core/poll/watch.ts';
import { startGitHttpServer } from '../../support/git-http-server.ts';
import { commit, deleteRef, makeBareRepo, setRef } from '../../support/git-repo.ts';
import { testDir } from '../../support/temp-dir.ts';
import {
  cannedListing,
  changeHeads,
  eventLog,
  fileEndpoint,
  heldPipeline,
  listThroughGit,
  noChangeHeads,
  oid,
  openTestState,
  quickWorld,
  sentReports,
  until,
  watched,
} from './site.ts';

const success: PipelineOutcome = { state: 'success', exitStatus: 0 };

interface Site extends WatchPorts {
  readonly db: StateDatabase;
  readonly log: ReturnType<typeof eventLog>;
  readonly world: ReturnType<typeof quickWorld>;
  readonly ran: string[];
}

async function site(more: Partial<WatchPorts> = {}): Promise<Site> {
  const log = eventLog();
  const ran: string[] = [];
  const run: RunPipeline = async ({ run: { ref, newOid }, onStart }) => {
    ran.push(`${ref.replace('refs/heads/', '')} ${newOid?.slice(0, 4)}`);
    onStart({ group: undefined, log: undefined });
    return success;
  };
  return {
    db: await openTestState(),
    log,
    ran,
    world: quickWorld(),
    list: cannedListing().list,
    listChangeHeads: async () => noChangeHeads,
    run,
    killOrphan: async () => {},
    send: sentReports().send,
    removeLog: async () => {},
    ...more,
    onEvent: log.onEvent,
  } as Site;
}

function once(ports: WatchPorts, more: Partial<WatchOptions> & Pick<WatchOptions, 'repositories'>) {
  return watch({ ...forever(new AbortController().signal), once: true, ...more }, ports);
}

function forever(signal: AbortSignal): Omit<WatchOptions, 'repositories'> {
  return { once: false, concurrency: 4, supersedeRunning: false, graceMs: 0, requestLimitMs: 30_000, signal };
}

describe('watch --once', () => {
  test('over a real repository: baseline, then each kind of change, then nothing', async () => {
    const root = await testDir();
    const repo = await makeBareRepo(join(root, 'a.git'));
    const first = await commit(repo, { message: 'one', ref: 'refs/heads/main' });
    const second = await commit(repo, { message: 'two', parent: first, ref: 'refs/heads/gone' });
    const ports = await site({ list: listThroughGit(root) });
    const options = { repositories: [watched('a', { endpoint: fileEndpoint(repo), initial: 'baseline' })] };
    await once(ports, options);
    expect(ports.ran).toEqual([]);

    await setRef(repo, 'refs/heads/main', second);
    await setRef(repo, 'refs/heads/feature/known-commit', first);
    await deleteRef(repo, 'refs/heads/gone');
    const tally = await once(ports, options);
    expect(ports.ran.sort()).toEqual([`feature/known-commit ${first.slice(0, 4)}`, `main ${second.slice(0, 4)}`]);
    expect(tally.ended).toEqual({ success: 2 });
    const kinds = history(ports.db, { limit: 9 }).map(({ ref, kind, state }) => `${ref} ${kind} ${state}`);
    expect(kinds.sort()).toEqual([
      'refs/heads/feature/known-commit created success',
      'refs/heads/gone deleted skipped',
      'refs/heads/main moved success',
    ]);

    // Back to where it was, and forced elsewhere.
    await setRef(repo, 'refs/heads/main', first);
    await once(ports, options);
    const other = await commit(repo, { message: 'unrelated', ref: 'refs/heads/main' });
    await once(ports, options);
    await once(ports, options);
    expect(ports.ran.slice(2)).toEqual([`main ${first.slice(0, 4)}`, `main ${other.slice(0, 4)}`]);
  });

  test('a branch that is deleted and comes back runs again', async () => {
    const { said, list } = cannedListing({ 'refs/heads/main': oid(1), 'refs/heads/x': oid(2) });
    const ports = await site({ list });
    const options = { repositories: [watched('a')] };
    await once(ports, options);
    said.refs = { 'refs/heads/main': oid(1) };
    await once(ports, options);
    said.refs = { 'refs/heads/main': oid(1), 'refs/heads/x': oid(2) };
    await once(ports, options);
    expect(ports.ran).toEqual(['main 1111', 'x 2222', 'x 2222']);
  });

  test('a remote that suddenly shows nothing is believed the second time, across processes', async () => {
    const { said, list } = cannedListing({ 'refs/heads/main': oid(1) });
    const ports = await site({ list });
    const options = { repositories: [watched('a')] };
    await once(ports, options);
    said.refs = {};
    await once(ports, options);
    expect(ports.log.of('doubt')).toMatchObject([{ refs: 1 }]);
    said.refs = { 'refs/heads/main': oid(1) };
    await once(ports, options);
    expect(ports.ran).toEqual(['main 1111']);
    said.refs = {};
    await once(ports, options);
    await once(ports, options);
    expect(history(ports.db, { limit: 1 })).toMatchObject([{ kind: 'deleted', ref: 'refs/heads/main' }]);
  });

  test('one remote that fails does not keep the others from being looked at', async () => {
    const list: ListRefsIfChanged = async ({ url }) => {
      if (url.endsWith('bad')) throw new SluiceError('unavailable', 'the remote is down', { hint: 'wait' });
      return { refs: [{ name: 'refs/heads/main', oid: oid(1) }], digest: undefined };
    };
    const ports = await site({ list });
    const tally = await once(ports, { repositories: [watched('bad'), watched('good')] });
    expect(ports.ran).toEqual(['main 1111']);
    expect(ports.log.of('look-failed')).toEqual([
      {
        type: 'look-failed',
        repository: 'bad',
        fault: { code: 'unavailable', message: 'the remote is down', hint: 'wait' },
        retryInMs: undefined,
      },
    ]);
    expect(exitStatusOf(tally)).toBe(69);
  });

  test('a remote whose fault passes in a moment is asked again; one that keeps failing is told once', async () => {
    const { said, list } = cannedListing({ 'refs/heads/main': oid(1) });
    let left = 2;
    const failing: ListRefsIfChanged = async (...call) => {
      left -= 1;
      if (left >= 0) throw new SluiceError('unavailable', 'the remote is down');
      return list(...call);
    };
    const ports = await site({ list: failing });
    expect(exitStatusOf(await once(ports, { repositories: [watched('a')] }))).toBe(0);
    expect(ports.ran).toEqual(['main 1111']);
    expect(ports.world.waits.slice(0, 2)).toEqual([1000, 3000]);
    expect(ports.log.of('look-failed')).toEqual([]);

    said.error = new SluiceError('unavailable', 'the remote is down');
    expect(exitStatusOf(await once(ports, { repositories: [watched('a')] }))).toBe(69);
    expect(said.digests).toHaveLength(1 + 3);
    expect(ports.log.of('look-failed')).toHaveLength(1);
  });

  test.each([
    ['a refusal', new SluiceError('denied', 'no')],
    ['a limit that is far away', new SluiceError('rate-limited', 'slow', { retryAfterMs: 600_000 })],
  ])('%s is not tried again', async (_what, error) => {
    const { said, list } = cannedListing();
    said.error = error;
    await once(await site({ list }), { repositories: [watched('a')] });
    expect(said.digests).toHaveLength(1);
  });

  test('a listing that never answers is given up after its limit', async () => {
    const ports = await site({ list: () => new Promise(() => {}) });
    await once(ports, { repositories: [watched('a')], requestLimitMs: 10 });
    expect(ports.log.of('look-failed')).toMatchObject([{ fault: { code: 'timed-out' } }]);
  });

  test('a failing script gives 1; reports are waited for', async () => {
    const sent = sentReports();
    const run: RunPipeline = async ({ onStart }) => {
      onStart({ group: undefined, log: undefined });
      return { state: 'failure', exitStatus: 5, lastLine: 'boom' };
    };
    const { list } = cannedListing({ 'refs/heads/main': oid(1) });
    const ports = await site({ list, run, send: sent.send });
    const tally = await once(ports, { repositories: [watched('a', { results: ['status', 'notes'] })] });
    expect(exitStatusOf(tally)).toBe(1);
    expect(sent.reports.filter(({ phase }) => phase === 'final').map(({ key }) => key)).toEqual([
      '1/status/final',
      '1/notes/final',
    ]);
  });

  test('watchers of one remote share one request; each has its own selection and state', async () => {
    const root = await testDir();
    const repo = await makeBareRepo(join(root, 'a.git'));
    const first = await commit(repo, { message: 'one', ref: 'refs/heads/main' });
    await setRef(repo, 'refs/tags/v1', first);
    const list = listThroughGit(root);
    const ports = await site({ list });
    const endpoint = fileEndpoint(repo);
    const only = (branches: readonly string[], tags: readonly string[]) => ({
      branches,
      tags,
      exclude: [],
      changes: false,
    });
    await once(ports, {
      repositories: [
        watched('branches', { endpoint, selection: only(['**'], []) }),
        watched('tags', { endpoint, selection: only([], ['v*']) }),
      ],
    });
    expect(list.calls).toEqual([repo]);
    const runs = history(ports.db, { limit: 9 }).map(({ repository, ref }) => `${repository} ${ref}`);
    expect(runs.sort()).toEqual(['branches refs/heads/main', 'tags refs/tags/v1']);
  });

  test('what a process before left in the queue is run first', async () => {
    const { said, list } = cannedListing({ 'refs/heads/main': oid(1) });
    const down: RunPipeline = async () => {
      throw new SluiceError('rate-limited', 'slow down', { retryAfterMs: 3_600_000 });
    };
    const ports = await site({ list, run: down });
    const repositories = [watched('a')];
    expect(exitStatusOf(await once(ports, { repositories }))).toBe(75);
    said.error = new SluiceError('unavailable', 'down');
    const ran: string[] = [];
    const run: RunPipeline = async (request) => {
      ran.push(request.run.ref);
      return success;
    };
    await once({ ...ports, run }, { repositories });
    expect(ran).toEqual(['refs/heads/main']);
    expect(findRun(ports.db, 1)?.state).toBe('success');
  });

  test('two repositories of one name are refused', async () => {
    const ports = await site();
    await expect(once(ports, { repositories: [watched('a'), watched('a')] })).rejects.toMatchObject({ code: 'config' });
  });
});

describe('change requests', () => {
  const head: ChangeHead = { ref: 'refs/pull/7/head', oid: oid(7), number: 7, blocked: undefined };
  const changesOf = watched('a', {
    selection: { branches: ['**'], exclude: [], tags: [], changes: true },
    results: ['status'],
    initial: 'baseline',
  });

  test('blocked ones are reported and run when they are released; a forge that fails holds up only them', async () => {
    let heads: readonly ChangeHead[] | SluiceError = [];
    const sent = sentReports();
    const { said, list } = cannedListing({ 'refs/heads/main': oid(1) });
    const listChangeHeads = async () => {
      if (heads instanceof SluiceError) throw heads;
      return changeHeads(heads);
    };
    const ports = await site({ list, listChangeHeads, send: sent.send });
    const options = { repositories: [changesOf] };
    await once(ports, options);
    heads = [{ ...head, blocked: 'a person with write access must approve it' }];
    await once(ports, options);
    await once(ports, options);
    expect(sent.reports).toMatchObject([{ phase: 'blocked', run: { change: 7, newOid: oid(7) } }]);
    heads = new SluiceError('unavailable', 'the API is down');
    said.refs = { 'refs/heads/main': oid(2) };
    expect(exitStatusOf(await once(ports, options))).toBe(69);
    expect(ports.ran).toEqual(['main 2222']);
    heads = [head];
    await once(ports, options);
    expect(ports.ran).toEqual(['main 2222', 'refs/pull/7/head 7777']);
  });

  test('those that the forge could not tell at the first sight are a baseline too', async () => {
    let heads: readonly ChangeHead[] | SluiceError = new SluiceError('unavailable', 'the API is down');
    const { list } = cannedListing({ 'refs/heads/main': oid(1) });
    const listChangeHeads = async () => {
      if (heads instanceof SluiceError) throw heads;
      return changeHeads(heads);
    };
    const ports = await site({ list, listChangeHeads });
    await once(ports, { repositories: [changesOf] });
    heads = [head];
    await once(ports, { repositories: [changesOf] });
    heads = [head, { ...head, ref: 'refs/pull/8/head', number: 8, oid: oid(8) }];
    await once(ports, { repositories: [changesOf] });
    expect(ports.ran).toEqual(['refs/pull/8/head 8888']);
  });

  test('a forge that fails is asked less and less often, and the branches are looked at as before', async () => {
    let asked = 0;
    let error: SluiceError | undefined = new SluiceError('unavailable', 'the API is down');
    const listChangeHeads = async () => {
      asked += 1;
      if (error !== undefined) throw error;
      return noChangeHeads;
    };
    const { said, list } = cannedListing({ 'refs/heads/main': oid(1) });
    const ports = await site({ list, listChangeHeads });
    const stop = new AbortController();
    const watching = watch({ ...forever(stop.signal), repositories: [changesOf] }, ports);
    await until(() => said.digests.length >= 7);
    // After the looks 1, 3 (one was left out) and 7 (three were left out).
    expect(asked).toBe(3);
    expect(new Set(ports.world.waits)).toEqual(new Set([60_000]));
    expect(ports.log.of('look-failed').map(({ retryInMs }) => retryInMs)).toEqual([120_000, 240_000, 480_000]);
    error = undefined;
    await until(() => ports.log.types().includes('look-recovered'));
    stop.abort();
    await watching;
  });

  test('one that cannot be decided about keeps what is known of it, and is no baseline later', async () => {
    const other = { ...head, ref: 'refs/pull/8/head', number: 8, oid: oid(8) };
    const failure = new SluiceError('unavailable', 'the API is down');
    let heads: ChangeHeads = changeHeads([head]);
    const { list } = cannedListing({ 'refs/heads/main': oid(1) });
    const ports = await site({ list, listChangeHeads: async () => heads });
    await once(ports, { repositories: [changesOf] });
    heads = { heads: [], undecided: new Set([head.ref, other.ref]), complete: false, failure };
    expect(exitStatusOf(await once(ports, { repositories: [changesOf] }))).toBe(69);
    expect(history(ports.db, { limit: 9 })).toEqual([]);
    heads = changeHeads([head, other]);
    await once(ports, { repositories: [changesOf] });
    expect(ports.ran).toEqual(['refs/pull/8/head 8888']);
  });

  test('a first sight that could not be told whole goes on at the next look', async () => {
    const other = { ...head, ref: 'refs/pull/8/head', number: 8, oid: oid(8) };
    let heads: ChangeHeads = { ...changeHeads([head]), undecided: new Set([other.ref]), complete: false };
    const { list } = cannedListing({ 'refs/heads/main': oid(1) });
    const ports = await site({ list, listChangeHeads: async () => heads });
    await once(ports, { repositories: [changesOf] });
    heads = changeHeads([head, other]);
    await once(ports, { repositories: [changesOf] });
    expect(ports.ran).toEqual([]);
  });

  test('unchanged branches need no parsing for the change requests to be looked at', async () => {
    let heads: readonly ChangeHead[] = [];
    const { said, list } = cannedListing({ 'refs/heads/main': oid(1) });
    const ports = await site({ list, listChangeHeads: async () => changeHeads(heads) });
    const stop = new AbortController();
    const watching = watch({ ...forever(stop.signal), repositories: [changesOf] }, ports);
    await until(() => said.digests.length >= 2);
    heads = [head];
    await until(() => ports.log.types().includes('run-finished'));
    stop.abort();
    await watching;
    expect(ports.ran).toEqual(['refs/pull/7/head 7777']);
    expect(said.digests.slice(1)).not.toContain(undefined);
  });
});

describe('watch, for ever', () => {
  test('the next look goes on while scripts run; the signal ends it and queues them again', async () => {
    const { said, list } = cannedListing({ 'refs/heads/main': oid(1) });
    const pipeline = heldPipeline();
    const ports = await site({ list, run: pipeline.run });
    const stop = new AbortController();
    const watching = watch({ ...forever(stop.signal), repositories: [watched('a', { concurrency: 2 })] }, ports);
    await pipeline.begun(1);
    said.refs = { 'refs/heads/main': oid(2), 'refs/heads/x': oid(3) };
    await pipeline.begun(2);
    said.refs = { 'refs/heads/main': oid(4), 'refs/heads/x': oid(3) };
    await until(() => ports.log.of('change').some(({ change }) => change.newOid === oid(4)));
    stop.abort(new SluiceError('interrupted', 'interrupted by SIGTERM'));
    await watching;
    const states = history(ports.db, { limit: 9 }).map(({ newOid, state }) => `${newOid?.[0]} ${state}`);
    expect(states).toEqual(['4 queued', '3 queued', '2 superseded', '1 superseded']);
  });

  test('a remote that fails is asked less often, as it wishes, and is told to have recovered', async () => {
    const { said, list } = cannedListing({ 'refs/heads/main': oid(1) });
    const ports = await site({ list });
    said.error = new SluiceError('rate-limited', 'slow down', { retryAfterMs: 1_000_000 });
    const stop = new AbortController();
    const watching = watch({ ...forever(stop.signal), repositories: [watched('a')] }, ports);
    const failed = () => ports.log.of('look-failed').length;
    await until(() => failed() === 1);
    said.error = new SluiceError('unavailable', 'down');
    await until(() => failed() === 3);
    said.error = undefined;
    await until(() => ports.log.types().includes('look-recovered'));
    stop.abort();
    await watching;
    expect(ports.log.of('look-failed').map(({ retryInMs }) => retryInMs)).toEqual([1_050_000, 240_000, 480_000]);
  });

  test('an unchanged remote costs no parsing and no write', async () => {
    const root = await testDir();
    const repo = await makeBareRepo(join(root, 'a.git'));
    await commit(repo, { message: 'one', ref: 'refs/heads/main' });
    const server = await startGitHttpServer(root);
    onTestFinished(() => server.close());
    const session = openWire(server.url('a.git'), { userAgent: 'test/1', connectTimeoutMs: 5000, idleTimeoutMs: 5000 });
    onTestFinished(() => session.close());
    const answers: (number | undefined)[] = [];
    const list: ListRefsIfChanged = async (_endpoint, prefixes, call) => {
      const listing = await session.listRefs({ prefixes, ...call });
      if (listing === undefined) throw new Error('no protocol v2');
      answers.push(listing.refs?.length);
      return listing;
    };
    const ports = await site({ list });
    const stop = new AbortController();
    const endpoint = { ...fileEndpoint(server.url('a.git')), transport: 'http' } as const;
    const watching = watch({ ...forever(stop.signal), repositories: [watched('a', { endpoint })] }, ports);
    await until(() => answers.length === 2);
    const written = ports.db.get('SELECT total_changes() AS n');
    await until(() => answers.length === 4);
    expect(ports.db.get('SELECT total_changes() AS n')).toEqual(written);
    await commit(repo, { message: 'two', ref: 'refs/heads/main' });
    await until(() => ports.ran.length === 2);
    stop.abort();
    await watching;
    expect(answers.slice(0, 4)).toEqual([1, undefined, undefined, undefined]);
  });

  test('a state that breaks ends the watching with what is wrong', async () => {
    const { list } = cannedListing({ 'refs/heads/main': oid(1) });
    const ports = await site({ list });
    const run: RunPipeline = async () => {
      // Not by sluice: somebody has damaged the file while it was in use.
      ports.db.write('test', (tx) => {
        tx.run('DROP TABLE report');
        tx.run('CREATE TABLE report (id INTEGER PRIMARY KEY) STRICT');
      });
      return success;
    };
    const options = { ...forever(new AbortController().signal), repositories: [watched('a', { results: ['status'] })] };
    await expect(watch(options, { ...ports, run })).rejects.toMatchObject({ code: 'internal' });
  });

  test('reports that cannot be sent do not keep it from ending', async () => {
    const { list } = cannedListing({ 'refs/heads/main': oid(1) });
    const asked = Promise.withResolvers<void>();
    const send: SendReport = async (_repository, _report, { signal }) => {
      asked.resolve();
      const { promise, reject } = Promise.withResolvers<never>();
      signal.addEventListener('abort', () => reject(signal.reason));
      return await promise;
    };
    const ports = await site({ list, send });
    const stop = new AbortController();
    const repositories = [watched('a', { results: ['notes'] })];
    const watching = watch({ ...forever(stop.signal), repositories }, ports);
    await asked.promise;
    stop.abort();
    await watching;
  });
});
