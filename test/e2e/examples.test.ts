import { execFile } from 'node:child_process';
import { chmod, cp, mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, onTestFinished, test, vi } from 'vitest';
import { startGitHttpServer } from '../support/git-http-server.ts';
import { commit, git, isolatedGitEnv, makeBareRepo, refs, setRef } from '../support/git-repo.ts';
import { sluice } from '../support/sluice.ts';
import { testDir } from '../support/temp-dir.ts';
import { gateScene, reviewsOf } from './gate-scene.ts';

const examples = join(import.meta.dirname, '../../examples');

test('plugin-command: the subcommand of the example runs', async () => {
  // Named, because a configuration that came with the clone may name no plugins otherwise.
  const here = ['-C', join(examples, 'plugin-command'), '--config', 'sluice.yaml'];
  const ran = await sluice([...here, 'whereis', 'github:acme/app']);
  expect(ran).toMatchObject({ status: 0, stderr: '' });
  expect(ran.stdout).toContain('https://github.com/acme/app');
  const wrong = await sluice([...here, 'whereis', 'nowhere:acme/app']);
  expect(wrong).toMatchObject({ status: 64, stderr: expect.stringContaining('nowhere') });
});

test('plugin-forge: --prs mirrors what the forge of the example lists', async () => {
  const dir = await testDir();
  const app = await makeBareRepo(join(dir, 'acme/app.git'));
  const base = await commit(app, { message: 'start', files: { a: 'a' }, ref: 'refs/heads/main' });
  const head = await commit(app, { parent: base, message: 'fix', files: { a: 'b' } });
  await setRef(app, 'refs/changes/7/head', head);
  const server = await startGitHttpServer(dir);
  onTestFinished(() => server.close());
  const change = { number: 7, title: 'Fix', author: 'ann', branch: 'fix', sha: head, base: 'main' };
  const index = JSON.stringify({ 'acme/app': [change] });
  server.options.fault = ({ path }) => (path === '/index.json' ? { status: 200, body: index } : undefined);
  const config = join(dir, 'sluice.json');
  const plugins = [join(examples, 'plugin-forge/git-index.js')];
  await writeFile(config, JSON.stringify({ plugins, forges: { plain: { type: 'git-index', url: server.origin } } }));

  const to = join(dir, 'mirror.git');
  const ran = await sluice(['mirror', '-c', config, 'plain:acme/app', to, '--prs', '--create']);
  expect(ran).toMatchObject({ status: 0, stderr: '' });
  expect((await refs(to)).get('refs/heads/pr/7')).toBe(head);
  const create = await sluice(['mirror', '-c', config, 'plain:acme/app', 'plain:acme/new', '--create']);
  expect(create).toMatchObject({ status: 64, stderr: expect.stringContaining('cannot create repositories') });
});

test('plugin-rule: the rules of the example judge beside the built-in ones', async () => {
  const scene = await gateScene('gitea', {
    plugins: [join(examples, 'plugin-rule/house-rules.js')],
    rules: { ticket: { project: 'SEC' }, 'company-mail': { domain: 'company.test' } },
  });
  scene.fake.state.addAccount('dora', { email: 'dora@company.test' });
  const right = await scene.addChange({ branch: 'right', title: 'SEC-12 Fix', author: 'dora', commitAuthor: 'dora' });
  scene.fake.state.about('acme/app', right.number).review('bob', 'approved');
  reviewsOf(scene).review('bob', 'approved');
  const wrong = await scene.say('--explain');
  expect(wrong.status).toBe(1);
  expect(wrong.stdout).toContain('ticket: the title names no ticket: begin it with SEC-123');
  expect(wrong.stdout).toContain('company-mail: ');
  expect(await scene.gate('--branch', 'right', '--sha', right.head.sha)).toMatchObject({ status: 0 });
});

const main = 'refs/heads/main';
const binary = join(import.meta.dirname, '../../bin/sluice.js');

interface Place {
  readonly home: string;
  readonly repo: string;
  /** The copied folder of the example; its configuration watches the repository. */
  readonly folder: string;
  /** A directory with a program `sluice`. */
  readonly bin: string;
}

/** A home with the example's folder in it, and a repository instead of the one that its configuration names. */
async function place(example: string, script: string): Promise<Place & { readonly first: string }> {
  const home = await testDir();
  const repo = await makeBareRepo(join(home, 'app.git'));
  const first = await commit(repo, { message: 'start', files: { 'ci/pipeline': script }, ref: main });
  const folder = join(home, 'ci');
  await cp(join(examples, example), folder, { recursive: true });
  const config = join(folder, 'sluice.yaml');
  const written = await readFile(config, 'utf8');
  expect(written).toContain('https://git.example.org/app.git');
  await writeFile(config, written.replace('https://git.example.org/app.git', repo));
  const bin = join(home, 'bin');
  await mkdir(bin);
  await writeFile(join(bin, 'sluice'), `#!/bin/sh\nexec '${process.execPath}' '${binary}' "$@"\n`);
  await chmod(join(bin, 'sluice'), 0o755);
  return { home, repo, folder, bin, first };
}

