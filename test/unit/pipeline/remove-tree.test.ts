import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmod, chown, lstat, mkdir, readdir, readFile, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { removeTree } from '../../../src/core/pipeline/remove-tree.ts';
import { openWorkspace } from '../../../src/core/pipeline/workspace.ts';
import { testDir } from '../../support/temp-dir.ts';

const nobody = 65_534;
const asRoot = process.getuid?.() === 0;

const module = join(import.meta.dirname, '../../../src/core/pipeline/remove-tree.ts');

/** Root may remove everything, so as root it is done by a process that has become another user, once it has loaded the module. */
async function removeAsOrdinaryUser(dir: string): Promise<string> {
  if (!asRoot) {
    await removeTree(dir);
    return '';
  }
  const become = `process.setgroups([]); process.setgid(${nobody}); process.setuid(${nobody});`;
  const code = `const { removeTree } = await import(${JSON.stringify(module)}); ${become} await removeTree(${JSON.stringify(dir)});`;
  const child = spawn(process.execPath, ['--input-type=module', '-e', code], { cwd: '/' });
  let words = '';
  child.stderr.on('data', (chunk) => {
    words += chunk;
  });
  const [status] = await once(child, 'close');
  return status === 0 ? '' : words;
}

test('directories that forbid everything, and links to places that are not ours', async () => {
  const root = await testDir();
  await chmod(root, 0o755);
  const holder = join(root, 'holder');
  const precious = join(root, 'precious');
  const dir = join(holder, 'run');
  await mkdir(join(dir, 'a/b/c'), { recursive: true });
  await mkdir(precious);
  await writeFile(join(precious, 'file'), 'x', { mode: 0o400 });
  await writeFile(join(dir, 'a/b/file'), 'x');
  await symlink(precious, join(dir, 'a/link'));
  if (asRoot)
    for (const path of ['', 'run', 'run/a', 'run/a/b', 'run/a/b/c', 'run/a/b/file'])
      await chown(join(holder, path), nobody, nobody);
  await chmod(join(dir, 'a/b'), 0o555);
  await chmod(join(dir, 'a'), 0o000);
  expect(await removeAsOrdinaryUser(dir)).toBe('');
  expect(await readdir(holder)).toEqual([]);
  expect(await readFile(join(precious, 'file'), 'utf8')).toBe('x');
  expect((await lstat(join(precious, 'file'))).mode & 0o777).toBe(0o400);
});

test('a tree deeper than a path may be long', async () => {
  const dir = join(await testDir(), 'deep');
  await mkdir(dir);
  const name = 'd'.repeat(200);
  const body = `i=0; while [ $i -lt 60 ]; do mkdir ${name} && cd ${name} || exit 1; i=$((i + 1)); done`;
  const child = spawn('bash', ['-c', body], { cwd: dir, stdio: 'ignore' });
  expect(await once(child, 'close')).toEqual([0, null]);
  await removeTree(dir);
  await expect(lstat(dir)).rejects.toMatchObject({ code: 'ENOENT' });
});

test('what is gone already is no error', async () => {
  await removeTree(join(await testDir(), 'never/was'));
});

test('workspaces are private, apart from each other, and go with the scope', async () => {
  const root = join(await testDir(), 'runs');
  {
    await using one = await openWorkspace(root);
    await using two = await openWorkspace(root);
    expect(one.dir).not.toBe(two.dir);
    expect((await lstat(one.dir)).mode & 0o777).toBe(0o700);
    expect((await readdir(one.dir)).sort()).toEqual(['checkout', 'home', 'objects', 'tmp']);
    await writeFile(join(one.checkout, 'x'), 'x');
  }
  expect(await readdir(root)).toEqual([]);
});

test('what cannot be removed is told, but does not take the place of a result', async (context) => {
  const root = join(await testDir(), 'runs');
  const stuck: unknown[] = [];
  const workspace = await openWorkspace(root, (error) => stuck.push(error));
  const mountPoint = workspace.home;
  try {
    execFileSync('mount', ['-t', 'tmpfs', 'tmpfs', mountPoint], { stdio: 'ignore' });
  } catch {
    return context.skip('a mount needs root');
  }
  onTestFinished(() => void execFileSync('umount', ['-l', mountPoint]));
  await workspace[Symbol.asyncDispose]();
  expect(stuck).toMatchObject([{ code: 'internal', message: expect.stringContaining(workspace.dir) }]);
});

test('a place where nothing can be made is told by name', async () => {
  const root = join(await testDir(), 'file');
  await writeFile(root, 'x');
  await expect(openWorkspace(root)).rejects.toMatchObject({ code: 'config', message: expect.stringContaining(root) });
});
