import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { document } from '../support/sluice.ts';
import { openGateSite } from './gate-site.ts';

async function open() {
  const site = await openGateSite();
  const audit = join(site.root, 'overrides.jsonl');
  await site.configure({ override: { audit: 'overrides.jsonl' } });
  const change = await site.propose('fix');
  const judge = (...more: readonly string[]) =>
    site.sluice(['gate', '-c', site.config, '--branch', 'fix', '--sha', change.head.sha, ...more]);
  return { ...site, audit, change, judge };
}

test('sluice gate --override: a yes with the previous verdict, on record before it is said', async () => {
  const { audit, change, config, judge, sluice } = await open();
  expect(await judge()).toMatchObject({ status: 1 });
  const passed = await judge('--override', 'the site is down\nINC-7', '--json');
  expect(passed.status).toBe(0);
  expect(document(passed)).toMatchObject({
    verdict: { rule: 'override', status: 'approved', warning: true, children: [{ status: 'pending' }] },
  });
  const listed = await sluice(['gate', 'audit', '-c', config, '--json']);
  expect(listed.status).toBe(0);
  expect(document(listed)).toMatchObject({
    file: audit,
    intact: true,
    records: [
      {
        number: 1,
        reason: 'the site is down INC-7',
        refs: [{ ref: 'refs/heads/fix', sha: change.head.sha }],
        verdict: { status: 'pending', missing: [expect.stringContaining('approval')] },
      },
    ],
  });
});

test('an approved push needs no override, and records none', async () => {
  const { approve, audit, change, judge } = await open();
  approve(change);
  expect(await judge('--override', 'just in case')).toMatchObject({ status: 0 });
  await expect(readFile(audit)).rejects.toThrow('ENOENT');
});

test('what could not be learned can be overridden too, and is recorded as that', async () => {
  const { audit, fake, judge } = await open();
  fake.fail({ fault: { kind: 'reset' } });
  expect(await judge('--override', 'the forge is down')).toMatchObject({ status: 0 });
  expect(await readFile(audit, 'utf8')).toContain('"status":"undetermined"');
});

describe('no override', () => {
  test('where the configuration does not allow it, or without a reason', async () => {
    const { configure, judge } = await open();
    expect(await judge('--override', ' ')).toMatchObject({ status: 64 });
    await configure({});
    expect(await judge('--override', 'please')).toMatchObject({
      status: 64,
      stderr: expect.stringContaining('allows no override'),
    });
  });

  test('where the record cannot be written, or the file was tampered with', async () => {
    const { audit, judge } = await open();
    await judge('--override', 'first');
    await writeFile(audit, (await readFile(audit, 'utf8')).replace('first', 'FIRST'));
    const ran = await judge('--override', 'second');
    expect(ran.status).toBe(2);
    expect(ran.stdout + ran.stderr).toContain('there is no override without a record');
    expect(await readFile(audit, 'utf8')).not.toContain('second');
  });
});

test('sluice gate audit: every kind of tampering is found, and ends with 1', async () => {
  const { audit, config, judge, sluice } = await open();
  const check = async () => await sluice(['gate', 'audit', '-c', config]);
  expect(await check()).toMatchObject({ status: 0, stdout: 'no overrides\n' });
  for (const reason of ['one', 'two', 'three']) await judge('--override', reason);
  expect((await check()).stdout.split('\n')).toHaveLength(4);
  const text = await readFile(audit, 'utf8');
  const lines = text.split('\n').slice(0, -1);
  const [one = '', two = '', three = ''] = lines;
  for (const broken of [
    [one, three],
    [two, three],
    [one, two],
    [one, three, two],
    [one, two.replace('two', 'xxx'), three],
    [one, two, three.slice(0, -5)],
  ]) {
    await writeFile(audit, `${broken.join('\n')}\n`);
    expect(await check()).toMatchObject({ status: 1, stderr: expect.stringContaining(audit) });
  }
  await writeFile(audit, text.slice(0, -1));
  expect(await check()).toMatchObject({ status: 1 });
  await writeFile(audit, text);
  expect(await check()).toMatchObject({ status: 0, stderr: '' });
  expect(await sluice(['gate', 'audit', 'nowhere'])).toMatchObject({ status: 64 });
});
