import { describe, expect, test } from 'vitest';
import type { JobState } from '../../../src/core/jobs/states.ts';
import type { JobRow } from '../../../src/core/jobs/store.ts';
import { statusFollowUps } from '../../../src/core/serve/follow-ups.ts';
import type { StatusData } from '../../../src/core/serve/job-data.ts';

const sha = 'a'.repeat(40);

function row(state: JobState, more: Partial<JobRow> = {}): JobRow {
  return {
    id: '5',
    rule: 'r',
    queue: 'script',
    name: 'unit',
    subject: { repo: 'gh:acme/app', event: 'push', ref: 'refs/heads/main', sha },
    lane: 'lane',
    key: 'key',
    data: { repo: { alias: 'gh', path: 'acme/app' }, event: 'push', reports: true },
    state,
    stop: undefined,
    attempt: 1,
    attempts: 3,
    queuedAt: 0,
    startedAt: 1,
    finishedAt: undefined,
    notBefore: undefined,
    lastLine: 'last',
    detail: '',
    delivery: undefined,
    supersededBy: undefined,
    processes: undefined,
    pinned: false,
    told: undefined,
    ...more,
  };
}

function status(of: JobRow): string | undefined {
  const [job] = statusFollowUps(of);
  const data = job?.data as { state: string; context: string; description: string } | undefined;
  return data && `${data.context} ${data.state}: ${data.description}`;
}

describe('statusFollowUps', () => {
  test.each([
    ['success', {}, 'unit success: last'],
    ['failure', { detail: 'exit status 1', lastLine: '' }, 'unit failure: exit status 1'],
    ['timed-out', {}, 'unit failure: timed out: last'],
    ['error', { detail: 'no program' }, 'unit error: no program'],
    ['cancelled', { detail: 'cancelled by me' }, 'unit error: cancelled by me'],
    ['superseded', { detail: 'superseded by run 6' }, 'unit error: superseded by run 6'],
    ['waiting', { detail: 'somebody must approve it' }, 'unit pending: waiting: somebody must approve it'],
    ['running', { processes: 'group' }, 'unit pending: running'],
    // Taken up, but it may still turn out that there is nothing to run.
    ['running', {}, undefined],
    ['skipped', {}, undefined],
  ] as const)('%s %j', (state, more, expected) => {
    expect(status(row(state, more))).toBe(expected);
  });

  test('one context and commit has one lane, and the newest takes the place of what was not sent', () => {
    const [job] = statusFollowUps(row('success'));
    expect(job).toMatchObject({ queue: 'status', key: job?.lane, forget: true, data: { run: '5', sha } });
  });

  test('a pending that the run is not about any more is ended, once', () => {
    const other = 'b'.repeat(40);
    const told = (state: JobState, more: Partial<JobRow>) =>
      statusFollowUps(row(state, more)).map(({ data }) => {
        const { sha: of, state: said, description } = data as StatusData;
        return `${of.slice(0, 1)} ${said}: ${description}`;
      });
    expect(told('running', { told: other, processes: 'group' })).toEqual([
      'b error: run 5 went on with aaaaaaaaaa',
      'a pending: running',
    ]);
    expect(told('success', { told: sha })).toEqual(['a success: last']);
    expect(told('skipped', { told: sha, detail: 'the change request is closed' })).toEqual([
      'a error: the change request is closed',
    ]);
    const mirror = { queue: 'mirror', subject: { repo: 'gh:acme/app', event: 'change', change: 7, sha } } as const;
    expect(told('waiting', { ...mirror, told: other, detail: 'ask' })).toEqual([
      'b error: run 5 went on with aaaaaaaaaa',
      'a pending: waiting: ask',
    ]);
  });

  test('it names the delivery that the run came from', () => {
    expect(statusFollowUps(row('success', { delivery: 'guid' }))).toMatchObject([{ data: { delivery: 'guid' } }]);
  });

  test('nothing is said where nobody asked for it, of a deleted ref, and without a commit', () => {
    const data = { repo: { alias: 'gh', path: 'acme/app' }, event: 'push', reports: false };
    expect(statusFollowUps(row('success', { data }))).toEqual([]);
    expect(statusFollowUps(row('success', { data: { ...data, reports: true, event: 'delete' } }))).toEqual([]);
    expect(statusFollowUps(row('success', { subject: { repo: 'gh:acme/app', event: 'push' } }))).toEqual([]);
    expect(statusFollowUps(row('success', { queue: 'status' }))).toEqual([]);
  });

  test('a mirror speaks of change requests only, and of one that had not begun not at all', () => {
    const mirror = { queue: 'mirror' as const, name: 'mirror' };
    const change = { subject: { repo: 'gh:acme/app', event: 'change', change: 7, sha } };
    expect(status(row('success', mirror))).toBeUndefined();
    expect(status(row('success', { ...mirror, ...change }))).toBe('sluice/mirror success: last');
    expect(status(row('waiting', { ...mirror, ...change, detail: 'ask' }))).toBe('sluice/mirror pending: waiting: ask');
    expect(status(row('running', { ...mirror, ...change, processes: 'x' }))).toBeUndefined();
    expect(status(row('superseded', { ...mirror, ...change, startedAt: undefined }))).toBeUndefined();
    // Not before the newer run could say otherwise of the same commit.
    const [superseded] = statusFollowUps(row('superseded', { ...mirror, ...change, startedAt: 1 }));
    expect(superseded?.delayMs).toBeGreaterThan(0);
  });
});
