// Started by jobs-kill.test.ts: a process with a job store that takes deliveries and works on them until it is killed. It writes down what
// its handlers do; the parent compares that with what the store says in the end.
import { appendFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { openSqliteStore } from '../../src/core/jobs/sqlite/open.ts';
import { delivery, keyed } from '../contract/jobs/job.ts';

const [path = '', journal = ''] = process.argv.slice(2);
const note = (line: string) => appendFileSync(journal, `${line}\n`);

const store = await openSqliteStore(path, {
  followUps: (row) =>
    row.queue === 'script'
      ? [keyed(`${row.id} ${row.state}`, `status ${row.id}`, { queue: 'status', forget: true })]
      : [],
  now: Date.now,
  random: Math.random,
  onFault: (error) => note(`fault ${error.message}`),
});
note('open');
await store.recover(async () => {});
store.work({ queues: ['script'], concurrency: 4, perRepository: 4 }, async ({ id, key, started }) => {
  await started({});
  note(`begin ${key} ${id}`);
  await sleep(Math.random() * 8);
  note(`end ${key} ${id}`);
  return { state: 'success' };
});
store.work({ queues: ['status'], concurrency: 2, perRepository: 2 }, async () => ({ state: 'success' }));

process.on('message', (order: { readonly guid: string; readonly key: string } | 'drain') => {
  if (order === 'drain') return void drain();
  const { guid, key } = order;
  const body = Buffer.alloc(20_000, guid);
  void store.accept(delivery({ guid, body }), [keyed('run', key)]).then(() => process.send?.({ acked: guid }));
});
process.send?.('ready');

async function drain(): Promise<void> {
  while ((await store.counts()).some(({ state }) => state === 'queued' || state === 'running')) await sleep(10);
  await store[Symbol.asyncDispose]();
  process.send?.('drained');
  process.disconnect();
}
