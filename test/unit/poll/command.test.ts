import { mkdir, readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { pollCommand } from '../../../src/commands/poll.ts';
import { historyCommand, showCommand } from '../../../src/commands/poll-history.ts';
import { openPoll } from '../../../src/core/app/poll.ts';
import { commit, makeBareRepo } from '../../support/git-repo.ts';
import { testDir } from '../../support/temp-dir.ts';
import { openCommand } from './command-scene.ts';

const main = 'refs/heads/main';

async function openScene() {
  const root = await testDir();
  const repo = await makeBareRepo(join(root, 'app.git'));
  const first = await commit(repo, { message: 'first', files: { 'ci/pipeline.sh': 'echo hello\n' }, ref: main });
  return { root, repo, first, ...openCommand(root) };
}

describe('what cannot work is refused before the first look', () => {
  test.each([
    ['an interval below the floor', { interval: 1000 }, /--interval must be at least 5s/],
    ['a time limit for a watcher', { timeout: 1000 }, /--timeout is the limit of --once/],
    ['guarded paths of nothing', { guard: ['ci/**'] }, /--guard says which change requests run/],
    ['a glob that is empty', { branch: ['main', ''] }, /--branch "": a glob must not be empty/],
    ['guarded paths that are empty', { prs: true, guard: [''] }, /--guard "": a glob must not be empty/],
    ['a script outside of the commit', { file: '/etc/passwd' }, /"\/etc\/passwd" must be relative/],
    ['a script without a name', { file: '' }, /the script "" is not a path/],
    ['a variable that scripts never see', { env: ['LANG', 'SLUICE_CONFIG'] }, /SLUICE_CONFIG configures sluice itself/],
    ['an image of no container', { image: 'debian' }, /--image debian: the scripts run in no container/],
    ['a network that is open anyway', { network: true }, /--network opens the network to an isolated script/],
    ['a program that is not there', { run: ['no-such-program-x'] }, /"no-such-program-x" was not found on PATH/],
    ['an absolute path to nothing', { run: ['/no/such/program'] }, /"\/no\/such\/program" is no program/],
  ])('%s', async (_what, options, message) => {
    const { repo, run, root } = await openScene();
    await expect(run([repo], options)).rejects.toMatchObject({
      code: 'usage',
      message: expect.stringMatching(message),
    });
    await expect(readFile(join(root, 'state/sluice/poll.sqlite'))).rejects.toMatchObject({ code: 'ENOENT' });
  });

  test("a variable with a token of sluice's own", async () => {
    const { repo, root } = await openScene();
    const env = { PATH: process.env.PATH, HOME: root, GITHUB_TOKEN: 'x'.repeat(40) };
    const { run } = openCommand(root, { env });
    await expect(run([repo], { once: true, env: ['GITHUB_TOKEN'] })).rejects.toMatchObject({
      code: 'usage',
      message: "the variable GITHUB_TOKEN holds a token of sluice's own, and is kept from scripts",
    });
  });

  test('a program of the checkout, or of a container, is not sought here', async () => {
    const { repo, run } = await openScene();
    expect(await run([repo], { once: true, run: ['./ci/test'] })).toMatchObject({ exit: 0 });
  });

  test('a program that the configuration names is the fault of the configuration', async () => {
    const { root, repo, run } = await openScene();
    await writeFile(join(root, 'sluice.yaml'), `repositories: [{ repo: ${repo}, poll: { run: [no-such-program-x] } }]`);
    await expect(run([], { once: true })).rejects.toMatchObject({ code: 'config', exit: 78 });
  });

  test('a mistyped subcommand, unless there is such a repository', async () => {
    const { run, root } = await openScene();
    await expect(run(['histroy'], { once: true })).rejects.toMatchObject({
      code: 'usage',
      hint: 'Did you mean sluice poll history?',
    });
    await mkdir(join(root, 'shows'));
    await makeBareRepo(join(root, 'shows'));
    expect(await run(['shows'], { once: true })).toMatchObject({ exit: 0 });
  });
});

describe('sluice poll --once', () => {
  test('the same repository twice is watched once', async () => {
    const { repo, run } = await openScene();
    const { stdout, exit } = await run([repo, repo], { once: true, initial: 'run' });
    expect(exit).toBe(0);
    expect(stdout.filter((line) => line.includes('created'))).toEqual([`${repo} main: created, run 1`]);
  });

  test('trouble goes to stderr, results to stdout', async () => {
    const { root, repo, run } = await openScene();
    const nowhere = join(root, 'nowhere.git');
    const { stdout, warnings, exit } = await run([repo, nowhere], { once: true });
    expect(exit).toBe(69);
    expect(stdout).toEqual([expect.stringMatching(/app.git: first sight of 1 ref/)]);
    expect(warnings).toEqual([expect.stringContaining(nowhere)]);
  });

  test('a script that was named and is not in the commit is said', async () => {
    const { repo, run } = await openScene();
    const options = { once: true, initial: 'run', file: 'ci/nope' };
    const { warnings, exit } = await run([repo], options);
    expect([exit, warnings]).toEqual([0, [`run 1 (${repo} main): there is no ci/nope in this commit`]]);
    const { file: _, ...unnamed } = options;
    const bare = await openScene();
    await commit(bare.repo, { message: 'none', files: {}, ref: main });
    expect(await bare.run([bare.repo], unnamed)).toMatchObject({ warnings: [] });
  });

  test('beside another one it ends with 75, and says so unless it is told to be quiet', async () => {
    const { repo, run, context } = await openScene();
    await using _watcher = await openPoll(context, [repo], {}, () => {});
    await expect(run([repo], { once: true })).rejects.toMatchObject({ code: 'locked', exit: 75 });
    const quiet = (json: boolean, options: Readonly<Record<string, unknown>>) =>
      pollCommand.run?.({ ...context, quiet: true, json }, { arguments: [repo], options });
    expect(await quiet(false, { once: true })).toEqual({ exit: 75 });
    await expect(quiet(true, { once: true })).rejects.toMatchObject({ code: 'locked' });
    await expect(quiet(false, {})).rejects.toMatchObject({ code: 'locked' });
  });

  test('--timeout ends it, and what was cut off is run the next time', async () => {
    const { repo, run } = await openScene();
    // It ends as soon as it is asked to.
    const slow = {
      once: true,
      initial: 'run',
      timeout: 1500,
      run: ['sh', '-c', 'trap "exit 9" TERM; sleep 60 & wait'],
    };
    const cut = await run([repo], slow);
    expect(cut).toMatchObject({ exit: 69, warnings: expect.arrayContaining([expect.stringContaining('--timeout')]) });
    expect(await run([repo], { once: true, run: ['true'] })).toMatchObject({
      exit: 0,
      stdout: expect.arrayContaining([expect.stringMatching(/^run 1 .*success/)]),
    });
  });

  test('no working directory is left behind, nor made by a start', async () => {
    const { root, repo, run, context } = await openScene();
    await run([repo], { once: true, initial: 'run', result: ['notes'] });
    const runs = () => readdir(join(root, 'cache/sluice/runs'));
    expect(await runs()).toEqual([]);
    await using _watcher = await openPoll(context, [repo], {}, () => {});
    expect(await runs()).toEqual([]);
  });
});

describe('sluice poll --dry-run', () => {
  test('says what would run, and leaves no trace', async () => {
    const { root, repo, first, run } = await openScene();
    expect((await run([repo], { dryRun: true, initial: 'run' })).stdout).toEqual([
      expect.stringMatching(/app.git main: created at [0-9a-f]{10}, would run$/),
    ]);
    await expect(readFile(join(root, 'state/sluice/poll.sqlite'))).rejects.toMatchObject({ code: 'ENOENT' });
    await run([repo], { once: true });
    expect((await run([repo], { dryRun: true })).stdout).toEqual([
      `nothing would run: no watched ref of ${repo} has changed`,
    ]);
    await commit(repo, { parent: first, message: 'second', files: { new: 'x' }, ref: main });
    const twice = [await run([repo], { dryRun: true }), await run([repo], { dryRun: true })];
    for (const { stdout } of twice)
      expect(stdout).toEqual([expect.stringMatching(/moved to [0-9a-f]{10}, would run$/)]);
    expect(await run([repo], { once: true })).toMatchObject({ json: { ended: { success: 1 } } });
  });
});

describe('the history', () => {
  test('refuses a number of 0 and a repository that it does not have', async () => {
    const { root, repo, run } = await openScene();
    const list = (options: Readonly<Record<string, unknown>>) => run([], options, historyCommand);
    expect(await list({ repo: 'nix' })).toMatchObject({
      text: expect.stringContaining('no runs yet: there is no state in'),
    });
    await run([repo], { once: true });
    await expect(list({ repo: `${root}/ap.git` })).rejects.toMatchObject({
      code: 'usage',
      hint: `Did you mean ${repo}?`,
    });
    await expect(list({ repo: 'nix' })).rejects.toMatchObject({ hint: `It has ${repo}.` });
    const limit = historyCommand.options?.find(({ flags }) => flags.startsWith('-n'))?.parse;
    expect(() => limit?.('0')).toThrow('would list nothing');
  });

  test('cuts what a script said last; show prints all of it, and times that a person can read', async () => {
    const { repo, run } = await openScene();
    const long = 'x'.repeat(500);
    await run([repo], { once: true, initial: 'run', run: ['echo', long] });
    const { text = '' } = await run([], {}, historyCommand);
    expect(text).toMatch(/ x{59}…$/);
    const shown = await run(['1'], {}, showCommand);
    expect(shown.text).toContain(long);
    expect(shown.text).toMatch(/^finished at +\d{4}-\d\d-\d\d \d\d:\d\d:\d\d UTC$/m);
    expect(shown.json).toMatchObject({ run: { exitStatus: 0, finishedAt: expect.any(Number) } });
  });
});
