import { execFileSync } from 'node:child_process';
import { chmod, mkdir, symlink, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { findScript } from '../../../src/core/pipeline/script.ts';
import { interpreterLine } from '../../../src/core/pipeline/shebang.ts';
import { testDir } from '../../support/temp-dir.ts';

/** A checkout with these files; a mode is written before the text: `755 #!/bin/sh`. */
async function checkoutWith(files: Readonly<Record<string, string>>): Promise<string> {
  const checkout = join(await testDir(), 'checkout');
  await mkdir(checkout);
  for (const [path, text] of Object.entries(files)) {
    const [, mode = '644', body = ''] = /^(?:(\d{3}) )?([\s\S]*)$/.exec(text) ?? [];
    await mkdir(join(checkout, dirname(path)), { recursive: true });
    await writeFile(join(checkout, path), body);
    await chmod(join(checkout, path), Number.parseInt(mode, 8));
  }
  return checkout;
}

describe('findScript: which file', () => {
  test('ci/pipeline goes before ci/pipeline.*, which must be one', async () => {
    const both = await checkoutWith({ 'ci/pipeline': '755 #!/bin/sh\n', 'ci/pipeline.py': 'x', 'ci/other.py': 'x' });
    expect(await findScript(both)).toMatchObject({ kind: 'script', path: join(both, 'ci/pipeline') });
    const one = await checkoutWith({ 'ci/pipeline.py': 'print(1)', 'ci/pipelines.py': 'x' });
    expect(await findScript(one)).toEqual({
      kind: 'script',
      command: ['python3', join(one, 'ci/pipeline.py')],
      path: join(one, 'ci/pipeline.py'),
    });
    const two = await checkoutWith({ 'ci/pipeline.py': 'x', 'ci/pipeline.js': 'x' });
    expect(await findScript(two)).toEqual({
      kind: 'unusable',
      problem: 'several files match ci/pipeline.*: pipeline.js, pipeline.py; name one with --file',
    });
  });

  test('folders of its name hold what belongs to it', async () => {
    const files = { 'ci/pipeline.py': 'x', 'ci/pipeline/steps.py': 'x', 'ci/pipeline.d/more': 'x' };
    const checkout = await checkoutWith(files);
    expect(await findScript(checkout)).toMatchObject({ kind: 'script', path: join(checkout, 'ci/pipeline.py') });
  });

  test('a commit without one is told from one that cannot be used', async () => {
    const checkout = await checkoutWith({ 'README.md': 'x' });
    expect(await findScript(checkout)).toMatchObject({
      kind: 'absent',
      problem: expect.stringContaining('ci/pipeline'),
    });
    expect(await findScript(checkout, 'build.sh')).toMatchObject({ kind: 'absent' });
    await symlink('nowhere', join(checkout, 'dangling.sh'));
    expect(await findScript(checkout, 'dangling.sh')).toMatchObject({ kind: 'absent' });
    await mkdir(join(checkout, 'ci/pipeline'), { recursive: true });
    expect(await findScript(checkout)).toEqual({
      kind: 'unusable',
      problem: 'ci/pipeline is not a file but a directory',
    });
  });

  test.each([
    ['../x.sh', '".."'],
    ['a/../../x.sh', '".."'],
    ['/etc/passwd', 'relative'],
    ['', 'not a path'],
    ['a\0b', 'not a path'],
    ['.git/hooks/x.sh', '.git'],
    ['.GIT/x.sh', '.git'],
  ])('%j is refused', async (path, words) => {
    const checkout = await checkoutWith({ 'a/b': 'x' });
    expect(await findScript(checkout, path)).toMatchObject({
      kind: 'unusable',
      problem: expect.stringContaining(words),
    });
  });

  test('symbolic links: inside they are followed, outside they are refused, also by a directory on the way', async () => {
    const checkout = await checkoutWith({ 'real.sh': 'x', '../secret.sh': 'x' });
    await symlink('real.sh', join(checkout, 'in.sh'));
    await symlink('../secret.sh', join(checkout, 'out.sh'));
    await symlink('..', join(checkout, 'up'));
    await symlink('/bin/sh', join(checkout, 'shell'));
    await symlink(checkout, join(checkout, 'self'));
    expect(await findScript(checkout, 'in.sh')).toMatchObject({ command: ['sh', join(checkout, 'real.sh')] });
    expect(await findScript(checkout, 'self/in.sh')).toMatchObject({ kind: 'script' });
    for (const path of ['out.sh', 'up/secret.sh', 'shell']) {
      expect(await findScript(checkout, path)).toMatchObject({
        kind: 'unusable',
        problem: expect.stringContaining('outside'),
      });
    }
    expect(await findScript(checkout, 'self')).toMatchObject({ kind: 'unusable' });
  });

  test('a named pipe is refused at once instead of being waited for', async () => {
    const checkout = await checkoutWith({ 'ci/x': 'x' });
    execFileSync('mkfifo', [join(checkout, 'ci/pipeline.sh')]);
    expect(await findScript(checkout)).toMatchObject({
      kind: 'unusable',
      problem: 'ci/pipeline.sh is not a file but a named pipe',
    });
  });
});

describe('findScript: how it is run', () => {
  test.each([
    ['ci/a.py', '755 #!/usr/bin/env -S python3 -u\nx', ['/usr/bin/env', '-S python3 -u']],
    ['ci/not-executable', '644 #!/bin/sh -e\nx', ['/bin/sh', '-e']],
    ['ci/windows.py', '755 #!/usr/bin/env python3\r\nx\r\n', ['/usr/bin/env', 'python3']],
    ['ci/a.js', 'x', ['node']],
    ['ci/a.mjs', 'x', ['node']],
    ['ci/a.ts', 'x', ['node']],
    ['ci/a.SH', 'x', ['sh']],
    ['ci/binary', '755 \x7fELF', []],
  ])('%s', async (path, text, command) => {
    const checkout = await checkoutWith({ [path]: text });
    expect(await findScript(checkout, path)).toMatchObject({ command: [...command, join(checkout, path)] });
  });

  test.each([
    ['ci/data', '644 hello', 'has no "#!" line, is not executable'],
    ['ci/pipeline.yml', '644 on: push', 'has no "#!" line, is not executable'],
    ['ci/none', '755 #!  \nx', 'names no program'],
  ])('%s cannot be run', async (path, text, words) => {
    const checkout = await checkoutWith({ [path]: text });
    expect(await findScript(checkout, path)).toMatchObject({
      kind: 'unusable',
      problem: expect.stringContaining(words),
    });
  });
});

test.each([
  ['#!/bin/sh', ['/bin/sh']],
  ['#! /bin/sh \t -e  x \nbody', ['/bin/sh', '-e  x']],
  ['#!/bin/sh\r\n', ['/bin/sh']],
  ['#!', 'empty'],
  ['#!\n/bin/sh', 'empty'],
  ['#/bin/sh', undefined],
  ['', undefined],
])('interpreterLine(%j)', (text, expected) => {
  expect(interpreterLine(Buffer.from(text))).toEqual(expected);
});
