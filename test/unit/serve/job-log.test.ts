import { describe, expect, test } from 'vitest';
import { openJobLog } from '../../../src/core/app/serve-log.ts';
import { SluiceError } from '../../../src/core/errors.ts';
import type { Job } from '../../../src/core/jobs/store.ts';
import type { Log } from '../../../src/core/plugins/command.ts';

function lines() {
  const said: unknown[] = [];
  const line =
    (level: string): Log['info'] =>
    (message, fields) =>
      void said.push([level, message, fields]);
  const log: Log = { debug: line('debug'), info: line('info'), warn: line('warn'), error: line('error') };
  return { said, log };
}

function jobOf(more: object = {}): Job {
  const subject = { repo: 'gh:acme/app', event: 'push' };
  const { signal } = new AbortController();
  return {
    ...{ id: '7', queue: 'mirror', name: 'mirror', subject, delivery: 'guid', data: {}, signal },
    ...{ attempt: 1, attempts: 3 },
    ...more,
  } as Job;
}

describe('the log of a job', () => {
  test('names run and delivery in every line; of a status those of the run that it tells of', async () => {
    const { said, log } = lines();
    const jobLog = openJobLog(log);
    const run = jobLog.within(async () => {
      await Promise.resolve();
      jobLog.log.warn('deep below', { hint: 'look' });
      return { state: 'success' };
    });
    await run(jobOf());
    await run(jobOf({ id: '9', queue: 'status', delivery: undefined, data: { run: '7', delivery: 'guid' } }));
    jobLog.log.info('of nobody');
    const fields = { run: '7', delivery: 'guid', hint: 'look' };
    expect(said).toEqual([
      ['warn', 'deep below', fields],
      ['warn', 'deep below', fields],
      ['info', 'of nobody', undefined],
    ]);
  });

  test('says of an attempt that is repeated why it failed, and nothing of an end or a stop', async () => {
    const { said, log } = lines();
    const down = new SluiceError('unavailable', 'the forge is down', { hint: 'Wait.' });
    const run = openJobLog(log).within(() => Promise.reject(down));
    const gone = openJobLog(log).within(() => Promise.reject(new SluiceError('denied', 'no')));
    await expect(run(jobOf())).rejects.toBe(down);
    await expect(run(jobOf({ attempt: 3 }))).rejects.toBe(down);
    await expect(run(jobOf({ signal: AbortSignal.abort() }))).rejects.toBe(down);
    await expect(gone(jobOf())).rejects.toMatchObject({ code: 'denied' });
    const words = 'mirror of gh:acme/app: attempt 1 of 3 failed and is repeated: the forge is down';
    expect(said).toEqual([['warn', words, { run: '7', delivery: 'guid', hint: 'Wait.' }]]);
  });
});
