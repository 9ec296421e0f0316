import { stat } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { makeDirectory } from '../../src/core/make-directory.ts';
import { testDir } from '../support/temp-dir.ts';

test('makes parents, with the mode, and is content with what is there', async () => {
  const path = join(await testDir(), 'a/b/c');
  await makeDirectory(path, 0o700);
  await makeDirectory(path, 0o700);
  expect((await stat(path)).mode & 0o777).toBe(0o700);
});

// Node's own `recursive` never returns here.
test('gives up where nothing can be made', async () => {
  await expect(makeDirectory('/proc/nope/x', 0o700)).rejects.toMatchObject({ code: 'ENOENT' });
});
