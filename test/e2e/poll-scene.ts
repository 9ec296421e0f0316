import { mkdir, readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, onTestFinished, vi } from 'vitest';
import type { Oid, RefName } from '../../src/core/model/ref.ts';
import type { PollEvent } from '../../src/core/poll/events.ts';
import type { Run } from '../../src/core/poll/run.ts';
import { type GitHttpServer, startGitHttpServer } from '../support/git-http-server.ts';
import { type CommitOptions, commit, makeBareRepo } from '../support/git-repo.ts';
import { document, type Ran, type RunOptions, type Started, sluice, startSluice } from '../support/sluice.ts';
import { testDir } from '../support/temp-dir.ts';

export const main = 'refs/heads/main';

/** What `sluice poll --once --json` said. */
export interface Polled extends Ran {
  readonly events: readonly PollEvent[];
  /** `created refs/heads/x`, in the order in which they were found. */
  readonly changes: readonly string[];
  /** Runs that came to an end, in that order. */
  readonly runs: readonly Run[];
}

/** A repository with a pipeline script, as a file and over HTTP, and a home for sluice that holds nothing else. */
export interface Scene {
  readonly root: string;
  /** The bare repository; its `main` has `ci/pipeline.sh`, which writes into the journal. */
  readonly repo: string;
  readonly first: Oid;
  readonly server: GitHttpServer;
  readonly env: Readonly<Record<string, string>>;
  /** `--once --json`. */
  poll(args: readonly string[], options?: RunOptions): Promise<Polled>;
  /** `sluice poll` with these words, for a person. */
  text(args: readonly string[], options?: RunOptions): Promise<Ran>;
  start(args: readonly string[], options?: RunOptions): Started;
  /** `sluice poll history --json`, newest first. */
  history(...args: readonly string[]): Promise<readonly Run[]>;
  commit(options: Partial<CommitOptions>): Promise<Oid>;
  /** What scripts wrote since the last call: `REF SHA VERSION` in the order of their runs. */
  journal(): Promise<readonly string[]>;
}

export async function openScene(): Promise<Scene> {
  const root = await testDir();
  const server = await startGitHttpServer(root);
  onTestFinished(() => server.close());
  const repo = await makeBareRepo(join(root, 'app.git'));
  const env = {
    HOME: join(root, 'home'),
    TMPDIR: join(root, 'tmp'),
    XDG_CACHE_HOME: join(root, 'cache'),
    XDG_STATE_HOME: join(root, 'state'),
    CI: '1',
  };
  for (const dir of Object.values(env).filter((value) => value.startsWith('/'))) await mkdir(dir);
  const journal = join(root, 'journal');
  const pipeline = `echo "$SLUICE_REF $SLUICE_SHA $(cat version)" >> '${journal}'\n`;
  const first = await commit(repo, {
    message: 'first',
    files: { 'ci/pipeline.sh': pipeline, version: 'first' },
    ref: main,
  });
  const start: Scene['start'] = (args, more = {}) =>
    startSluice(['poll', ...args], { cwd: root, ...more, env: { ...env, ...more.env } });
  return {
    root,
    repo,
    first,
    server,
    env,
    start,
    text: (args, more) => start(args, more).ended,
    async poll(args, more) {
      const ran = await start(['--once', '--json', ...args], more).ended;
      return { ...ran, ...readEvents((document(ran).events ?? []) as readonly PollEvent[]) };
    },
    async history(...args) {
      const ran = await sluice(['poll', 'history', '--json', ...args], { cwd: root, env });
      return document(ran).runs as readonly Run[];
    },
    commit: (options) => commit(repo, { parent: first, message: 'more', ref: main, ...options }),
    async journal() {
      const text = await readFile(journal, 'utf8').catch(() => '');
      await writeFile(journal, '');
      return text.split('\n').filter((line) => line !== '');
    },
  };
}

export function readEvents(events: readonly PollEvent[]): Pick<Polled, 'events' | 'changes' | 'runs'> {
  return {
    events,
    changes: events.flatMap((one) => (one.type === 'change' ? [`${one.change.kind} ${one.change.ref}`] : [])),
    runs: events.flatMap((one) => (one.type === 'run-finished' ? [one.run] : [])),
  };
}

/** The line that the scene's script writes. */
export function entry(ref: RefName, sha: Oid, version: string): string {
  return `${ref} ${sha} ${version}`;
}

/** Waits for a file and gives its text. */
export async function written(path: string): Promise<string> {
  return await vi.waitFor(
    async () => {
      const text = await readFile(path, 'utf8');
      expect(text).not.toBe('');
      return text;
    },
    { timeout: 20_000, interval: 20 },
  );
}

/** Command lines of all processes that carry this scene's environment: sluice and whatever it started. */
export async function alive({ root }: Scene): Promise<readonly string[]> {
  const found: string[] = [];
  for (const pid of (await readdir('/proc')).filter((name) => /^\d+$/.test(name))) {
    const environ = await readFile(`/proc/${pid}/environ`, 'utf8').catch(() => '');
    const command = await readFile(`/proc/${pid}/cmdline`, 'utf8').catch(() => '');
    // A zombie has neither.
    if (environ.includes(`HOME=${root}/`) && command !== '') found.push(command.replaceAll('\0', ' '));
  }
  return found;
}

export async function noneAlive(scene: Scene): Promise<void> {
  await vi.waitFor(async () => expect(await alive(scene)).toEqual([]), { timeout: 15_000, interval: 50 });
}

/** A script that says that it has begun and goes on until it is let go; `more` comes before it waits. */
export function waiting(
  scene: Scene,
  more = '',
): { readonly begun: string; readonly go: string; readonly words: string[] } {
  const begun = join(scene.root, 'begun');
  const go = join(scene.root, 'go');
  const script = `${more}\necho $$ >> '${begun}'\nwhile [ ! -e '${go}' ]; do sleep 0.05; done\necho went on`;
  return { begun, go, words: ['sh', '-c', script] };
}
