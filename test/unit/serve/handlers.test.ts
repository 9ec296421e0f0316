import { describe, expect, test } from 'vitest';
import { SluiceError } from '../../../src/core/errors.ts';
import type { Job, JobRow } from '../../../src/core/jobs/store.ts';
import type { Change } from '../../../src/core/model/change.ts';
import type { CommitStatus } from '../../../src/core/model/status.ts';
import { mirrorHandler } from '../../../src/core/serve/handlers/mirror.ts';
import { type ScriptPorts, scriptHandler } from '../../../src/core/serve/handlers/script.ts';
import { reportHandler, statusHandler } from '../../../src/core/serve/handlers/status.ts';
import type { ScriptData } from '../../../src/core/serve/job-data.ts';
import type { FoundChange, MirrorOrder, ScriptOrder } from '../../../src/core/serve/ports.ts';

const a = 'a'.repeat(40);
const b = 'b'.repeat(40);
const repo = { alias: 'gh', path: 'acme/app' };

function jobOf(data: object, more: Partial<JobRow> = {}): Job & { readonly starts: unknown[] } {
  const starts: unknown[] = [];
  return {
    id: '5',
    rule: 'r',
    queue: 'script',
    name: 'unit',
    subject: { repo: 'gh:acme/app', event: 'push', sha: a },
    lane: 'lane',
    key: 'key',
    data,
    state: 'running',
    stop: undefined,
    attempt: 1,
    attempts: 3,
    queuedAt: 0,
    startedAt: 0,
    finishedAt: undefined,
    notBefore: undefined,
    lastLine: '',
    detail: '',
    delivery: 'guid',
    supersededBy: undefined,
    processes: undefined,
    pinned: false,
    told: undefined,
    ...more,
    starts,
    signal: new AbortController().signal,
    started: async (facts) => void starts.push(facts),
  };
}

function found(more: Partial<Change> = {}, head: string | undefined = a): FoundChange {
  const change: Change = {
    number: 7,
    title: 'A title',
    state: 'open',
    draft: false,
    author: 'octo',
    url: '',
    head: { repo: 'octo/app', branch: 'fix', sha: head },
    base: { repo: 'acme/app', branch: 'main', sha: b },
    internal: false,
    ...more,
  };
  return { change, head, problem: head === undefined ? 'the fork is gone' : undefined };
}

describe('the mirror handler', () => {
  function mirror(of: FoundChange | undefined, trusted = true, refused: readonly string[] = []) {
    const orders: MirrorOrder[] = [];
    const run = mirrorHandler({
      findChange: async () => of,
      judge: async () => ({ trusted, missing: trusted ? '' : 'somebody must approve it' }),
      mirror: async (order) => {
        orders.push(order);
        return { summary: 'pr/7 created', refused, lines: [] };
      },
      includesInternal: () => false,
      writeLog: async () => {},
    });
    return { orders, run };
  }
  const data = { repo, what: { change: 7 } };

  test('writes exactly the head that was judged', async () => {
    const { orders, run } = mirror(found());
    const job = jobOf(data);
    expect(await run(job)).toEqual({ state: 'success', lastLine: 'pr/7 created' });
    expect(orders).toMatchObject([{ what: { change: 7 }, head: a }]);
    expect(job.starts).toEqual([{ sha: a }]);
  });

  test('waits for a person, and writes nothing, when it is not trusted', async () => {
    const { orders, run } = mirror(found(), false);
    expect(await run(jobOf(data))).toEqual({ state: 'waiting', sha: a, detail: 'somebody must approve it' });
    expect(orders).toEqual([]);
  });

  test.each([
    ['closed', found({ state: 'closed' })],
    ['merged', found({ state: 'merged' })],
    ['gone', undefined],
  ])('one that is %s takes its mirror along, without asking whom to trust', async (_what, of) => {
    const { orders, run } = mirror(of, false);
    expect(await run(jobOf(data))).toMatchObject({ state: 'success' });
    expect(orders[0]?.head).toBeUndefined();
  });

  test('says what was refused, which head cannot be read, and what is not mirrored at all', async () => {
    expect(await mirror(found(), true, ['pr/7: protected']).run(jobOf(data))).toMatchObject({
      state: 'failure',
      detail: 'pr/7: protected',
    });
    const gone = { ...found(), head: undefined, problem: 'the fork is gone' };
    expect(await mirror(gone).run(jobOf(data))).toEqual({ state: 'failure', detail: 'the fork is gone' });
    expect(await mirror(found({ internal: true })).run(jobOf(data))).toMatchObject({ state: 'skipped' });
  });
});

