import { chmod, mkdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { appendAudit, readAudit } from '../../../src/core/gate/audit.ts';
import { type AuditEntry, nextRecord, readChain } from '../../../src/core/gate/audit-chain.ts';
import { takeLock } from '../../../src/core/lock.ts';
import { testDir } from '../../support/temp-dir.ts';

function entry(reason: string): AuditEntry {
  return {
    at: '2026-11-21T06:00:00.000Z',
    by: { user: 'ann', host: 'box', remote: null },
    refs: [{ ref: 'refs/heads/main', sha: 'a'.repeat(40) }],
    reason,
    verdict: { status: 'pending', missing: ['0 of 1 approvals'] },
  };
}

async function written(...reasons: string[]): Promise<string> {
  const path = join(await testDir(), 'log/audit.jsonl');
  for (const reason of reasons) await appendAudit(path, entry(reason), { takeLock });
  return path;
}

test('records are numbered, bound to each other, private and read back', async () => {
  const path = await written('one', 'two\u2028ü', 'three');
  const { records, problems } = await readAudit(path);
  expect(problems).toEqual([]);
  expect(records.map(({ number, reason }) => [number, reason])).toEqual([
    [1, 'one'],
    [2, 'two\u2028ü'],
    [3, 'three'],
  ]);
  expect(records[2]?.previous).toBe(records[1]?.hash);
  expect((await stat(path)).mode & 0o777).toBe(0o600);
});

test('no file is an empty history', async () => {
  expect(await readAudit(join(await testDir(), 'none'))).toEqual({ records: [], problems: [] });
});

describe('tampering is found', () => {
  const lines = async (path: string) => (await readFile(path, 'utf8')).split('\n').slice(0, -1);
  const put = (path: string, all: readonly string[]) => writeFile(path, all.map((line) => `${line}\n`).join(''));

  test.each<[string, (all: string[]) => string[]]>([
    ['a changed word', (all) => all.map((line) => line.replace('"two"', '"2"'))],
    ['a changed hash', (all) => all.map((line) => line.replace(/"hash":"./, '"hash":"x'))],
    ['an added space', (all) => all.map((line) => line.replace('{', '{ '))],
    ['a line removed from the middle', ([one = '', , three = '']) => [one, three]],
    ['the first line removed', (all) => all.slice(1)],
    ['the last line removed', (all) => all.slice(0, -1)],
    ['all lines removed', () => []],
    ['two lines swapped', ([one = '', two = '', three = '']) => [one, three, two]],
    ['a line twice', ([one = '', ...more]) => [one, one, ...more]],
    ['an empty line', (all) => [...all, '']],
    ['a line that is no JSON', (all) => [...all, '{']],
    ['null', (all) => [...all, 'null']],
  ])('%s', async (_, change) => {
    const path = await written('one', 'two', 'three');
    await put(path, change(await lines(path)));
    const { problems } = await readAudit(path);
    expect(problems).toHaveLength(1);
    await expect(appendAudit(path, entry('four'), { takeLock })).rejects.toMatchObject({ code: 'config' });
  });

  test('a cut off line, wherever it is cut', async () => {
    const path = await written('one', 'two');
    const text = await readFile(path, 'utf8');
    for (let length = 0; length < text.length; length += 1) {
      expect(readChain(text.slice(0, length), { number: 2, hash: 'x' }).problems).toHaveLength(1);
    }
  });

  test('lines forged with the right hashes, without the head', async () => {
    const path = await written('one');
    const { records } = await readAudit(path);
    const second = nextRecord(entry('forged'), records[0]);
    const third = nextRecord(entry('forged too'), second);
    await put(
      path,
      [...records, second, third].map((record) => JSON.stringify(record)),
    );
    expect((await readAudit(path)).problems).toEqual(['records were added that sluice did not write']);
  });

  test('a head that was removed or spoilt', async () => {
    const path = await written('one', 'two', 'three');
    await writeFile(`${path}.head`, 'x');
    expect((await readAudit(path)).problems).toHaveLength(1);
    await rm(`${path}.head`);
    expect((await readAudit(path)).problems).toHaveLength(1);
  });

  test('any changed byte', async () => {
    const path = await written('one', 'two');
    const bytes = await readFile(path);
    const head = await readFile(`${path}.head`, 'utf8');
    const [number = '', hash = ''] = head.trim().split(' ');
    fc.assert(
      fc.property(fc.nat(bytes.length - 1), fc.integer({ min: 1, max: 127 }), (at, flip) => {
        const changed = Buffer.from(bytes);
        changed[at] = (changed[at] ?? 0) ^ flip;
        const { problems } = readChain(changed.toString('utf8'), { number: Number(number), hash });
        return problems.length === 1;
      }),
    );
  });
});

test('a crash between the line and the head is no tampering, and the next record goes on from it', async () => {
  const path = await written('one');
  const head = await readFile(`${path}.head`);
  await appendAudit(path, entry('two'), { takeLock });
  await writeFile(`${path}.head`, head);
  expect((await readAudit(path)).problems).toEqual([]);
  await appendAudit(path, entry('three'), { takeLock });
  expect(await readAudit(path)).toMatchObject({ problems: [], records: [{}, {}, { reason: 'three' }] });
});

test('many at once wait for each other, and none is lost', async () => {
  const path = await written();
  const reasons = Array.from({ length: 12 }, (_, at) => `reason ${at}`);
  await Promise.all(reasons.map((reason) => appendAudit(path, entry(reason), { takeLock })));
  const { records, problems } = await readAudit(path);
  expect(problems).toEqual([]);
  expect(records.map(({ reason }) => reason).sort()).toEqual(reasons.toSorted());
});

describe('what cannot be written is refused', () => {
  test('a file in the place of its directory', async () => {
    const dir = await testDir();
    await writeFile(join(dir, 'file'), '');
    const path = join(dir, 'file/audit.jsonl');
    await expect(appendAudit(path, entry('x'), { takeLock })).rejects.toMatchObject({ code: 'config' });
  });

  test('a directory in its own place', async () => {
    const path = join(await testDir(), 'audit.jsonl');
    await mkdir(path);
    await expect(appendAudit(path, entry('x'), { takeLock })).rejects.toMatchObject({ code: 'config' });
  });

  test.runIf(process.getuid?.() !== 0)('a directory without permission', async () => {
    const dir = await testDir();
    await chmod(dir, 0o500);
    await expect(appendAudit(join(dir, 'a'), entry('x'), { takeLock })).rejects.toMatchObject({ code: 'config' });
  });
});
