import type { NewDelivery, NewJob } from '../../../src/core/jobs/store.ts';

export const patience = { attempts: 3, delayMs: 1, longestMs: 5 };

let lastGuid = 0;

export function delivery(more: Partial<NewDelivery> = {}): NewDelivery {
  lastGuid += 1;
  return {
    guid: `guid-${lastGuid}`,
    source: 'app',
    event: 'push',
    repo: 'gh:acme/app',
    receivedAt: 1_000,
    headers: { 'x-github-event': 'push' },
    body: Buffer.from('{"some":"body"}'),
    reason: undefined,
    ...more,
  };
}

export interface TestJob extends Partial<Omit<NewJob, 'subject'>> {
  readonly repo?: string;
  readonly sha?: string;
}

/** A job whose name is its rule. */
export function job(name: string, { repo = 'gh:acme/app', sha, ...more }: TestJob = {}): NewJob {
  return {
    rule: name,
    queue: 'script',
    name,
    subject: { repo, event: 'push', sha },
    data: { name },
    patience,
    ...more,
  };
}

/** Jobs of one ref: `lane` keeps them apart, `key` lets the newest win. */
export function keyed(name: string, key: string, more: TestJob = {}): NewJob {
  return job(name, { lane: key, key, ...more });
}
