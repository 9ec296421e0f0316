import { resolve } from 'node:path';
import type { Config, PollConfig, RepositoryConfig } from '../config/config.ts';
import { pollDefaults } from '../config/defaults.ts';
import { SluiceError } from '../errors.ts';
import { bareRepository } from '../git/bare.ts';
import type { Endpoint } from '../git/endpoint.ts';
import type { GitContext } from '../git/remote.ts';
import { displayAddress } from '../model/repo.ts';
import { requireIsolation } from '../pipeline/isolation.ts';
import type { CommandContext } from '../plugins/command.ts';
import type { ResultKind, WatchedRepository } from '../poll/repository.ts';
import { type PollFlags, pollSettings } from '../poll/settings.ts';
import { parsePolicies, type TrustPolicy } from '../trust/policy.ts';
import { openEndpoint } from './endpoint.ts';
import { requireChanges } from './poll-changes.ts';
import { requireStatuses } from './results.ts';

/** One repository to watch, with what the operator wants of its runs. */
export interface PolledRepository {
  readonly repository: WatchedRepository;
  readonly settings: PollConfig;
  readonly policies: readonly TrustPolicy[];
}

/**
 * The repositories of the command line, or all of the configuration that have a `poll:` section. Whatever can be known to be impossible is
 * refused here, before a commit is used up for it.
 */
export async function polledRepositories(
  context: CommandContext,
  config: Config,
  repos: readonly string[],
  flags: PollFlags,
  git: GitContext,
): Promise<readonly PolledRepository[]> {
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
      const policies = readPolicies(settings, flags);
      await requireShutIn(settings, context.env.PATH);
      const text = await originOf(context, git, entry === undefined ? repo : textOf(entry));
      const status = settings.result.includes('status');
      const endpoint = await openEndpoint(context, config, text, settings.changes || status);
      if (status) requireStatuses(endpoint);
      if (settings.changes) requireChanges(endpoint);
      return { settings, policies, repository: watchedRepository(entry?.name ?? endpoint.display, endpoint, settings) };
    }),
  );
}

/** A policy that waits for what a listing of change requests does not say would keep everybody out without a word. */
function readPolicies({ trust }: PollConfig, flags: PollFlags): readonly TrustPolicy[] {
  try {
    const policies = parsePolicies(trust);
    const unseen = trust.find((_, at) => !['internal', 'login'].includes(policies[at]?.kind ?? ''));
    if (unseen === undefined) return policies;
    throw new SluiceError('config', `sluice poll cannot judge by the trust policy ${JSON.stringify(unseen)}`, {
      hint: 'It knows internal and author:<login>.',
    });
  } catch (error) {
    if (!(error instanceof SluiceError) || flags.trust === undefined) throw error;
    throw new SluiceError('usage', `--trust: ${error.message}`, error.hint === undefined ? {} : { hint: error.hint });
  }
}

async function requireShutIn({ isolation, image }: PollConfig, path: string | undefined): Promise<void> {
  await requireIsolation(isolation, path);
  if (image !== undefined || (isolation !== 'podman' && isolation !== 'docker')) return;
  throw new SluiceError('config', `isolation ${isolation}: no image is configured`, {
    hint: 'Name the image in which the script shall run (--image, or image: in the configuration).',
  });
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
  if (isRemote(repo)) return repo;
  const clone = bareRepository(git, resolve(context.cwd, repo));
  const ask = async (...args: readonly string[]) => (await clone.git(...args).catch(() => '')).trim();
  const origin = await ask('config', '--get', 'remote.origin.url');
  if (origin === '' || isRemote(origin) || origin.startsWith('~')) return origin || repo;
  // As git does: relative to the top of the work tree, wherever sluice was started.
  return resolve((await ask('rev-parse', '--show-toplevel')) || clone.dir, origin);
}

/** A URL, alias:owner/name or host:path, and no path: as git-clone(1) tells them apart. */
function isRemote(text: string): boolean {
  return /^[^/]*:/.test(text);
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
