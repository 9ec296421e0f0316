import { readdirSync, statSync } from 'node:fs';
import { homedir } from 'node:os';
import { join, resolve } from 'node:path';
import type { Config, HooksConfig } from '../config/config.ts';
import { forgeSettings } from '../config/forges.ts';
import { SluiceError } from '../errors.ts';
import { openSqliteStore } from '../jobs/sqlite/open.ts';
import type { JobStore } from '../jobs/store.ts';
import { localPath, parseAddress } from '../model/repo.ts';
import { requireIsolation } from '../pipeline/isolation.ts';
import type { CommandContext } from '../plugins/command.ts';
import { openServeActions } from '../serve/actions.ts';
import { type ChangeFeed, changeFeed, changesOf } from '../serve/change-feed.ts';
import { statusFollowUps } from '../serve/follow-ups.ts';
import type { ServeActions, ServeReads } from '../serve/read-model.ts';
import { openServeReads, type ReadsOptions } from '../serve/reads.ts';
import { route } from '../serve/route.ts';
import { type ServeFlags, serveSettings } from '../serve/settings.ts';
import type { WebhookSource } from '../serve/source.ts';
import { forgeLinks } from './serve-links.ts';
import { type ServedRepository, servedRepositories } from './serve-repositories.ts';
import { openWebhookBook, type WebhookBook } from './serve-webhooks.ts';

/** The store of a data directory with what is configured for it; nothing works on it yet. */
export interface ServeCore extends AsyncDisposable {
  readonly config: Config;
  readonly dataDir: string;
  readonly store: JobStore;
  readonly book: WebhookBook;
  readonly served: readonly ServedRepository[];
  readonly sources: readonly WebhookSource[];
  readonly feed: ChangeFeed;
  readonly reads: ServeReads;
  readonly actions: ServeActions;
  readonly logOf: (run: string) => string;
  readonly runUrl: (run: string) => string | undefined;
  /** Replaced by whoever compares repositories with their mirrors. */
  reconciled: ReadsOptions['reconciled'];
}

/** The configuration with the flags over it. */
export async function serveConfig(context: CommandContext, flags: ServeFlags): Promise<Config> {
  const config = await context.config();
  const { cwd, env } = context;
  const aliases = Object.keys(forgeSettings(config, env));
  const home = env.HOME === undefined ? {} : { home: env.HOME };
  return serveSettings(flags, config, {
    address: (text) => parseAddress(text, { aliases, cwd, pattern: true }),
    path: (text) => localPath(text, { cwd, ...home }),
  });
}

/** The flag or key, else below the user's state directory (XDG Base Directory Specification). */
export function serveDataDir({ serve }: Config, { cwd, env }: Pick<CommandContext, 'cwd' | 'env'>): string {
  const base = env.XDG_STATE_HOME || join(env.HOME ?? homedir(), '.local/state');
  return resolve(cwd, serve.dataDir ?? join(base, 'sluice/serve'));
}

/** Opens the store (one process at a time: SluiceError `locked`) and everything that reads it. */
export async function openServeCore(context: CommandContext, flags: ServeFlags): Promise<ServeCore> {
  const config = await serveConfig(context, flags);
  requireHooksDir(config.serve.hooksDir);
  await requireShutIn(config, context.env.PATH);
  const dataDir = serveDataDir(config, context);
  const book = await openWebhookBook(dataDir);
  const served = await servedRepositories(context, config, book);
  const store = await openSqliteStore(join(dataDir, 'jobs.sqlite'), {
    followUps: statusFollowUps,
    now: Date.now,
    random: Math.random,
    onFault: ({ message, hint }) => context.log.error(message, { hint }),
  });
  const sources = served.map((one) => sourceOf(one, served, config));
  const feed = changeFeed();
  store.subscribe((change) => {
    for (const one of changesOf(change)) feed.tell(one);
  });
  const logOf = (run: string) => join(dataDir, 'logs', `${run}.log`);
  const { baseUrl } = config.serve;
  const core: ServeCore = {
    config,
    dataDir,
    store,
    book,
    served,
    sources,
    feed,
    logOf,
    runUrl: (run) => (baseUrl === undefined ? undefined : `${baseUrl}/runs/${run}`),
    reads: openServeReads({
      store,
      feed,
      links: forgeLinks(served.map(({ forge }) => forge)),
      repositories: served.map(({ entry }) => entry.repo),
      sources: sources.map(({ name }) => name),
      logOf,
      reconciled: (repo) => core.reconciled(repo),
      now: Date.now,
    }),
    actions: openServeActions({ store, sources, log: (message, fields) => context.log.info(message, fields) }),
    reconciled: () => undefined,
    [Symbol.asyncDispose]: () => store[Symbol.asyncDispose](),
  };
  return core;
}

/**
 * The context for whatever starts children: without the variables that hold secrets of the server itself (webhooks, logins). Those of
 * forges stay, because git needs one at a time; nobody else gets them (`GitContext.withheld`).
 */
export function workContext(context: CommandContext, { repositories, serve }: Config): CommandContext {
  const { basic, bearer } = serve.auth;
  const sources = [
    ...repositories.flatMap(({ webhook }) => webhook?.secrets ?? []),
    basic?.password,
    bearer,
    serve.database,
  ];
  const env = { ...context.env };
  for (const source of sources) if (source !== undefined && 'env' in source) delete env[source.env];
  return { ...context, env };
}

/** How scripts are shut in here, of hooks and of configured commands. */
export function shutIns({ repositories, serve }: Pick<Config, 'repositories' | 'serve'>): readonly ShutIn[] {
  const hooks = serve.hooksDir === undefined ? [] : [serve.hooks];
  return [...hooks, ...repositories.flatMap(({ run }) => run)];
}

type ShutIn = Pick<HooksConfig, 'isolation' | 'image'>;

/** Whatever shuts scripts in must be there before the first delivery is used up for finding out that it is not. */
async function requireShutIn({ repositories, serve }: Config, path: string | undefined): Promise<void> {
  for (const { isolation, image } of shutIns({ repositories, serve })) {
    await requireIsolation(isolation, path);
    if (image !== undefined || (isolation !== 'podman' && isolation !== 'docker')) continue;
    throw new SluiceError('config', `isolation ${isolation}: no image is configured`, {
      hint: 'Name the image in which scripts shall run (image: beside isolation: in sluice.yaml).',
    });
  }
}

function requireHooksDir(hooksDir: string | undefined): void {
  if (hooksDir === undefined || statSync(hooksDir, { throwIfNoEntry: false })?.isDirectory()) return;
  throw new SluiceError('config', `the hooks directory ${hooksDir} is not a directory`, {
    hint: 'Make it, or name another one with --hooks-dir.',
  });
}

function sourceOf(one: ServedRepository, served: readonly ServedRepository[], { serve }: Config): WebhookSource {
  const { forge, source: name, secrets } = one;
  if (forge.webhooks === undefined) throw new SluiceError('internal', `${forge.alias} has no webhooks`);
  const all = served.map(({ rules }) => rules);
  return {
    name,
    webhooks: forge.webhooks,
    secrets,
    route: (events) => route(events, { own: one.rules, all, scripts: hookNames(serve.hooksDir) }),
  };
}

/** Read anew for each delivery: a script that was put there counts at once. */
function hookNames(hooksDir: string | undefined): readonly string[] {
  if (hooksDir === undefined) return [];
  try {
    const entries = readdirSync(hooksDir, { withFileTypes: true });
    return entries.filter((entry) => !entry.isDirectory()).map(({ name }) => name);
  } catch {
    return [];
  }
}
