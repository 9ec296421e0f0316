import { resolve } from 'node:path';
import type { Config } from '../core/config/config.ts';
import type { LoadedConfig } from '../core/config/load.ts';
import { SluiceError } from '../core/errors.ts';
import type { Forge } from '../core/forges/forge.ts';
import { builtInForges, type ForgeDefinition } from '../core/forges/registry.ts';
import { lazyDispatcher } from '../core/http/dispatcher.ts';
import type { CommandContext, Log } from '../core/plugins/command.ts';
import { openLog } from '../core/ui/log.ts';
import { openProgress, type Progress } from '../core/ui/progress.ts';
import { version } from '../core/version.ts';
import type { Globals } from './globals.ts';

export interface ContextOptions {
  readonly globals: Globals;
  readonly dryRun: boolean;
  readonly signal: AbortSignal;
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly cwd: string;
  readonly stderr: NodeJS.WriteStream;
}

/** The context that a command runs in; nothing in it is read or opened before it is used. */
export async function openContext(options: ContextOptions): Promise<{ context: CommandContext; progress: Progress }> {
  const { globals, env, stderr, signal } = options;
  const progress = openProgress(stderr, !globals.quiet && !env.CI && globals.format !== 'json');
  const log = await openLog({
    level: globals.level,
    format: globals.format ?? 'pretty',
    stream: stderr,
    beforeLine: () => progress.pause(),
  });
  const cwd = globals.directory.reduce((from, to) => resolve(from, to), options.cwd);
  let loaded: Promise<LoadedConfig> | undefined;
  const forges = new Map<string, Promise<Forge>>();
  // One pool of connections for all forges of this run.
  let pool: ReturnType<typeof lazyDispatcher> | undefined;

  async function load(): Promise<LoadedConfig> {
    const { loadConfig } = await import('../core/config/load.ts');
    const result = await loadConfig({ cwd, env, file: globals.config });
    for (const warning of result.warnings) log.warn(warning);
    return result;
  }

  async function openForgeOf(alias: string): Promise<Forge> {
    const [{ forgeOptions, forgeSettings }, { openForge }] = await Promise.all([
      import('../core/config/forges.ts'),
      import('../core/forges/registry.ts'),
    ]);
    pool ??= lazyDispatcher(env);
    const dispatcher = pool;
    const config = await context.config();
    const settings = forgeSettings(config, env);
    const definitions = await forgeDefinitions(config, settings[alias]?.type, log);
    const scope = { env, cwd: config.baseDir, signal, warn: (text: string) => log.warn(text) };
    const resolved = await forgeOptions(alias, settings, scope, definitions);
    const definition = definitions.find(({ type }) => type === settings[alias]?.type);
    if (definition !== undefined)
      return await openForge(definition, resolved, { userAgent: `git-sluice/${version}`, dispatcher });
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
    forge(alias) {
      const known = forges.get(alias) ?? openForgeOf(alias);
      forges.set(alias, known);
      return known;
    },
    log,
    progress: (text) => progress.show(text),
  };
  return { context, progress };
}

/** The built-in forges, and those of plugins when an alias has a type of theirs. */
async function forgeDefinitions(
  config: Config,
  type: string | undefined,
  log: Log,
): Promise<readonly ForgeDefinition[]> {
  if (builtInForges.some((built) => built.type === type) || config.plugins.length === 0) return builtInForges;
  const [{ loadPlugins }, { builtInCommands }] = await Promise.all([
    import('../core/plugins/load.ts'),
    import('../commands/index.ts'),
  ]);
  const plugins = await loadPlugins(config.plugins, {
    baseDir: config.baseDir,
    builtInCommands: builtInCommands.map(({ name }) => name),
    builtInForges: builtInForges.map((built) => built.type),
  });
  for (const { owner, problem } of plugins.warnings) log.warn(`plugin ${owner}: ${problem}`);
  return [...builtInForges, ...plugins.forges.map(({ definition }) => definition)];
}
