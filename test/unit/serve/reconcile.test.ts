import { describe, expect, test, vi } from 'vitest';
import { SluiceError } from '../../../src/core/errors.ts';
import type { NewJob } from '../../../src/core/jobs/store.ts';
import { noteAlive, openReconciler, type ReconcilePorts } from '../../../src/core/serve/reconcile.ts';
import type { LostDelivery } from '../../../src/core/serve/redeliveries.ts';

const repo = { alias: 'gh', path: 'acme/app' };
const never = new AbortController().signal;

function site(more: Partial<ReconcilePorts> = {}) {
  const notes = new Map<string, string>();
  const queued: NewJob[] = [];
  const said: string[] = [];
  const retried: string[] = [];
  const open = [{ key: 'mirror gh:acme/app change 8', state: 'running' }];
  let clock = 1_000_000_000;
  const ports: ReconcilePorts = {
    store: {
      enqueue: async (jobs) => {
        queued.push(...jobs);
        return [];
      },
      list: async ({ key }) =>
        open.filter((row) => (key === undefined ? row.state === 'waiting' : row.key === key)) as never,
      retry: async (id) => {
        retried.push(id);
        return 'done';
      },
      delivery: async (guid) => (guid === 'known' ? ({} as never) : undefined),
      remember: async (name, value) => void notes.set(name, value),
      recall: async (name) => notes.get(name),
    },
    repositories: async () => [{ repo, reports: true }],
    findDifferences: async () => ({ changes: [7, 8], refs: true }),
    lossSources: [],
    log: { info: (line) => void said.push(line), warn: (line) => void said.push(`warn: ${line}`) },
    now: () => clock,
    ...more,
  };
  const pass = (ms: number) => {
    clock += ms;
  };
  return { ports, queued, said, retried, open, pass };
}

