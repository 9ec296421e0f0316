import { expect, test } from 'vitest';
import { SluiceError } from '../../../src/core/errors.ts';
import type { ListRefsIfChanged } from '../../../src/core/poll/ports.ts';
import { preview } from '../../../src/core/poll/preview.ts';
import { openStateReader } from '../../../src/core/poll/state/database.ts';
import { history } from '../../../src/core/poll/state/history.ts';
import { exitStatusOf } from '../../../src/core/poll/tally.ts';
import { watch } from '../../../src/core/poll/watch.ts';
import { onceOptions } from '../../faults/poll-site.ts';
import {
  cannedListing,
  changeHeads,
  eventLog,
  noChangeHeads,
  oid,
  openTestState,
  quickWorld,
  sentReports,
  stateFile,
  watched,
} from './site.ts';

const signal = new AbortController().signal;

function look(list: ListRefsIfChanged, more: Partial<Parameters<typeof preview>[1]> = {}) {
  const log = eventLog();
  const ports = { db: undefined, list, listChangeHeads: async () => noChangeHeads, ...more, onEvent: log.onEvent };
  return { log, ports };
}

test('without a state it is the first sight, and none is made', async () => {
  const { list } = cannedListing({ 'refs/heads/main': oid(1) });
  const { log, ports } = look(list);
  const options = { requestLimitMs: 1000, signal };
  await preview({ ...options, repositories: [watched('a', { initial: 'baseline' })] }, ports);
  expect(log.types()).toEqual(['baseline']);
  await preview({ ...options, repositories: [watched('a', { initial: 'run' })] }, ports);
  expect(log.of('planned')).toMatchObject([{ repository: 'a', change: { kind: 'created', ref: 'refs/heads/main' } }]);
});

test('says what a look would find beside what waits already, and writes nothing', async () => {
  const { said, list } = cannedListing({
    'refs/heads/main': oid(1),
    'refs/heads/gone': oid(2),
    'refs/heads/stays': oid(3),
  });
  const path = await stateFile();
  const db = await openTestState(path);
  const selection = { branches: ['**'], exclude: [], tags: [], changes: true };
  const repository = watched('a', { initial: 'baseline', selection });
  const silent = {
    ...{ db, list, listChangeHeads: async () => noChangeHeads, killOrphan: async () => {}, removeLog: async () => {} },
    ...{ send: sentReports().send, onEvent: eventLog().onEvent, world: quickWorld() },
    run: async () => {
      throw new SluiceError('rate-limited', 'slow down', { retryAfterMs: 3_600_000 });
    },
  };
  await watch(onceOptions([repository]), silent);
  said.refs = { 'refs/heads/main': oid(4), 'refs/heads/gone': oid(2), 'refs/heads/stays': oid(3) };
  await watch(onceOptions([repository]), silent);

  said.refs = { 'refs/heads/main': oid(5), 'refs/heads/new': oid(6), 'refs/heads/stays': oid(3) };
  const heads = changeHeads([{ ref: 'refs/pull/7/head', oid: oid(7), number: 7, blocked: 'somebody must approve it' }]);
  // As the command has it: beside the one that writes.
  await using reader = await openStateReader(path);
  const { log, ports } = look(list, { db: reader, listChangeHeads: async () => heads });
  const before = [db.get('SELECT total_changes() AS n'), history(db, { limit: 99 })];
  const tally = await preview({ repositories: [repository], requestLimitMs: 1000, signal }, ports);
  expect([db.get('SELECT total_changes() AS n'), history(db, { limit: 99 })]).toEqual(before);
  expect(log.of('waiting')).toMatchObject([{ run: { id: 1, state: 'queued', newOid: oid(4) } }]);
  expect(log.of('planned').map(({ change: { kind, ref, blocked } }) => [kind, ref, blocked])).toEqual([
    ['moved', 'refs/heads/main', undefined],
    ['created', 'refs/heads/new', undefined],
    ['created', 'refs/pull/7/head', 'somebody must approve it'],
    ['deleted', 'refs/heads/gone', undefined],
  ]);
  expect(exitStatusOf(tally)).toBe(0);
});

test('a remote that fails is told, and decides the exit status', async () => {
  const { said, list } = cannedListing();
  said.error = new SluiceError('denied', 'no');
  const { log, ports } = look(list);
  const tally = await preview({ repositories: [watched('a'), watched('b')], requestLimitMs: 1000, signal }, ports);
  expect(log.of('look-failed').map(({ repository }) => repository)).toEqual(['a', 'b']);
  expect(exitStatusOf(tally)).toBe(77);
});