interface ShellRun {
  readonly status: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** As cron and systemd start a program: nothing of this process's environment, except what keeps git to itself. */
function shell(command: string, cwd: string, env: Readonly<Record<string, string>>): Promise<ShellRun> {
  const { GIT_CONFIG_GLOBAL = '', GIT_CONFIG_NOSYSTEM = '' } = isolatedGitEnv();
  const whole = { GIT_CONFIG_GLOBAL, GIT_CONFIG_NOSYSTEM, ...env };
  return new Promise((resolve) => {
    execFile('/bin/sh', ['-c', command], { cwd, env: whole }, (error, stdout, stderr) => {
      resolve({ status: error === null ? 0 : Number(error.code), stdout, stderr });
    });
  });
}

test('poll-cron: the line of the crontab is silent until a pipeline fails', async () => {
  const { home, repo, bin, first } = await place('poll-cron', '#!/bin/sh\necho fine\n');
  const lines = (await readFile(join(examples, 'poll-cron/crontab'), 'utf8')).split('\n');
  const jobs = lines.flatMap((line) => /^(?:[\d*/,-]+ +){5} *(.*)$/.exec(line)?.[1] ?? []);
  const path = lines.find((line) => line.startsWith('PATH='))?.slice('PATH='.length);
  expect(jobs).toHaveLength(1);
  const [job = ''] = jobs;
  // cron would end the line there (crontab(5)).
  expect(job).not.toContain('%');
  const cron = () => shell(job, home, { HOME: home, LOGNAME: 'ci', SHELL: '/bin/sh', PATH: `${bin}:${path}` });

  expect(await cron(), 'first sight').toEqual({ status: 0, stdout: '', stderr: '' });
  const second = await commit(repo, { parent: first, message: 'good', files: { a: 'a' }, ref: main });
  expect(await cron(), 'a good commit').toEqual({ status: 0, stdout: '', stderr: '' });
  const failing = { 'ci/pipeline': '#!/bin/sh\necho broken\nexit 3\n' };
  await commit(repo, { parent: second, message: 'bad', files: failing, ref: main });
  const failed = await cron();
  expect(failed).toMatchObject({ status: 1, stderr: '' });
  expect(failed.stdout).toMatch(/^run 2 \(app main .*failure: broken\n$/);
  const history = await shell('sluice poll history', home, { HOME: home, PATH: `${bin}:${path}` });
  expect(history.stdout).toMatch(/2 .*failure .*\n1 .*success .*fine/);
});

/** The keys of a unit; none of the examples' stands twice, and no line is continued. */
function unitKeys(text: string): ReadonlyMap<string, string> {
  const pairs = text.split('\n').flatMap((line) => {
    const at = /^[A-Z]\w*=/.test(line) ? line.indexOf('=') : -1;
    return at < 0 ? [] : [[line.slice(0, at), line.slice(at + 1)] as const];
  });
  expect(new Set(pairs.map(([key]) => key)).size).toBe(pairs.length);
  return new Map(pairs);
}

test('poll-systemd: the command of the unit runs, and its statuses 1, 75 and 143 are no failures of the unit', async () => {
  const { home, repo, folder, bin, first } = await place('poll-systemd', '#!/bin/sh\necho fine\n');
  const config = join(folder, 'sluice.yaml');
  const shutIn = await readFile(config, 'utf8');
  expect(shutIn).toContain('isolation: bubblewrap');
  // Its own tests say whether bubblewrap works here; the script below has to reach this test's directory.
  await writeFile(config, shutIn.replace('isolation: bubblewrap', 'isolation: none'));
  const unit = unitKeys(await readFile(join(folder, 'sluice-poll.service'), 'utf8'));
  const [, cacheDir] = unit.get('Environment')?.split('=') ?? [];
  expect(cacheDir).toBe(`/var/cache/${unit.get('CacheDirectory')}`);
  const start = unit.get('ExecStart') ?? '';
  expect(start).toContain('/etc/sluice/sluice.yaml');
  const command = start
    .replace('/usr/local/bin/sluice', `exec ${bin}/sluice`)
    .replace('/etc/sluice/sluice.yaml', config);
  const env = {
    HOME: home,
    PATH: '/usr/local/bin:/usr/bin:/bin',
    STATE_DIRECTORY: join(home, 'state'),
    SLUICE_CACHE_DIR: join(home, 'cache'),
  };
  const systemd = () => shell(command, '/', env);
  const accepted = unit.get('SuccessExitStatus')?.split(' ').map(Number);
  expect(accepted).toEqual([1, 75, 143]);

  expect(await systemd()).toMatchObject({ status: 0, stderr: '' });
  const second = await commit(repo, { parent: first, message: 'good', files: { a: 'a' }, ref: main });
  expect(await systemd()).toMatchObject({ status: 0, stderr: '' });
  const note = await git(['--git-dir', repo, 'notes', '--ref=sluice', 'show', second]);
  expect(note).toContain('sluice: success');
  expect(note).toContain('fine');

  const failing = { 'ci/pipeline': '#!/bin/sh\nexit 3\n' };
  const third = await commit(repo, { parent: second, message: 'bad', files: failing, ref: main });
  expect(await systemd()).toMatchObject({ status: 1, stderr: '' });

  const waiting = `#!/bin/sh\ntouch '${home}/begun'\nuntil [ -e '${home}/go' ]; do sleep 0.05; done\n`;
  await commit(repo, { parent: third, message: 'slow', files: { 'ci/pipeline': waiting }, ref: main });
  const stopped = systemd();
  await vi.waitFor(() => readFile(join(home, 'begun')), { timeout: 30_000 });
  expect(await systemd()).toMatchObject({ status: 75, stdout: '' });
  const holder = await readFile(join(home, 'state/poll.sqlite.lock.holder'), 'utf8');
  process.kill(Number(/\d+/.exec(holder)?.[0]), 'SIGTERM');
  await writeFile(join(home, 'go'), '');
  expect(await stopped).toMatchObject({ status: 143 });
});

test('poll-systemd: systemd finds nothing wrong with the units', async ({ skip }) => {
  const dir = await testDir();
  const verify = (...units: readonly string[]) =>
    shell(`systemd-analyze verify ${units.join(' ')}`, dir, { PATH: '/usr/local/bin:/usr/bin:/bin', HOME: dir });
  const sound = '[Service]\nType=oneshot\nExecStart=/bin/true\n';
  await writeFile(join(dir, 'sound.service'), sound);
  const works = await verify('./sound.service');
  // Absent, or too old, or in a container that it does not like.
  if (works.status !== 0) skip(`systemd-analyze verify does not work here: ${works.stderr}`);
  for (const name of ['sluice-poll.service', 'sluice-poll.timer']) {
    const text = await readFile(join(examples, 'poll-systemd', name), 'utf8');
    await writeFile(join(dir, name), text.replace('/usr/local/bin/sluice', '/bin/true'));
  }
  // systemd tells unknown keys as warnings, with status 0.
  const verified = await verify('./sluice-poll.service', './sluice-poll.timer');
  expect(verified.stderr.split('\n').filter((line) => line.includes('sluice-poll'))).toEqual([]);
  expect(verified.status).toBe(0);
});

test('pyci-migration: the pipeline runs in a clone of pyci, and its result is committed', async ({ skip }) => {
  const home = await testDir();
  const env = { HOME: home, XDG_STATE_HOME: undefined, XDG_CACHE_HOME: undefined };
  const python = await shell('python3 --version', home, { PATH: process.env.PATH ?? '' });
  if (python.status !== 0) skip('there is no python3 here');
  const readme = await readFile(join(examples, 'pyci-migration/README.md'), 'utf8');
  const line = /^sluice poll (.*-t 3600.*)$/m.exec(readme)?.[1] ?? '';
  expect(line).toContain('-f ci/pipeline.py');
  // As the page says: from cron the same with --once instead of -t.
  const args = ['poll', ...line.replace('-t 3600', '--once').split(' ')];
  const repo = await makeBareRepo(join(home, 'app.git'));
  const script = await readFile(join(examples, 'pyci-migration/ci/pipeline.py'), 'utf8');
  const first = await commit(repo, { message: 'start', files: { 'ci/pipeline.py': script }, ref: main });
  const clone = join(home, 'clone');
  await git(['clone', '-q', '--', repo, clone]);

  expect(await sluice(args, { cwd: clone, env })).toMatchObject({ status: 0, stderr: '' });
  const good = await commit(repo, { parent: first, message: 'good', files: { 'a.py': 'x = 1\n' }, ref: main });
  await setRef(repo, 'refs/heads/feature/x', good);
  expect(await sluice(args, { cwd: clone, env })).toMatchObject({ status: 0, stderr: '' });
  expect(await git(['--git-dir', repo, 'show', 'main:ci/result'])).toContain('all files compile');
  expect((await sluice(['poll', 'log', '1'], { cwd: clone, env })).stdout).toContain('testing feature/x');
  // The result is no change to be run.
  expect((await sluice(args, { cwd: clone, env })).stdout).toContain('nothing to run');

  const bad = { 'a.py': 'x = = 1\n' };
  await commit(repo, { parent: (await refs(repo)).get(main) ?? '', message: 'bad', files: bad, ref: main });
  const failed = await sluice(args, { cwd: clone, env });
  expect(failed).toMatchObject({ status: 1, stderr: '' });
  expect(failed.stdout).toContain('some files do not compile');
  expect(await git(['--git-dir', repo, 'show', 'main:ci/result'])).toContain('sluice: failure');
  expect(await git(['-C', clone, 'status', '--porcelain'])).toBe('');
});
