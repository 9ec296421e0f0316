import { createHash } from 'node:crypto';
import { rm } from 'node:fs/promises';
import { homedir, tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Config, PollConfig, RepositoryConfig } from '../config/config.ts';
import { pollDefaults } from '../config/defaults.ts';
import { SluiceError } from '../errors.ts';
import { bareRepository } from '../git/bare.ts';
import type { Endpoint } from '../git/endpoint.ts';
import { type InProcess, openInProcess } from '../git/in-process.ts';
import { type GitContext, listWithGit } from '../git/remote.ts';
import { takeLock } from '../lock.ts';
import type { Oid } from '../model/ref.ts';
import { displayAddress } from '../model/repo.ts';
import { requireIsolation } from '../pipeline/isolation.ts';
import { killOrphan } from '../pipeline/process-group.ts';
import { removeTree } from '../pipeline/remove-tree.ts';
import type { CommandContext } from '../plugins/command.ts';
import type { OnPollEvent } from '../poll/events.ts';
import type { ListChangeHeads, ListRefsIfChanged, RunPipeline } from '../poll/ports.ts';
import type { ResultKind, WatchedRepository } from '../poll/repository.ts';
import type { Run } from '../poll/run.ts';
import { type PollFlags, pollSettings } from '../poll/settings.ts';
import type { StateDatabase } from '../poll/state/access.ts';
import { openState } from '../poll/state/database.ts';
import { history } from '../poll/state/history.ts';
import type { WatchOptions, WatchPorts } from '../poll/watch.ts';
import { judgeTrust } from '../trust/judge.ts';
import { parsePolicies } from '../trust/policy.ts';
import { version } from '../version.ts';
import { openEndpoint } from './endpoint.ts';
import { cacheDirectory, secretVariables } from './git.ts';
import { openPipeline, toGroupIdentity } from './pipeline.ts';
import { openResults } from './results.ts';

/** What watching needs, opened; disposing closes it in reverse order. */
export interface OpenPoll extends AsyncDisposable {
  readonly options: WatchOptions;
  readonly ports: WatchPorts;
}

interface Watched {
  readonly repository: WatchedRepository;
  readonly settings: PollConfig;
}

const requestLimitMs = 120_000;
const graceMs = 10_000;

/** Where the state of polling lies: the flag or key, else the user's state directory (XDG Base Directory Specification). */
export function stateDirectory(
  { cwd, env }: Pick<CommandContext, 'cwd' | 'env'>,
  configured: string | undefined,
): string {
  const base = env.XDG_STATE_HOME || join(env.HOME ?? homedir(), '.local/state');
  return resolve(cwd, configured ?? join(base, 'sluice'));
}

export function stateFile(stateDir: string): string {
  return join(stateDir, 'poll.sqlite');
}

/** Opens the state (one watcher at a time) and fills the ports of `watch` with git, the wire, the forges and the pipeline. */
export async function openPoll(
  context: CommandContext,
  repos: readonly string[],
  flags: PollFlags,
  onEvent: OnPollEvent,
): Promise<OpenPoll> {
  const config = await context.config();
  const git: GitContext = {
    env: context.env,
    withheld: secretVariables(config, context.env),
    tempRoot: tmpdir(),
  };
  const watched = await watchedRepositories(context, config, repos, flags, git);
  for (const { settings } of watched) await requireIsolation(settings.isolation, context.env.PATH);
  const stateDir = stateDirectory(context, watched[0]?.settings.stateDir);
  const cacheDir = cacheDirectory(context, config.mirror.cacheDir);
  const workDir = join(cacheDir, 'runs', createHash('sha256').update(stateDir).digest('hex').slice(0, 16));
  const db = await openState(stateFile(stateDir), takeLock);
  const debug = (message: string) => context.log.debug(message);
  const inProcess = openInProcess({ context: git, userAgent: `git/sluice-${version}`, debug });
  const settingsOf = new Map(watched.map(({ repository, settings }) => [repository.key, settings]));
  return {
    options: {
      repositories: watched.map(({ repository }) => repository),
      once: flags.once === true,
      concurrency: flags.concurrency ?? Math.max(1, ...watched.map(({ repository }) => repository.concurrency)),
      supersedeRunning: false,
      graceMs,
      requestLimitMs,
      signal: context.signal,
    },
    ports: {
      db,
      onEvent,
      list: listIfChanged(git, inProcess),
      listChangeHeads: listChangeHeads((key) => settingsOf.get(key) ?? pollDefaults),
      run: afterSweep(
        workDir,
        openPipeline({
          git,
          cache: { cacheDir, waitMs: 600_000 },
          workDir,
          logDir: join(stateDir, 'logs'),
          settingsOf: (key) => settingsOf.get(key) ?? pollDefaults,
          wasTested: (run, commit) => wasTested(db, run, commit),
          onOutput: context.output,
          warn: (message) => context.log.warn(message),
        }),
      ),
      killOrphan: async (group) => void (await killOrphan(toGroupIdentity(group))),
      removeLog: (path) => rm(path, { force: true }),
      send: openResults(git),
      world: {
        now: Date.now,
        random: Math.random,
        wait: (ms, signal) => sleep(ms, undefined, { signal }).catch(() => {}),
      },
    },
    async [Symbol.asyncDispose]() {
      inProcess.close();
      await removeTree(workDir);
      await db[Symbol.asyncDispose]();
    },
  };
}