describe('reconcile', () => {
  test('queues the difference, but not what is on its way already', async () => {
    const { ports, queued, said } = site();
    const reconciler = openReconciler(ports);
    await reconciler.reconcile(never);
    expect(queued.map(({ key }) => key)).toEqual(['mirror gh:acme/app everything', 'mirror gh:acme/app change 7']);
    expect(said).toEqual(['gh:acme/app differs from its mirror: 2 runs were queued']);
    expect(reconciler.last('gh:acme/app')).toEqual({ at: 1_000_000_000, problem: undefined });
  });

  test('what waits for a person is looked at again at the start, and then not for hours', async () => {
    const { ports, queued, retried, open, pass } = site({
      findDifferences: async () => ({ changes: [9], refs: false }),
    });
    open.push({ key: 'mirror gh:acme/app change 9', state: 'waiting', id: '9', finishedAt: ports.now() } as never);
    const reconciler = openReconciler(ports);
    await reconciler.reconcile(never);
    await reconciler.reconcile(never);
    // Once as a script that waits, once as a difference.
    expect({ queued, retried }).toEqual({ queued: [], retried: ['9', '9'] });
    pass(7 * 3_600_000);
    await reconciler.reconcile(never);
    expect(retried).toEqual(['9', '9', '9']);
  });

  test('a forge that is down is said, and the rest goes on', async () => {
    const other = { alias: 'gh', path: 'acme/other' };
    const { ports, queued } = site({
      repositories: async () => [
        { repo, reports: true },
        { repo: other, reports: true },
      ],
      findDifferences: async ({ path }) => {
        if (path === 'acme/app') throw new SluiceError('unavailable', 'the forge is down');
        return { changes: [1], refs: false };
      },
    });
    const reconciler = openReconciler(ports);
    await reconciler.reconcile(never);
    expect(queued.map(({ key }) => key)).toEqual(['mirror gh:acme/other change 1']);
    expect(reconciler.last('gh:acme/app')).toMatchObject({ problem: 'the forge is down' });
  });

  test('failed deliveries since the last time are sent again, unless they did arrive', async () => {
    const since: number[] = [];
    const again: string[] = [];
    const lost = (guid: string): LostDelivery => ({ guid, redeliver: async () => void again.push(guid) });
    const { ports, pass } = site({
      lossSources: [
        {
          name: 'app',
          lost: async (from) => {
            since.push(from);
            return [lost('lost'), lost('known')];
          },
        },
      ],
    });
    const reconciler = openReconciler(ports);
    await reconciler.reconcile(never);
    expect(again).toEqual(['lost']);
    pass(600_000);
    await reconciler.reconcile(never);
    expect(since).toEqual([1_000_000_000 - 60_000, 1_000_000_000 - 60_000]);
  });

  test('what fails again after it was sent again is asked for with growing pauses, and at last left', async () => {
    const asked: number[] = [];
    const redeliver = async () => void asked.push(Math.round((ports.now() - 1_000_000_000) / 60_000));
    const { ports, said, pass } = site({
      lossSources: [{ name: 'app', lost: async () => [{ guid: 'lost', redeliver }] }],
    });
    const reconciler = openReconciler(ports);
    for (let minutes = 0; minutes < 24 * 60; minutes += 5) {
      await reconciler.reconcile(never);
      pass(5 * 60_000);
    }
    expect(asked).toEqual([0, 10, 30, 70, 150, 310]);
    expect(said.filter((line) => line.startsWith('warn'))).toEqual([
      expect.stringMatching(/^warn: the delivery lost was sent again 6 times and never arrived/),
    ]);
  });

  test('a source that could not be asked is asked for the same span again, also by the next process; others are up to date', async () => {
    const down = new SluiceError('unavailable', 'the forge is down');
    const asked: string[] = [];
    let answers = false;
    const { ports, said, pass } = site({
      lossSources: [
        {
          name: 'app',
          lost: async (since) => {
            asked.push(`app ${since - 1_000_000_000}`);
            if (!answers) throw down;
            return [];
          },
        },
        {
          name: 'other',
          lost: async (since) => {
            asked.push(`other ${since - 1_000_000_000}`);
            return [];
          },
        },
      ],
    });
    const first = openReconciler(ports);
    await first.reconcile(never);
    pass(600_000);
    await first.reconcile(never);
    expect(said).toContain('warn: failed deliveries of app could not be listed: the forge is down');
    expect(asked.splice(0)).toEqual(['app -60000', 'other -60000', 'app -60000', 'other -60000']);
    pass(600_000);
    answers = true;
    const next = openReconciler(ports);
    await next.reconcile(never);
    pass(600_000);
    await next.reconcile(never);
    expect(asked).toEqual(['app -60000', 'other -60000', 'app 1140000', 'other 1140000']);
  });

  test('a forge that is down when it is asked to send again is asked later, and that was no attempt', async () => {
    let answers = false;
    const sent: string[] = [];
    const listed: number[] = [];
    const lost = (guid: string): LostDelivery => ({
      guid,
      redeliver: async () => {
        if (!answers) throw new SluiceError('unavailable', 'the forge is down');
        if (guid === 'too old') throw new SluiceError('not-found', 'the forge does not keep it any more');
        sent.push(guid);
      },
    });
    const { ports, said, pass } = site({
      lossSources: [
        {
          name: 'app',
          lost: async (since) => {
            listed.push(since - 1_000_000_000);
            return [lost('too old'), lost('lost')];
          },
        },
      ],
    });
    const reconciler = openReconciler(ports);
    await reconciler.reconcile(never);
    pass(60_000);
    answers = true;
    await reconciler.reconcile(never);
    expect(sent).toEqual(['lost']);
    expect(said).toContainEqual(
      expect.stringMatching(/too old had failed and cannot be sent again: the forge does not/),
    );
    // Another process would have to find them in the forge's list.
    expect(listed).toEqual([-60_000, -60_000]);
  });

  test('a forge that hangs holds up the repositories of its own only', async () => {
    const hang = Promise.withResolvers<never>();
    const { ports, queued } = site({
      repositories: async () => [
        { repo, reports: true },
        { repo: { alias: 'lab', path: 'acme/app' }, reports: true },
      ],
      findDifferences: async ({ alias }) => (alias === 'gh' ? await hang.promise : { changes: [1], refs: false }),
    });
    const done = openReconciler(ports).reconcile(never);
    await vi.waitFor(() => expect(queued.map(({ key }) => key)).toEqual(['mirror lab:acme/app change 1']));
    hang.reject(new SluiceError('unavailable', 'at last'));
    await done;
  });

  test('says which span of time nobody listened in', async () => {
    const { ports, said, pass } = site();
    await noteAlive(ports);
    pass(30_000);
    await noteAlive(ports);
    expect(said).toEqual([]);
    pass(3_600_000);
    await noteAlive(ports);
    expect(said).toEqual([expect.stringMatching(/^nobody listened for 1h \(1970-01-12T.* to 1970-01-12T.*\)/)]);
  });
});
