import { readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { openWebhookBook } from '../../../src/core/app/serve-webhooks.ts';
import { testDir } from '../../support/temp-dir.ts';

test('secrets and registrations survive, in a file for its owner only', async () => {
  const dir = join(await testDir(), 'data');
  const book = await openWebhookBook(dir);
  expect(book.secretOf('app')).toBeUndefined();
  const secret = await book.makeSecret('app');
  expect(secret.reveal()).toMatch(/^[0-9a-f]{64}$/);
  await book.remember('app', { id: '7', url: 'https://ci.example/hooks/app' });
  await book.rememberSmeeChannel('https://smee.example/x');

  const again = await openWebhookBook(dir);
  expect(again.secretOf('app')?.reveal()).toBe(secret.reveal());
  expect((await again.makeSecret('app')).reveal()).toBe(secret.reveal());
  expect((await again.makeSecret('other')).reveal()).not.toBe(secret.reveal());
  expect(again.registrationOf('app')).toEqual({ id: '7', url: 'https://ci.example/hooks/app' });
  expect(again.smeeChannel).toBe('https://smee.example/x');
  await again.remember('app', undefined);
  expect((await openWebhookBook(dir)).registrationOf('app')).toBeUndefined();
  expect(statSync(join(dir, 'webhooks.json')).mode & 0o777).toBe(0o600);
  expect(readdirSync(dir)).toEqual(['webhooks.json']);
});

test.each(['', '{', '{}', '{"version":2,"secrets":{},"registrations":{}}'])(
  'a file that holds %j is not overwritten',
  async (text) => {
    const dir = await testDir();
    writeFileSync(join(dir, 'webhooks.json'), text);
    await expect(openWebhookBook(dir)).rejects.toMatchObject({ code: 'config' });
    expect(readFileSync(join(dir, 'webhooks.json'), 'utf8')).toBe(text);
  },
);

test('what cannot be written is said, and nothing is half there', async () => {
  const dir = join(await testDir(), 'data');
  const book = await openWebhookBook(dir);
  writeFileSync(dir, 'a file where the directory should be');
  await expect(book.makeSecret('app')).rejects.toMatchObject({ code: 'unavailable' });
  expect(book.secretOf('app')).toBeUndefined();
});