/**
 * The state's lock is ours, so whatever lies in the working directory belongs to a sluice that was killed. It is removed before the
 * first run, and not earlier: `watch` has then ended the processes that might still write there.
 */
function afterSweep(workDir: string, run: RunPipeline): RunPipeline {
  let swept: Promise<void> | undefined;
  return async (request) => {
    swept ??= removeTree(workDir);
    await swept;
    return await run(request);
  };
}

const runsLookedAt = 200;

/**
 * A commit whose run was superseded or cancelled has no result, although a later run calls it the old value; one that never had a run
 * is settled when the state remembers it (a baseline).
 */
function wasTested(db: StateDatabase, { repository, ref, oldOid }: Run, commit: Oid): boolean {
  const runs = history(db, { repository, ref, limit: runsLookedAt }).filter((run) => run.newOid === commit);
  if (runs.length === 0) return oldOid === commit;
  return runs.some(({ state }) => !['queued', 'running', 'superseded', 'cancelled'].includes(state));
}

/** The repositories of the command line, or all of the configuration that have a `poll:` section. */
async function watchedRepositories(
  context: CommandContext,
  config: Config,
  repos: readonly string[],
  flags: PollFlags,
  git: GitContext,
): Promise<readonly Watched[]> {
  const configured = config.repositories.filter((entry) => entry.poll !== undefined);
  const chosen = repos.length === 0 ? configured.map((entry) => entry.repo) : repos;
  if (chosen.length === 0) {
    throw new SluiceError('usage', 'there is no repository to watch', {
      hint: 'Name one (sluice poll https://git.example.org/app.git), or give repositories a poll: section in sluice.yaml.',
    });
  }
  return await Promise.all(
    chosen.map(async (repo) => {
      const entry = configured.find((one) => one.repo === repo || one.name === repo);
      const settings = pollSettings(flags, entry?.poll ?? pollDefaults);
      const text = entry === undefined ? await originOf(context, git, repo) : textOf(entry);
      const api = settings.changes || settings.result.includes('status');
      const endpoint = await openEndpoint(context, config, text, api);
      return { settings, repository: watchedRepository(entry?.name ?? endpoint.display, endpoint, settings) };
    }),
  );
}

function textOf(entry: RepositoryConfig): string {
  if (!entry.repo.includes('*')) return displayAddress(entry.address);
  throw new SluiceError(
    'config',
    `repositories: ${entry.repo} stands for many repositories, and poll needs each by name`,
    {
      hint: 'Write one entry for each repository that is to be polled.',
    },
  );
}

/** A path to a clone means the repository that it was cloned from; a bare repository without an origin means itself. */
async function originOf(context: CommandContext, git: GitContext, repo: string): Promise<string> {
  if (/^[^/]*:/.test(repo)) return repo;
  const dir = resolve(context.cwd, repo);
  const origin = await bareRepository(git, dir)
    .git('config', '--get', 'remote.origin.url')
    .catch(() => '');
  return origin.trim() || repo;
}

function watchedRepository(key: string, endpoint: Endpoint, settings: PollConfig): WatchedRepository {
  return {
    key,
    endpoint,
    selection: {
      branches: settings.branches,
      exclude: settings.exclude,
      tags: settings.tags,
      changes: settings.changes,
    },
    initial: settings.initial,
    intervalMs: settings.intervalMs,
    concurrency: settings.concurrency,
    results: settings.result.filter((kind): kind is ResultKind => kind !== 'none'),
    keepLogs: settings.keepLogs,
  };
}

function listIfChanged(git: GitContext, inProcess: InProcess): ListRefsIfChanged {
  return async (endpoint, prefixes, call) => {
    const answer = await inProcess.listIfChanged(endpoint, prefixes, call);
    if (answer !== undefined) return answer;
    const usual = prefixes.every((prefix) => /^refs\/(heads|tags)\//.test(prefix));
    const { refs } = await listWithGit({ ...git, signal: call.signal }, endpoint, usual ? 'branches-and-tags' : 'all');
    return { refs, digest: undefined };
  };
}

/** Open change requests through the forge's API; the trust policies judge what the listing says of each. */
function listChangeHeads(settingsOf: (key: string) => PollConfig): ListChangeHeads {
  return async ({ key, endpoint: { forge, repo, display } }, call) => {
    if (forge?.changes === undefined || repo === undefined) {
      throw new SluiceError(
        'usage',
        `--prs needs the API of a forge, and ${display} belongs to none that can list change requests`,
      );
    }
    const rules = { policies: parsePolicies(settingsOf(key).trust) };
    const changes = await forge.changes.listOpen(repo, call);
    return changes.flatMap((change) => {
      const at = forge.changes?.headLocation(repo, change);
      const oid = change.head.sha;
      if (at === undefined || at.repo !== repo || oid === undefined) return [];
      const author = change.author === '' ? undefined : { login: change.author, association: undefined };
      const unknown = {
        headSince: undefined,
        labels: undefined,
        reviews: undefined,
        comments: undefined,
        changedPaths: undefined,
      };
      const verdict = judgeTrust({ ...unknown, head: oid, internal: change.internal, author }, rules);
      return [{ ref: at.ref, oid, number: change.number, blocked: verdict.trusted ? undefined : verdict.missing }];
    });
  };
}
