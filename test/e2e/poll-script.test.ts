import { readdir, readFile, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { commit, git, makeBareRepo, setRef } from '../support/git-repo.ts';
import { entry, main, noneAlive, openScene, type Scene, waiting } from './poll-scene.ts';
import { startWatcher } from './poll-watch.ts';

/** A scene whose baseline is taken, and a new commit with these files on main. */
async function withCommit(files: Readonly<Record<string, string | null>> = {}, extra: readonly string[] = []) {
  const scene = await openScene();
  await scene.poll([...extra, scene.repo]);
  const oid = await scene.commit({ files: { version: 'second', ...files } });
  return { scene, oid };
}

/** Runs this shell script for the new commit. */
function runShell(scene: Scene, body: string, ...flags: readonly string[]) {
  return scene.poll([...flags, scene.repo, '--', 'sh', '-c', body]);
}

test.each([
  ['a child that holds the output', 'sleep 1000 & echo over'],
  ['a daemon that left the group', 'setsid sh -c "sleep 1000 & exec sleep 1000" & echo over'],
  ['a stopped child', 'sleep 1000 & kill -STOP $!; echo over'],
  ['children that ignore SIGTERM', "(trap '' TERM; sleep 1000; sleep 1000) & echo over"],
])('%s does not hold up the end of the run, and is ended', async (_what, body) => {
  const { scene } = await withCommit();
  expect(await runShell(scene, body)).toMatchObject({ status: 0, runs: [{ state: 'success', lastLine: 'over' }] });
  await noneAlive(scene);
});

test('--run-timeout ends a script that ignores SIGTERM, with all that it started', async () => {
  const { scene } = await withCommit();
  const body = "trap '' TERM; setsid sleep 1000 & echo tests; sleep 1000; sleep 1000";
  const ran = await runShell(scene, body, '--run-timeout', '1s');
  expect(ran).toMatchObject({ status: 1, runs: [{ state: 'timed-out', lastLine: 'tests' }] });
  expect((await scene.poll([scene.repo])).events).toEqual([]);
  await noneAlive(scene);
});

test('a flood of output: the log is capped with its beginning and its end, and memory stays flat', async () => {
  const scene = await openScene();
  const script = 'echo start; yes 0123456789abcdef | head -c 300000000; echo; echo the end';
  const watcher = startWatcher(scene, ['--initial', 'run', scene.repo, '--', 'sh', '-c', script]);
  const { run } = await watcher.next('run-finished');
  expect(run).toMatchObject({ state: 'success', lastLine: 'the end' });
  expect(await peakMemory(watcher.pid)).toBeLessThan(250_000_000);
  await watcher.stop();
  const log = await readFile(run.log ?? '', 'utf8');
  expect(Buffer.byteLength(log)).toBeLessThanOrEqual(10 * 1024 * 1024);
  expect(log.slice(0, 6)).toBe('start\n');
  expect(log.slice(-9)).toBe('\nthe end\n');
  const dropped = Number(/\n\[sluice\] … (\d+) bytes dropped …\n/.exec(log)?.[1]);
  expect(dropped + Buffer.byteLength(log)).toBeGreaterThan(300_000_000);
  expect((await stat(run.log ?? '')).mode & 0o777).toBe(0o600);
});

/** The most bytes that the process ever had in memory. */
async function peakMemory(pid: number): Promise<number> {
  const kilobytes = /^VmHWM:\s+(\d+) kB$/m.exec(await readFile(`/proc/${pid}/status`, 'utf8'))?.[1];
  return Number(kilobytes) * 1024;
}

test.each([
  'rm -rf "$PWD"; echo gone',
  'rm -rf "$HOME" "$TMPDIR" .git; echo gone',
  'rm -rf "$PWD/.."; echo gone',
  'mkdir a; : > a/b; chmod -R 000 . "$HOME"; echo gone',
])('a script may do this to its own directory: %s', async (body) => {
  const { scene } = await withCommit();
  expect(await runShell(scene, body)).toMatchObject({ status: 0, runs: [{ state: 'success', lastLine: 'gone' }] });
  expect(await leftRuns(scene)).toEqual([]);
  const next = await scene.commit({ files: { version: 'third' } });
  expect(await scene.poll([scene.repo])).toMatchObject({ status: 0, stderr: '' });
  expect(await scene.journal()).toEqual([entry(main, next, 'third')]);
});

/** What runs have left in the cache. */
async function leftRuns(scene: Scene): Promise<readonly string[]> {
  const found = await readdir(join(scene.env.XDG_CACHE_HOME ?? '', 'sluice/runs')).catch(() => []);
  return found.filter((name) => name.includes('run-'));
}

test('every run has a clean checkout, an empty HOME and TMPDIR, and no input', async () => {
  const scene = await openScene();
  const body = [
    'git status --porcelain; git rev-parse HEAD; git log --format=%s; ls -A "$HOME" "$TMPDIR"; cat',
    'echo dirt > dirt; echo dirt > "$HOME/dirt"; echo dirt > "$TMPDIR/dirt"',
  ].join('\n');
  await scene.poll([scene.repo]);
  for (const name of ['one', 'two']) await setRef(scene.repo, `refs/heads/${name}`, scene.first);
  const ran = await runShell(scene, body);
  expect(ran).toMatchObject({ status: 0, runs: [{ state: 'success' }, { state: 'success' }] });
  for (const { log } of ran.runs) {
    const [head, subject, home, , tmp, ...rest] = (await readFile(log ?? '', 'utf8')).split('\n');
    expect([head, subject]).toEqual([scene.first, 'first']);
    expect([home, tmp]).toEqual([expect.stringMatching(/\/home:$/), expect.stringMatching(/\/tmp:$/)]);
    expect(rest).toEqual(['']);
  }
});

const scripts: Readonly<Record<string, string>> = {
  'ci/pipeline': '#!/bin/sh\necho told by sh',
  'ci/pipeline.py': 'import os\nprint("told by python", os.environ["CI"])',
  'ci/pipeline.js': 'console.log("told by node", process.env.CI)',
  'ci/pipeline.sh': 'echo told by sh',
  'tools/check.py': '#!/usr/bin/env sh\necho told by its line',
};

test.each(Object.entries(scripts))('%s is run as it says', async (path, text) => {
  const { scene } = await withCommit({ 'ci/pipeline.sh': null, [path]: text });
  // Where this node is, and not one that reads the user's files on its way (pyenv).
  const env = { PATH: `${join(process.execPath, '..')}:/usr/bin:/bin` };
  const flags = path.startsWith('ci/') ? [] : ['--file', path];
  const ran = await scene.poll([...flags, scene.repo], { env });
  expect(ran).toMatchObject({ status: 0, runs: [{ lastLine: expect.stringMatching(/^told by /) }] });
});

test('no script is no run; two are an error; an exit status is told as it is', async () => {
  const { scene } = await withCommit({ 'ci/pipeline.sh': null });
  const none = await scene.poll([scene.repo]);
  expect(none).toMatchObject({
    status: 0,
    runs: [{ state: 'skipped', detail: expect.stringContaining('ci/pipeline') }],
  });
  await scene.commit({ files: { 'ci/pipeline.js': '' } });
  const two = await scene.poll([scene.repo]);
  expect(two).toMatchObject({ status: 1, runs: [{ state: 'error', detail: expect.stringContaining('--file') }] });
  for (const [version, status] of [
    ['a', 0],
    ['b', 1],
    ['c', 42],
    ['d', 255],
  ] as const) {
    await scene.commit({ files: { version } });
    const ran = await runShell(scene, `exit ${status}`);
    const state = status === 0 ? 'success' : 'failure';
    expect(ran).toMatchObject({ status: status === 0 ? 0 : 1, runs: [{ state, exitStatus: status }] });
  }
  await scene.commit({ files: { version: 'e' } });
  expect(await runShell(scene, 'kill -SEGV $$')).toMatchObject({ status: 1, runs: [{ state: 'failure' }] });
});

test('--concurrency runs two branches at one time; one is the default', async () => {
  const scene = await openScene();
  const body = (name: string) => `echo "$SLUICE_BRANCH" >> '${join(scene.root, name)}'`;
  await scene.poll([scene.repo]);
  for (const name of ['one', 'two']) await setRef(scene.repo, `refs/heads/${name}`, scene.first);
  // Each waits until the other has begun.
  const both = `${body('begun')}; until [ "$(wc -l < '${join(scene.root, 'begun')}')" = 2 ]; do sleep 0.05; done`;
  const together = await runShell(scene, both, '--concurrency', '2');
  expect(together.runs).toMatchObject([{ state: 'success' }, { state: 'success' }]);
  for (const name of ['three', 'four']) await setRef(scene.repo, `refs/heads/${name}`, scene.first);
  const alone = `${body('log')}; sleep 0.3; ${body('log')}`;
  expect((await runShell(scene, alone)).runs).toHaveLength(2);
  const lines = (await readFile(join(scene.root, 'log'), 'utf8')).trim().split('\n');
  expect(lines).toEqual(['four', 'four', 'three', 'three']);
});

test('--submodules brings them, also by a relative URL; without the flag their folder is empty', async () => {
  const scene = await openScene();
  const library = await makeBareRepo(join(scene.root, 'library.git'));
  const sub = await commit(library, { files: { 'lib.txt': 'from the library' }, message: 'lib', ref: main });
  const url = scene.server.url(scene.repo);
  const poll = (...flags: string[]) => scene.poll([...flags, url, '--', 'sh', '-c', 'ls sub; cat sub/lib.txt']);
  await poll();
  const work = join(scene.root, 'author');
  await git(['clone', '-q', scene.repo, work]);
  await writeFile(join(work, '.gitmodules'), '[submodule "sub"]\n\tpath = sub\n\turl = ../library.git\n');
  await git(['add', '.gitmodules'], { cwd: work });
  await git(['update-index', '--add', '--cacheinfo', `160000,${sub},sub`], { cwd: work });
  await git(['commit', '-q', '-m', 'with submodule'], { cwd: work });
  await git(['push', '-q', 'origin', 'HEAD:main'], { cwd: work });
  expect((await poll('--submodules')).runs).toMatchObject([{ state: 'success', lastLine: 'from the library' }]);
  await git(['push', '-q', 'origin', 'HEAD:again'], { cwd: work });
  const without = await poll();
  expect(without.runs).toMatchObject([{ ref: 'refs/heads/again', state: 'failure' }]);
});

test('a script that pushes to its own branch makes one more run, not an endless row', async () => {
  const { scene } = await withCommit();
  const body = `[ "$(git rev-list --count HEAD)" -gt 2 ] && exit 0
git -c user.name=x -c user.email=x@y commit -q --allow-empty -m more && git push -q origin HEAD:"$SLUICE_BRANCH"`;
  expect(await runShell(scene, body)).toMatchObject({ status: 0, runs: [{ state: 'success' }] });
  expect(await runShell(scene, body)).toMatchObject({ status: 0, runs: [{ state: 'success' }] });
  expect(await runShell(scene, body)).toMatchObject({ status: 0, events: [] });
});

test('without a terminal the output of scripts goes to their logs only', async () => {
  const { scene } = await withCommit();
  const { words, go } = waiting(scene, 'echo hello');
  await writeFile(go, '');
  const ran = await scene.text(['--once', scene.repo, '--', ...words]);
  expect(ran).toMatchObject({ status: 0, stderr: '' });
  expect(ran.stdout).not.toContain('hello');
});
