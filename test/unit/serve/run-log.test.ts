import { execFileSync } from 'node:child_process';
import { symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { readLogPart } from '../../../src/core/serve/run-log.ts';
import { testDir } from '../../support/temp-dir.ts';

test('a log is read in parts; a link or a pipe in its place is none', async () => {
  const dir = await testDir();
  const log = join(dir, '1.log');
  await writeFile(log, 'one\ntwo\n');
  const part = await readLogPart(log, { offset: 4, limit: 3 }, true);
  expect(part).toEqual({ offset: 4, bytes: Buffer.from('two'), size: 8, ended: true });
  expect((await readLogPart(log, { offset: 99, limit: 3 }, false))?.bytes.length).toBe(0);
  await symlink(log, join(dir, '2.log'));
  execFileSync('mkfifo', [join(dir, '3.log')]);
  for (const name of ['2.log', '3.log', 'none.log']) {
    expect(await readLogPart(join(dir, name), { offset: 0, limit: 9 }, false)).toBeUndefined();
  }
});
