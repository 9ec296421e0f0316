import { chmodSync, mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { findPathCommand, listPathCommands } from '../../../src/core/plugins/path-commands.ts';
import { folder } from '../config/folder.ts';

function binaries(): string {
  const names = [
    'a/sluice-hello',
    'b/sluice-hello',
    'b/sluice-two-words',
    'b/sluice-mirror',
    'b/sluice-plain',
    'b/sluice-Bad',
    'b/sluice',
    'b/other',
  ];
  const root = folder(Object.fromEntries(names.map((name) => [name, '#!/bin/sh\n'])));
  for (const name of names) chmodSync(join(root, name), name === 'b/sluice-plain' ? 0o644 : 0o755);
  mkdirSync(join(root, 'b/sluice-directory'));
  return root;
}

describe('executables on PATH', () => {
  test('are listed once, the first directory winning, without names that are taken', async () => {
    const root = binaries();
    const path = `${root}/none:${root}/a:${root}/b`;
    expect(await listPathCommands(path, ['mirror'])).toEqual([
      { name: 'hello', file: join(root, 'a/sluice-hello') },
      { name: 'two-words', file: join(root, 'b/sluice-two-words') },
    ]);
    expect(await findPathCommand('hello', path)).toEqual({ name: 'hello', file: join(root, 'a/sluice-hello') });
    expect(await findPathCommand('two-words', path)).toEqual({
      name: 'two-words',
      file: join(root, 'b/sluice-two-words'),
    });
  });

  test.each(['plain', 'directory', 'none', '../b/sluice', 'Bad', ''])('%j is none', async (name) => {
    const root = binaries();
    expect(await findPathCommand(name, `${root}/b`)).toBeUndefined();
  });

  test('relative entries of PATH are not looked at, because they mean whatever directory one stands in', async () => {
    const root = binaries();
    const before = process.cwd();
    process.chdir(join(root, 'a'));
    try {
      for (const path of ['.', '', ':', undefined]) {
        expect(await listPathCommands(path)).toEqual([]);
        expect(await findPathCommand('hello', path)).toBeUndefined();
      }
    } finally {
      process.chdir(before);
    }
  });
});