describe('the script handler', () => {
  const data: ScriptData = {
    repo,
    event: 'push',
    script: { run: 'unit' },
    ref: 'refs/heads/main',
    sha: a,
    before: undefined,
    reports: true,
  };
  const ofChange: ScriptData = {
    ...data,
    event: 'pull_request',
    change: { number: 7, title: '', headRepo: 'octo/app', headBranch: 'fix', baseBranch: 'main' },
  };

  function script(more: Partial<ScriptPorts> = {}) {
    const orders: ScriptOrder[] = [];
    const run = scriptHandler({
      store: { list: async () => [], payload: async () => Buffer.from('{"x":1}') },
      findChange: async () => found(),
      findTip: async () => a,
      judge: async () => ({ trusted: true, missing: '' }),
      run: async (order) => {
        orders.push(order);
        await order.onStart('group');
        return { state: 'success', lastLine: 'ok', detail: '' };
      },
      debug: () => {},
      ...more,
    });
    return { orders, run };
  }

  test('runs what the branch has now, with the payload, and says so before it begins', async () => {
    const { orders, run } = script({ findTip: async () => b });
    const job = jobOf(data);
    expect(await run(job)).toMatchObject({ state: 'success', lastLine: 'ok' });
    expect(orders).toMatchObject([{ run: '5', sha: b, delivery: 'guid', payload: Buffer.from('{"x":1}') }]);
    expect(job.starts).toEqual([{ sha: b, processes: 'group' }]);
  });

  test('takes the commit of the delivery when the repository cannot be read', async () => {
    const refused = new SluiceError('denied', 'no');
    const { orders, run } = script({ findTip: () => Promise.reject(refused) });
    await run(jobOf(data));
    expect(orders[0]?.sha).toBe(a);
  });

  test('a branch that is gone, a change request that is closed or gone: nothing is run', async () => {
    expect(await script({ findTip: async () => undefined }).run(jobOf(data))).toMatchObject({ state: 'skipped' });
    const closed = script({ findChange: async () => found({ state: 'merged' }) });
    expect(await closed.run(jobOf(ofChange))).toMatchObject({
      state: 'skipped',
      detail: 'the change request is merged',
    });
    expect(await script({ findChange: async () => undefined }).run(jobOf(ofChange))).toMatchObject({
      state: 'skipped',
    });
    expect(closed.orders).toEqual([]);
  });

  test('what is told of a deletion is not run when the branch is there again, unless somebody insists', async () => {
    const gone: ScriptData = { ...data, event: 'delete', sha: undefined, before: a };
    const there = script({ findTip: async () => b });
    expect(await there.run(jobOf(gone))).toEqual({ state: 'skipped', detail: 'refs/heads/main is there again' });
    expect(there.orders).toEqual([]);
    await there.run(jobOf(gone, { pinned: true }));
    const deleted = script({ findTip: async () => undefined });
    await deleted.run(jobOf(gone));
    const unreadable = script({ findTip: () => Promise.reject(new SluiceError('denied', 'no')) });
    await unreadable.run(jobOf(gone));
    for (const { orders } of [there, deleted, unreadable]) {
      expect(orders.map(({ sha }) => sha)).toEqual([undefined]);
    }
  });

  test('a change request that nobody has vouched for waits', async () => {
    const { orders, run } = script({ judge: async () => ({ trusted: false, missing: 'ask somebody' }) });
    expect(await run(jobOf(ofChange))).toEqual({ state: 'waiting', sha: a, detail: 'ask somebody' });
    expect(orders).toEqual([]);
  });

  test('a retry is of the same commit; of a stranger only while that is still the head', async () => {
    const { orders, run } = script({ findTip: async () => b, findChange: async () => found({}, b) });
    await run(jobOf(data, { pinned: true }));
    expect(orders[0]?.sha).toBe(a);
    expect(await run(jobOf(ofChange, { pinned: true }))).toMatchObject({ state: 'skipped' });
    const internal = script({ findChange: async () => found({ internal: true }, b) });
    await internal.run(jobOf(ofChange, { pinned: true }));
    expect(internal.orders[0]?.sha).toBe(a);
  });

  test('late and doubled deliveries do not run a commit again, a way back does', async () => {
    const earlier = (sha: string, sent: string) =>
      script({
        findTip: async () => b,
        store: {
          payload: async () => undefined,
          list: async () => [jobOf({ ...data, sha: sent }, { id: '4', subject: { repo: '', event: '', sha } })],
        },
      });
    // Sent for a, but b came first; and the other way round: b ran ahead of its own delivery.
    expect(await earlier(b, b).run(jobOf(data))).toMatchObject({
      state: 'skipped',
      detail: 'run 4 was of the same commit',
    });
    expect(await earlier(b, a).run(jobOf({ ...data, sha: b }))).toMatchObject({ state: 'skipped' });
    expect(await earlier(b, b).run(jobOf({ ...data, sha: b }))).toMatchObject({ state: 'success' });
    expect(await earlier(a, a).run(jobOf({ ...data, sha: b }))).toMatchObject({ state: 'success' });
  });
});

