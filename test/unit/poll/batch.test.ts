import { expect, test } from 'vitest';
import { waitForTick } from '../../../src/core/app/poll-wait.ts';
import { openBatch } from '../../../src/core/poll/batch.ts';
import { onAbort } from '../../../src/core/poll/on-abort.ts';
import type { StateDatabase } from '../../../src/core/poll/state/access.ts';
import { repositoryKeys } from '../../../src/core/poll/state/history.ts';
import { addRepository } from '../../../src/core/poll/state/repositories.ts';
import { openTestState } from './site.ts';

function counting(db: StateDatabase) {
  const purposes: string[] = [];
  const write: StateDatabase['write'] = (purpose, step) => {
    purposes.push(purpose);
    return db.write(purpose, step);
  };
  return { purposes, db: { ...db, write } };
}

test('what is to be written at the same time is one transaction, and each step has its own answer', async () => {
  const { purposes, db } = counting(await openTestState());
  const batch = openBatch(db);
  const answers = await Promise.all(
    ['a', 'b', 'c'].map((key) => batch(`add ${key}`, (tx) => addRepository(tx, key) ?? key)),
  );
  expect(answers).toEqual(['a', 'b', 'c']);
  expect(await batch('add d', (tx) => addRepository(tx, 'd') ?? 'd')).toBe('d');
  expect(purposes).toEqual(['add a, and 2 more', 'add d']);
  expect(repositoryKeys(db)).toEqual(['a', 'b', 'c', 'd']);
});

test('a step that fails takes nobody else with it, and leaves nothing', async () => {
  const { db } = counting(await openTestState());
  const batch = openBatch(db);
  const broken = batch('break', (tx) => {
    addRepository(tx, 'broken');
    throw new Error('stop');
  });
  const good = batch('add a', (tx) => addRepository(tx, 'a') ?? 'written');
  await expect(broken).rejects.toThrow('stop');
  expect(await good).toBe('written');
  expect(repositoryKeys(db)).toEqual(['a']);
});

test('any number of waits cost their signal one listener, and all end with it', async () => {
  const controller = new AbortController();
  let listeners = 0;
  const { signal } = controller;
  const add = signal.addEventListener.bind(signal);
  signal.addEventListener = (...args: Parameters<typeof add>) => {
    listeners += 1;
    add(...args);
  };
  const called: string[] = [];
  onAbort(signal, () => called.push('kept'));
  onAbort(signal, () => called.push('taken back'))();
  const waits = Array.from({ length: 100 }, () => waitForTick(3_600_000, signal));
  controller.abort();
  await Promise.all(waits);
  await waitForTick(3_600_000, signal);
  expect([listeners, called]).toEqual([1, ['kept']]);
  await waitForTick(1, new AbortController().signal);
});
