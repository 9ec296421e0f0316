import { statSync } from 'node:fs';
import { resolve } from 'node:path';
import { builtInCommands } from '../commands/index.ts';
import type { Config } from '../core/config/config.ts';
import type { LoadedConfig } from '../core/config/load.ts';
import { SluiceError } from '../core/errors.ts';
import type { ForgeDefinition } from '../core/forges/definition.ts';
import type { Forge } from '../core/forges/forge.ts';
import { builtInForges, openForge } from '../core/forges/registry.ts';
import { lazyDispatcher } from '../core/http/dispatcher.ts';
import { keptInMemory } from '../core/http/kept-answers.ts';
import type { HttpSettings } from '../core/http/settings.ts';
import type { CommandContext, Log } from '../core/plugins/command.ts';
import { type LogLevel, openLog } from '../core/ui/log.ts';
import { openProgress, type Progress } from '../core/ui/progress.ts';
import { version } from '../core/version.ts';
import type { Globals } from './globals.ts';
import { printEvent } from './print.ts';

export interface ContextOptions {
  readonly globals: Globals;
  readonly dryRun: boolean;
  readonly longRunning: boolean;
  readonly signal: AbortSignal;
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly cwd: string;
  readonly stdout: NodeJS.WriteStream;
  readonly stderr: NodeJS.WriteStream;
}

export interface OpenContext {
  readonly context: CommandContext;
  readonly progress: Progress;
  /** Whether the command has printed events. */
  readonly emitted: () => boolean;
}

// Some hundred lists of change requests; a daemon has to stay small.
const mostKeptCharacters = 8 * 1024 * 1024;

/** The context that a command runs in; nothing in it is read or opened before it is used. */
export async function openContext(options: ContextOptions): Promise<OpenContext> {
  const { globals, env, stderr, signal } = options;
  const progress = openProgress(stderr, !globals.quiet && !env.CI && globals.format !== 'json');
  const open = (level: LogLevel, format: 'pretty' | 'json') =>
    openLog({ level, format, stream: stderr, beforeLine: () => progress.pause() });
  // What the configuration says of the log counts from the moment that it is read; flags and variables count from the start.
  let sink = await open(globals.level ?? 'info', globals.format ?? 'pretty');
  const log: Log = {
    debug: (message, fields) => sink.debug(message, fields),
    info: (message, fields) => sink.info(message, fields),
    warn: (message, fields) => sink.warn(message, fields),
    error: (message, fields) => sink.error(message, fields),
  };
  const cwd = globals.directory.reduce((from, to) => resolve(from, to), options.cwd);
  if (globals.directory.length > 0 && !statSync(cwd, { throwIfNoEntry: false })?.isDirectory()) {
    throw new SluiceError('usage', `-C ${globals.directory.join(' -C ')}: ${cwd} is not a directory`);
  }
  let loaded: Promise<LoadedConfig> | undefined;
  let emitted = false;
  const forges = new Map<string, Promise<Forge>>();
  // One pool of connections for all forges of this run.
  let pool: ReturnType<typeof lazyDispatcher> | undefined;
  const kept = options.longRunning ? keptInMemory(undefined, mostKeptCharacters) : undefined;

  async function load(): Promise<LoadedConfig> {
    const { loadConfig } = await import('../core/config/load.ts');
    const result = await loadConfig({ cwd, env, file: globals.config });
    const { level, format } = result.config.log;
    sink = await open(globals.level ?? level, globals.format ?? format ?? 'pretty');
    for (const warning of result.warnings) log.warn(warning);
    return result;
  }

  async function openForgeOf(alias: string, watch: Pick<HttpSettings, 'onAnswer'>): Promise<Forge> {
    const { forgeOptions, forgeSettings } = await import('../core/config/forges.ts');
    pool ??= lazyDispatcher(env);
    const dispatcher = pool;
    const config = await context.config();
    const settings = forgeSettings(config, env);
    const definitions = await forgeDefinitions(config, settings[alias]?.type, log);
    const scope = { env, cwd: config.baseDir, signal, warn: (text: string) => log.warn(text) };
    const resolved = await forgeOptions(alias, settings, scope, definitions);
    const definition = definitions.find(({ type }) => type === settings[alias]?.type);
    if (definition !== undefined)
      return await openForge(definition, resolved, { ...watch, userAgent: `git-sluice/${version}`, dispatcher, kept });
    throw new SluiceError(
      'config',
      `the forge "${alias}" has the type "${settings[alias]?.type}", which nothing defines`,
      {
        hint: `Built in are ${builtInForges.map(({ type }) => type).join(', ')}; a plugin may add others (plugins: […]).`,
      },
    );
  }

  const context: CommandContext = {
    cwd,
    env,
    signal,
    json: globals.json,
    quiet: globals.quiet,
    dryRun: options.dryRun,
    configFile: globals.config,
    async config() {
      loaded ??= load();
      return (await loaded).config;
    },
    forge(alias, watch = {}) {
      const known = forges.get(alias) ?? openForgeOf(alias, watch);
      forges.set(alias, known);
      return known;
    },
    log,
    progress: (text) => progress.show(text),
    output: watchesOutput(globals, stderr) ? (chunk) => void stderr.write(chunk) : undefined,
    emit(event) {
      emitted = true;
      progress.pause();
      printEvent(event, globals, options);
    },
  };
  return { context, progress, emitted: () => emitted };
}

/** The built-in forges, and those of plugins when an alias has a type of theirs. */
async function forgeDefinitions(
  config: Config,
  type: string | undefined,
  log: Log,
): Promise<readonly ForgeDefinition[]> {
  if (builtInForges.some((built) => built.type === type) || config.plugins.length === 0) return builtInForges;
  const { loadPlugins } = await import('../core/plugins/load.ts');
  const plugins = await loadPlugins(config.plugins, {
    baseDir: config.baseDir,
    builtInCommands: builtInCommands.map(({ name }) => name),
    builtInForges: builtInForges.map((built) => built.type),
  });
  for (const { owner, problem } of plugins.warnings) log.warn(`plugin ${owner}: ${problem}`);
  return [...builtInForges, ...plugins.forges.map(({ definition }) => definition)];
}

function watchesOutput({ quiet, json }: Globals, stderr: NodeJS.WriteStream): boolean {
  return stderr.isTTY && !quiet && !json;
}
