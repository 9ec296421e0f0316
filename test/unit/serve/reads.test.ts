import { expect, test } from 'vitest';
import type { JobStore, RepositoryCounts } from '../../../src/core/jobs/store.ts';
import { openServeReads } from '../../../src/core/serve/reads.ts';

function counts(more: object = {}): RepositoryCounts {
  return {
    repo: 'gh:acme/app',
    queued: 0,
    running: 0,
    dead: 0,
    lastEnded: undefined,
    lastDeliveryAt: undefined,
    ...more,
  };
}

async function healthOf(count: RepositoryCounts, compared?: { readonly at: number; readonly problem?: string }) {
  const store = { knownRepositories: async () => [], repositories: async () => [count] } as Partial<JobStore>;
  const reads = openServeReads({
    store: store as JobStore,
    feed: { tell: () => {}, listen: () => (async function* () {})() },
    links: { commit: () => undefined, repository: () => undefined, change: () => ({ url: undefined, word: 'change' }) },
    repositories: ['gh:acme/app'],
    sources: [],
    logOf: (run) => run,
    reconciled: () => compared && { at: compared.at, problem: compared.problem },
    now: () => 0,
  });
  const [health] = await reads.repositories();
  return health?.health;
}

test('a repository that could not be compared is unreachable until something has worked', async () => {
  const down = { at: 100, problem: 'the forge is down' };
  const ended = (state: string, finishedAt: number) =>
    counts({ lastEnded: { id: '1', name: 'unit', state, finishedAt } });
  expect(await healthOf(counts())).toBe('quiet');
  expect(await healthOf(ended('success', 99), down)).toBe('unreachable');
  expect(await healthOf(ended('failure', 101), down)).toBe('unreachable');
  expect(await healthOf(ended('success', 101), down)).toBe('ok');
  expect(await healthOf(ended('failure', 101))).toBe('failing');
});
