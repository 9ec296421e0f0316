import { describe, expect, test } from 'vitest';
import { judge } from '../../../src/core/gate/judge.ts';
import { waitForVerdict } from '../../../src/core/gate/wait.ts';
import type { GateFacts } from '../../../src/core/model/gate-facts.ts';
import { changeFacts, facts, lookup, policy, review } from './scene.ts';

const pending = facts({ changes: [changeFacts(7, [])] });
const rejected = facts({ lookups: [lookup([])] });
const limited = (retryAfterMs: number): GateFacts =>
  facts({
    changes: [changeFacts(7, [], { reviews: { unknown: { request: 'r', problem: '429', hint: null, retryAfterMs } } })],
  });

async function waited(waitMs: number, seen: readonly GateFacts[]) {
  let now = 0;
  const asked: number[] = [];
  const told: string[] = [];
  const again: boolean[] = [];
  const { verdict } = await waitForVerdict({
    waitMs,
    async ask(repeated) {
      asked.push(now);
      again.push(repeated);
      const found = seen[Math.min(asked.length, seen.length) - 1] ?? pending;
      return { facts: found, verdict: judge(found, policy) };
    },
    tell: (judged) => void told.push(judged.verdict.status),
    now: () => now,
    async sleep(ms) {
      now += ms;
    },
  });
  return { status: verdict.status, asked, told, again };
}

describe('waiting', () => {
  test('ends with a final verdict, and asks past what was kept', async () => {
    expect(await waited(600_000, [pending, pending, facts()])).toEqual({
      status: 'approved',
      asked: [0, 2000, 5000],
      told: ['pending'],
      again: [false, true, true],
    });
    expect((await waited(600_000, [pending, rejected])).status).toBe('rejected');
    expect((await waited(600_000, [limited(0), facts()])).status).toBe('approved');
  });

  test('asks once without a time to wait', async () => {
    expect(await waited(0, [pending])).toMatchObject({ status: 'pending', asked: [0], told: [] });
  });

  test('ends with what it knows when the time is over, having asked at the very end', async () => {
    const { status, asked, told } = await waited(60_000, [pending]);
    expect([status, asked.at(-1), told]).toEqual(['pending', 60_000, ['pending']]);
    const gaps = asked.slice(1).map((at, index) => at - (asked[index] ?? 0));
    expect(Math.max(...gaps)).toBeLessThanOrEqual(30_000);
    expect(asked.length).toBeLessThan(12);
  });

  test('never asks earlier than the forge allows, and gives up where that is too late', async () => {
    expect((await waited(60_000, [limited(20_000), facts()])).asked).toEqual([0, 20_000]);
    expect(await waited(10_000, [limited(20_000)])).toMatchObject({ status: 'undetermined', asked: [0] });
  });

  test('is quick again when something has happened', async () => {
    const more = facts({ changes: [changeFacts(7, [review('cy', 'commented')])] });
    const stale = facts({
      changes: [
        changeFacts(7, [], { reviews: { unknown: { request: 'r', problem: 'down', hint: null, retryAfterMs: null } } }),
      ],
    });
    const { asked, told } = await waited(600_000, [pending, pending, pending, stale, more, facts()]);
    expect(asked).toEqual([0, 2000, 5000, 9500, 11_500, 13_500]);
    expect(told).toEqual(['pending', 'undetermined', 'pending']);
  });
});
