import { appendFile, mkdir, readFile, stat, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { openLog } from '../../../src/core/pipeline/log.ts';
import { followLog, readTail } from '../../../src/core/pipeline/read-log.ts';
import { testDir } from '../../support/temp-dir.ts';

describe('openLog', () => {
  test('only its owner reads it', async () => {
    const dir = join(await testDir(), 'logs');
    const log = await openLog(join(dir, '1.log'));
    await log.write(Buffer.from('hello\n'));
    expect(await log.finish()).toEqual({ logBytes: 6, droppedBytes: 0 });
    expect((await stat(dir)).mode & 0o777).toBe(0o700);
    expect((await stat(log.path)).mode & 0o777).toBe(0o600);
    expect(await readFile(log.path, 'utf8')).toBe('hello\n');
  });

  test.each([1, 10, 64, 1_000])(
    'up to the cap nothing is missing; beyond it the middle (chunks of %i)',
    async (step) => {
      const path = join(await testDir(), 'x.log');
      const all = Buffer.from(Array.from({ length: 3_000 }, (_, at) => `line ${at}\n`).join(''));
      for (const total of [1_000, 1_936, 1_937, 2_000, 20_000]) {
        const log = await openLog(path, 2_000);
        for (let at = 0; at < total; at += step) await log.write(all.subarray(at, Math.min(at + step, total)));
        const size = await log.finish();
        const file = await readFile(path);
        expect(file.length).toBe(size.logBytes);
        expect(file.length).toBeLessThanOrEqual(2_000);
        if (total <= 1_936) {
          expect(file).toEqual(all.subarray(0, total));
          expect(size.droppedBytes).toBe(0);
          continue;
        }
        const note = Buffer.from(`\n[sluice] … ${size.droppedBytes} bytes dropped …\n`);
        const at = file.indexOf(note);
        expect(file.subarray(0, at)).toEqual(all.subarray(0, at));
        const end = file.subarray(at + note.length);
        expect(end).toEqual(all.subarray(total - end.length, total));
        expect(at + end.length + size.droppedBytes).toBe(total);
        expect(log.tail()).toEqual(all.subarray(0, total).subarray(-64 * 1024));
      }
    },
  );

  test('does not write through a symbolic link, and says what is wrong', async () => {
    const dir = await testDir();
    await writeFile(join(dir, 'precious'), 'x');
    await symlink('precious', join(dir, 'a.log'));
    await mkdir(join(dir, 'b.log'));
    for (const name of ['a.log', 'b.log', 'precious/c.log']) {
      await expect(openLog(join(dir, name))).rejects.toMatchObject({ code: 'config', message: /cannot write the log/ });
    }
    expect(await readFile(join(dir, 'precious'), 'utf8')).toBe('x');
  });
});

describe('reading back', () => {
  test('readTail begins with a whole line', async () => {
    const path = join(await testDir(), 'x.log');
    await writeFile(path, 'one\ntwo\nthree\n');
    expect(String(await readTail(path, 100))).toBe('one\ntwo\nthree\n');
    expect(String(await readTail(path, 8))).toBe('three\n');
    expect(String(await readTail(`${path}.gone`, 8))).toBe('');
  });

  test('followLog delivers what comes, also the very last bytes, and ends', async () => {
    const path = join(await testDir(), 'x.log');
    await writeFile(path, 'a\n');
    let asked = 0;
    const seen: string[] = [];
    const ended = async () => {
      asked += 1;
      // Written before it says that it has ended, as a run does.
      if (asked > 1) await appendFile(path, `${asked}\n`);
      return asked === 3;
    };
    for await (const chunk of followLog(path, { ended })) seen.push(String(chunk));
    expect(seen).toEqual(['a\n', '2\n', '3\n']);
  });

  test('followLog begins anew with a log that is written anew', async () => {
    const path = join(await testDir(), 'run.log');
    await writeFile(path, 'the first attempt, which was cut off\n');
    const seen: string[] = [];
    let asked = 0;
    const ended = async () => {
      asked += 1;
      if (asked === 2) await writeFile(path, 'the second\n');
      return asked === 3;
    };
    for await (const chunk of followLog(path, { ended })) seen.push(String(chunk));
    expect(seen).toEqual(['the first attempt, which was cut off\n', 'the second\n']);
  });

  test('followLog begins where it is told and stops when nobody listens any more', async () => {
    const path = join(await testDir(), 'x.log');
    await writeFile(path, '0123456789');
    const abort = new AbortController();
    const seen: string[] = [];
    for await (const chunk of followLog(path, { from: 4, ended: () => false, signal: abort.signal })) {
      seen.push(String(chunk));
      abort.abort();
    }
    expect(seen).toEqual(['456789']);
  });
});
