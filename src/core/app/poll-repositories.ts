import { resolve } from 'node:path';
import type { Config, PollConfig, RepositoryConfig } from '../config/config.ts';
import { pollDefaults } from '../config/defaults.ts';
import { SluiceError } from '../errors.ts';
import { bareRepository } from '../git/bare.ts';
import type { Endpoint } from '../git/endpoint.ts';
import type { GitContext } from '../git/remote.ts';
import { displayAddress } from '../model/repo.ts';
import type { CommandContext } from '../plugins/command.ts';
import type { ResultKind, WatchedRepository } from '../poll/repository.ts';
import { type PollFlags, pollSettings } from '../poll/settings.ts';
import { openEndpoint } from './endpoint.ts';
import { requireChanges } from './poll-heads.ts';
import { refuseImpossible } from './poll-refusals.ts';
import { requireStatuses } from './poll-statuses.ts';
import type { TrustRules } from './trust-facts.ts';
import { requireTrustRoles } from './trust-roles.ts';
import { trustRules } from './trust-rules.ts';

/** One repository to watch, with what the operator wants of its runs. */
export interface PolledRepository {
  readonly repository: WatchedRepository;
  readonly settings: PollConfig;
  readonly rules: TrustRules;
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
  const polled = await Promise.all(
    chosen.map(async (repo) => {
      const entry = configured.find((one) => one.repo === repo || one.name === repo);
      const settings = pollSettings(flags, entry?.poll ?? pollDefaults);
      const rules = readRules(settings, flags);
      await refuseImpossible(settings, flags, { context, withheld: git.withheld });
      const text = await originOf(context, git, entry === undefined ? repo : textOf(entry));
      const status = settings.result.includes('status');
      const endpoint = await openEndpoint(context, config, text, settings.changes || status);
      if (status) requireStatuses(endpoint);
      if (settings.changes) requireTrustRoles(requireChanges(endpoint).forge, rules);
      return { settings, rules, repository: watchedRepository(entry?.name ?? endpoint.display, endpoint, settings) };
    }),
  );
  return eachOnce(polled);
}

/** The same repository written twice is watched once; two that would share one state are refused. */
function eachOnce(polled: readonly PolledRepository[]): readonly PolledRepository[] {
  const byKey = new Map<string, PolledRepository>();
  for (const one of polled) {
    const { key, endpoint } = one.repository;
    const known = byKey.get(key)?.repository.endpoint;
    if (known !== undefined && known.url !== endpoint.url) {
      throw new SluiceError(
        'usage',
        `${known.display} and ${endpoint.display} would both be called ${JSON.stringify(key)}`,
        {
          hint: 'Give one of them another name: in the configuration.',
        },
      );
    }
    if (known === undefined) byKey.set(key, one);
  }
  return [...byKey.values()];
}

function readRules(settings: PollConfig, flags: PollFlags): TrustRules {
  try {
    return trustRules(settings);
  } catch (error) {
    if (!(error instanceof SluiceError) || flags.trust === undefined) throw error;
    throw new SluiceError('usage', `--trust: ${error.message}`, error.hint === undefined ? {} : { hint: error.hint });
  }
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
