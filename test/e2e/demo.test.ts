import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { expect, onTestFinished, test } from 'vitest';
import { startGitHttpServer } from '../support/git-http-server.ts';
import { addChange, bulkHistory, isolatedGitEnv, makeBareRepo } from '../support/git-repo.ts';
import { testDir } from '../support/temp-dir.ts';

const script = join(import.meta.dirname, '../../scripts/demo.ts');

/** Runs the demo with a temporary directory of its own, which has to be empty afterwards. */
async function demo(args: readonly string[]) {
  const scratch = await testDir();
  const child = spawn(process.execPath, [script, ...args], {
    // npm sets an editor for every script that it runs; the cache of compiled code would stay in the temporary directory.
    env: isolatedGitEnv({ TMPDIR: scratch, NO_COLOR: '1', EDITOR: 'vi', NODE_DISABLE_COMPILE_CACHE: '1' }),
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const [[status], stdout, stderr] = await Promise.all([once(child, 'close'), text(child.stdout), text(child.stderr)]);
  return { status, stdout, stderr, left: await readdir(scratch) };
}

async function served(branch: string, changes: readonly number[]): Promise<string> {
  const root = await testDir();
  const repo = await makeBareRepo(join(root, 'app.git'));
  await bulkHistory(repo, { commits: 3, filesPerCommit: 2, branch });
  for (const number of changes) await addChange(repo, number, { from: `refs/heads/${branch}` });
  const server = await startGitHttpServer(root);
  onTestFinished(() => server.close());
  return server.url(repo);
}

test('without arguments it mirrors a pull request of its own making, and leaves nothing behind', async () => {
  const { status, stdout, stderr, left } = await demo([]);
  expect({ status, stderr, left }).toEqual({ status: 0, stderr: '', left: [] });
  expect(stdout.match(/^\d\. /gm)).toEqual(['1. ', '2. ', '3. ', '4. ', '5. ']);
  for (const outcome of ['created', 'forced', 'refused', 'nothing to do', 'dry run']) expect(stdout).toContain(outcome);
  expect(stdout).toContain('Everything was as promised');
});

test('with a URL it mirrors the newest change request of that repository', async () => {
  const { status, stdout, left } = await demo([await served('main', [3, 12])]);
  expect({ status, left }).toEqual({ status: 0, left: [] });
  expect(stdout).toContain('newest change request is 12');
  expect(stdout).toMatch(/^ {4}[0-9a-f]{10} refs\/heads\/pr\/12$/m);
});

test('with a URL and --pr it mirrors that change request', async () => {
  const { status, stdout } = await demo([await served('main', [3, 12]), '--pr', '3']);
  expect(status).toBe(0);
  expect(stdout).toMatch(/refs\/heads\/pr\/3$/m);
  expect(stdout).not.toMatch(/refs\/heads\/pr\/12$/m);
});

test('a repository without change requests is mirrored whole', async () => {
  const { status, stdout } = await demo([await served('trunk', [])]);
  expect(status).toBe(0);
  expect(stdout).toMatch(/refs\/heads\/trunk$/m);
});

test('what does not go as promised ends with 1', async () => {
  const { status, stdout, left } = await demo([await served('main', [3]), '--pr', '4']);
  expect({ status, left }).toEqual({ status: 1, left: [] });
  expect(stdout).toContain('NOT AS PROMISED');
});

test.each([[['one', 'two']], [['--pr', '1']], [['url', '--pr', 'x']]])('%j is a wrong usage', async (args) => {
  const { status, stderr } = await demo(args);
  expect({ status, stderr }).toEqual({ status: 64, stderr: 'usage: npm run demo [-- URL [--pr N]]\n' });
});
