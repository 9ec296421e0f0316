import { readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { paddedPush } from '../e2e/serve-padded.ts';
import type { ServeProcess } from '../e2e/serve-process.ts';
import { eventually, openServeSite, type ServeSite } from '../e2e/serve-site.ts';
import { memoryOf } from '../e2e/serve-wire.ts';
import { zeros } from '../support/deliveries/scenario.ts';

/** Of a branch that was deleted: its script asks no forge, so that the load is on sluice alone. */
function deletion(guid: string, branch: string) {
  return paddedPush({ guid, ref: `refs/heads/${branch}`, after: zeros });
}

interface Kept {
  readonly guid: string;
  readonly runs: Readonly<Record<string, number>>;
}

async function allDeliveries(site: ServeSite): Promise<ReadonlyMap<string, Kept>> {
  const all = new Map<string, Kept>();
  let before: string | undefined;
  do {
    const more = before === undefined ? [] : ['--before', before];
    const page = (await site.ask('deliveries', 'list', '--limit', '2000', ...more)) as {
      deliveries: readonly Kept[];
      next?: string;
    };
    for (const one of page.deliveries) all.set(one.guid, one);
    before = page.next;
  } while (before !== undefined);
  return all;
}

const rounds = 10;

test('kill -9 again and again under load: nothing acknowledged is lost, nothing is reported done twice', async () => {
  const site = await openServeSite();
  await site.configure({ concurrency: { total: 4, perRepository: 4 } });
  const journal = join(site.root, 'journal');
  await site.hook('delete-acme-app', `#!/bin/sh\necho "$SLUICE_DELIVERY" >> '${journal}'\n`);
  const acked = new Set<string>();
  const ended = new Map<string, number>();
  let sent = 0;

  async function sendUntil(server: ServeProcess, killed: () => boolean): Promise<void> {
    while (!killed()) {
      sent += 1;
      // Some come twice, some again after a crash.
      const number = sent % 9 === 0 ? sent - 7 : sent;
      const guid = `load-${number}`;
      const answer = await server.post('github', deletion(guid, `b${number % 12}`)).catch(() => undefined);
      if (answer === undefined) return;
      expect(answer.status).toBe(202);
      acked.add(guid);
    }
  }

  for (let round = 0; round < rounds; round += 1) {
    const server = await site.start();
    let killed = false;
    const senders = Array.from({ length: 8 }, () => sendUntil(server, () => killed));
    const wanted = acked.size + 20 + ((round * 37) % 90);
    await eventually(() => expect(acked.size).toBeGreaterThan(wanted));
    await server.kill();
    killed = true;
    await Promise.all(senders);
    for (const { id, state } of server.runs) if (state === 'success') ended.set(id, (ended.get(id) ?? 0) + 1);
  }

  const last = await site.start();
  await eventually(async () => {
    const left = await site.ask('jobs', 'list', '--state', 'queued', '--state', 'running');
    expect(left.jobs).toEqual([]);
  });
  for (const { id, state } of last.runs) if (state === 'success') ended.set(id, (ended.get(id) ?? 0) + 1);
  const kept = await allDeliveries(site);
  const lost = [...acked].filter((guid) => {
    const { success = 0, superseded = 0, skipped = 0 } = kept.get(guid)?.runs ?? {};
    return success + superseded + skipped !== 1;
  });
  expect(lost.map((guid) => kept.get(guid) ?? guid)).toEqual([]);
  expect([...ended].filter(([, times]) => times > 1)).toEqual([]);
  const ran = new Set((await readFile(journal, 'utf8')).trim().split('\n'));
  const done = [...kept.values()].filter(({ runs }) => runs.success === 1).map(({ guid }) => guid);
  expect(done.filter((guid) => !ran.has(guid))).toEqual([]);
  expect(acked.size).toBeGreaterThan(rounds * 20);
  expect(await site.ask('jobs', 'list', '--dead')).toMatchObject({ jobs: [] });
}, 120_000);

test('10,000 queued jobs survive kill -9, and memory does not grow with them', async () => {
  const site = await openServeSite();
  await site.configure({ concurrency: { total: 1 }, public: true });
  const hold = join(site.root, 'hold');
  await writeFile(hold, '');
  await site.hook('delete-acme-app', `#!/bin/sh\nwhile test -e '${hold}'; do sleep 0.1; done\n`);
  const first = await site.start();
  const count = 10_000;
  let next = 0;
  await Promise.all(
    Array.from({ length: 32 }, async () => {
      while (next < count) {
        const n = next;
        next += 1;
        const answer = await first.post('github', deletion(`many-${n}`, `b${n}`));
        if (answer.status !== 202) throw new Error(`delivery ${n} was answered ${answer.status}`);
      }
    }),
  );
  await first.kill();
  const second = await site.start();
  const queue = async () => {
    const answer = await fetch(`${second.url}/api/v1/queue`);
    const { items } = (await answer.json()) as { items: readonly { state: string; count: number }[] };
    return Object.fromEntries(items.map((item) => [item.state, item.count]));
  };
  await eventually(async () => expect(await queue()).toEqual({ queued: count - 1, running: 1 }));
  if (process.platform === 'linux') expect((await memoryOf(second.pid)).now).toBeLessThan(300 * 1024);
  // They go on where they were: in order, each once.
  await rm(hold);
  await eventually(() => expect(second.runs.filter(({ state }) => state === 'success').length).toBeGreaterThan(20));
  const ids = second.runs.filter(({ state }) => state === 'success').map(({ id }) => Number(id));
  expect(ids.slice(0, 20)).toEqual(Array.from({ length: 20 }, (_, n) => n + 1));
  await second.stop();
}, 240_000);