describe('statuses', () => {
  test('link to the page of their run', async () => {
    const set: CommitStatus[] = [];
    const run = statusHandler({
      setStatus: async (_repo, status) => void set.push(status),
      runUrl: (id) => `https://ci.example/runs/${id}`,
      warn: () => {},
    });
    const status = { sha: a, state: 'success', context: 'unit', description: 'ok' };
    await run(jobOf({ repo, ...status, run: '3' }));
    expect(set).toEqual([{ ...status, targetUrl: 'https://ci.example/runs/3' }]);
    // The same again says nothing new; back and forth does.
    await run(jobOf({ repo, ...status, run: '3' }));
    expect(set).toHaveLength(1);
    await run(jobOf({ repo, ...status, state: 'pending', run: '3' }));
    await run(jobOf({ repo, ...status, run: '3' }));
    expect(set.map(({ state }) => state)).toEqual(['success', 'pending', 'success']);
  });

  test('that a run waits is said once, however often somebody makes it wait anew', async () => {
    const set: CommitStatus[] = [];
    const run = statusHandler({
      setStatus: async (_repo, status) => void set.push(status),
      runUrl: (id) => `https://ci.example/runs/${id}`,
      warn: () => {},
    });
    const status = { repo, sha: a, state: 'pending', context: 'sluice/mirror' };
    for (const id of ['3', '4', '5']) await run(jobOf({ ...status, description: 'waiting: for a review', run: id }));
    await run(jobOf({ ...status, description: 'waiting: for a label', run: '6' }));
    expect(set.map(({ description }) => description)).toEqual(['waiting: for a review', 'waiting: for a label']);
    // Of a result the page that it links to matters.
    for (const id of ['7', '8']) await run(jobOf({ ...status, state: 'success', description: '', run: id }));
    expect(set.slice(2).map(({ targetUrl }) => targetUrl)).toEqual([
      'https://ci.example/runs/7',
      'https://ci.example/runs/8',
    ]);
  });

  test('where one was taken before, "not found" may pass: the result is sent again', async () => {
    let found = true;
    const set: string[] = [];
    const run = statusHandler({
      setStatus: async (_repo, { state }) => {
        if (!found) throw new SluiceError('not-found', 'api.github.com answered 404');
        set.push(state);
      },
      runUrl: () => undefined,
      warn: () => {},
    });
    const status = { repo, sha: a, context: 'unit', description: 'ok', run: '3', delivery: 'guid' };
    await run(jobOf({ ...status, state: 'pending' }));
    found = false;
    for (let time = 0; time < 2; time += 1) {
      await expect(run(jobOf({ ...status, state: 'success' }))).rejects.toMatchObject({ code: 'unavailable' });
    }
    found = true;
    expect(await run(jobOf({ ...status, state: 'success' }))).toEqual({ state: 'success' });
    expect(set).toEqual(['pending', 'success']);
  });

  test('a commit that the repository does not have ends it, and is said once for the repository', async () => {
    const said: string[] = [];
    const run = statusHandler({
      setStatus: async () => Promise.reject(new SluiceError('not-found', 'bitbucket.org answered 404')),
      runUrl: () => undefined,
      warn: (message) => void said.push(message),
    });
    const status = { repo, sha: a, state: 'success', context: 'unit', description: 'ok', run: '3' };
    for (let time = 0; time < 2; time += 1) {
      const detail = expect.stringContaining('bitbucket.org answered 404');
      expect(await run(jobOf(status))).toEqual({ state: 'skipped', detail });
    }
    expect(said).toEqual([expect.stringMatching(/^gh:acme\/app gets no status .*answered 404; the forge has no such/)]);
  });

  test('a check of the mirror is asked again before it is reported, and an unknown commit is no fault', async () => {
    const set: CommitStatus[] = [];
    const check = { sha: a, name: 'pipeline', state: 'pending', description: 'old', url: 'javascript:alert(1)' };
    const data = { from: repo, to: { alias: 'lab', path: 'mirrors/app' }, check };
    const now = {
      name: 'pipeline',
      app: undefined,
      repo: 'mirrors/app',
      sha: a,
      state: 'failure',
      url: 'https://lab/1',
    } as const;
    await reportHandler({ findCheck: async () => now, setStatus: async (_repo, status) => void set.push(status) })(
      jobOf(data),
    );
    await reportHandler({
      findCheck: async () => undefined,
      setStatus: async (_repo, status) => void set.push(status),
    })(jobOf(data));
    expect(set).toEqual([
      { sha: a, state: 'failure', context: 'lab/pipeline', description: 'old', targetUrl: 'https://lab/1' },
      { sha: a, state: 'pending', context: 'lab/pipeline', description: 'old' },
    ]);
    const unknown = async () => Promise.reject(new SluiceError('not-found', 'no such commit'));
    expect(await reportHandler({ findCheck: async () => now, setStatus: unknown })(jobOf(data))).toMatchObject({
      state: 'skipped',
    });
  });
});
