import { builtInCommands } from '../commands/index.ts';
import { loadConfig } from '../core/config/load.ts';
import { SluiceError } from '../core/errors.ts';
import { builtInForges } from '../core/forges/registry.ts';
import { type LoadedPlugins, loadPlugins } from '../core/plugins/load.ts';
import { findPathCommand, listPathCommands } from '../core/plugins/path-commands.ts';
import { splitGlobals } from './argv.ts';
import type { FindScope, Found, Listed } from './found.ts';

const builtInNames: readonly string[] = [...builtInCommands.map(({ name }) => name), 'help'];

export type FoundExtension =
  | Exclude<Found, { kind: 'program' }>
  | { readonly kind: 'none'; readonly names: readonly string[]; readonly problems: readonly string[] };

/** A command that is not built in: of a plugin of the configuration, else an executable `sluice-NAME` on PATH. */
export async function findExtension(
  name: string,
  before: readonly string[],
  scope: FindScope,
): Promise<FoundExtension> {
  const { plugins, problem } = await configuredPlugins(before, scope);
  const owned = plugins.commands.find(({ command }) => command.name === name);
  if (owned !== undefined) return { kind: 'command', spec: owned.command };
  const onPath = await findPathCommand(name, scope.env.PATH);
  if (onPath !== undefined) return { kind: 'external', path: onPath.file };
  const others = await listPathCommands(scope.env.PATH, builtInNames);
  return {
    kind: 'none',
    names: [...plugins.commands.map(({ command }) => command.name), ...others.map((other) => other.name)],
    problems: [
      ...(problem === undefined ? [] : [problem]),
      ...plugins.warnings.map((warning) => `plugin ${warning.owner}: ${warning.problem}`),
    ],
  };
}

/** Every command that is not built in, for `sluice help --all`; what is broken is listed as such. */
export async function listExtensions(scope: FindScope): Promise<readonly Listed[]> {
  const { plugins } = await configuredPlugins([], scope);
  const own = plugins.commands.map(({ command, owner }) => ({
    name: command.name,
    summary: `${command.summary} (plugin ${owner})`,
  }));
  const taken = [...builtInNames, ...own.map(({ name }) => name)];
  const executables = await listPathCommands(scope.env.PATH, taken);
  return [...own, ...executables.map(({ name, file }) => ({ name, summary: file }))];
}

async function configuredPlugins(
  before: readonly string[],
  scope: FindScope,
): Promise<{ readonly plugins: LoadedPlugins; readonly problem?: string }> {
  const none: LoadedPlugins = { commands: [], forges: [], rules: [], warnings: [] };
  const globals = splitGlobals(before, scope.cwd);
  try {
    const { config } = await loadConfig({ env: scope.env, cwd: globals.cwd, file: globals.config });
    const { plugins, baseDir } = config;
    const forges = builtInForges.map(({ type }) => type);
    return { plugins: await loadPlugins(plugins, { baseDir, builtInCommands: builtInNames, builtInForges: forges }) };
  } catch (error) {
    if (!(error instanceof SluiceError)) throw error;
    return { plugins: none, problem: [error.message, ...error.problems].join('; ') };
  }
}
