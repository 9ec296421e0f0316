import { mkdir, readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, onTestFinished } from 'vitest';
import type { MirrorReport } from '../../src/core/mirror/report.ts';
import type { Oid, RefName } from '../../src/core/model/ref.ts';
import { type GitHttpOptions, type GitHttpServer, startGitHttpServer } from '../support/git-http-server.ts';
import { type BareRepoOptions, commit, makeBareRepo, refs, setRefs } from '../support/git-repo.ts';
import { document, type RunOptions, type Started, sluice, startSluice } from '../support/sluice.ts';
import { testDir } from '../support/temp-dir.ts';

export const main = 'refs/heads/main';

/** With a setting for git's own HTTP client in the environment, nothing is done in process (http-settings.ts). */
export const throughGit = { GIT_HTTP_USER_AGENT: 'git/test' } as const;

export interface Mirrored {
  readonly status: number | null;
  /** Ref → status, in the order of the report. */
  readonly statuses: Readonly<Record<RefName, string>>;
  readonly report: MirrorReport;
  /** The document of a failure. */
  readonly error: {
    readonly code: string;
    readonly exit: number;
    readonly message: string;
    readonly hint?: string;
    readonly problems?: string[];
  };
  readonly stdout: string;
  readonly stderr: string;
}

/** A source with three commits on `main`, an empty destination, both over HTTP and as files, and a home for sluice. */
export interface Site {
  readonly root: string;
  readonly from: string;
  readonly to: string;
  /** Commits of `main`, oldest first. */
  readonly commits: readonly [Oid, Oid, Oid];
  readonly server: GitHttpServer;
  readonly env: Readonly<Record<string, string>>;
  /** Runs `sluice mirror --json` and reads its document. */
  mirror(args: readonly string[], options?: RunOptions): Promise<Mirrored>;
  start(args: readonly string[], options?: RunOptions): Started;
  refsOf(repo: string): Promise<Readonly<Record<RefName, Oid>>>;
  /** What sluice left behind in TMPDIR. */
  leftovers(): Promise<readonly string[]>;
}

export interface SiteOptions {
  readonly from?: BareRepoOptions;
  readonly to?: BareRepoOptions;
  readonly http?: GitHttpOptions;
}

export async function openSite(options: SiteOptions = {}): Promise<Site> {
  const root = await testDir();
  const server = await startGitHttpServer(root, options.http);
  onTestFinished(() => server.close());
  const from = await makeBareRepo(join(root, 'from.git'), options.from);
  const to = await makeBareRepo(join(root, 'to.git'), options.to);
  const one = await commit(from, { message: 'one', files: { a: 'one\n' } });
  const two = await commit(from, { message: 'two', parent: one, files: { a: 'two\n', 'd/b': 'b\n' } });
  const three = await commit(from, { message: 'three', parent: two, files: { c: 'c\n' }, ref: main });
  const env = { HOME: join(root, 'home'), TMPDIR: join(root, 'tmp'), XDG_CACHE_HOME: join(root, 'cache'), CI: '1' };
  for (const dir of Object.values(env).filter((value) => value.startsWith('/'))) await mkdir(dir);

  const start: Site['start'] = (args, more = {}) =>
    startSluice(['mirror', ...args], { cwd: root, ...more, env: { ...env, ...more.env } });

  return {
    root,
    from,
    to,
    commits: [one, two, three],
    server,
    env,
    start,
    async mirror(args, more) {
      const ran = await start(['--json', ...args], more).ended;
      const read = document(ran) as { refs?: MirrorReport['refs']; error?: Mirrored['error'] };
      return {
        status: ran.status,
        statuses: Object.fromEntries((read.refs ?? []).map((ref) => [ref.target, ref.status])),
        report: read as unknown as MirrorReport,
        error: read.error as Mirrored['error'],
        stdout: ran.stdout,
        stderr: ran.stderr,
      };
    },
    refsOf: async (repo) => Object.fromEntries(await refs(repo)),
    leftovers: async () => (await readdir(env.TMPDIR)).filter((name) => name.startsWith('sluice-')),
  };
}

/** The source's refs, each at a commit of `main` by its place (0 to 2). */
export async function addRefs(site: Site, refsAt: Readonly<Record<RefName, 0 | 1 | 2>>): Promise<void> {
  await setRefs(
    site.from,
    Object.entries(refsAt).map(([name, at]) => [name, site.commits[at]] as const),
  );
}

/** Exit status and report say the same, and nothing is left in TMPDIR. */
export async function expectDone(
  site: Site,
  mirrored: Mirrored,
  statuses: Readonly<Record<RefName, string>>,
): Promise<void> {
  expect({ status: mirrored.status, statuses: mirrored.statuses, stderr: mirrored.stderr }).toEqual({
    status: Object.values(statuses).includes('refused') ? 1 : 0,
    statuses,
    stderr: '',
  });
  expect(await site.leftovers()).toEqual([]);
}

/** Runs text mode; what a person sees. */
export async function mirrorText(site: Site, args: readonly string[]) {
  return await sluice(['mirror', ...args], { cwd: site.root, env: site.env });
}
