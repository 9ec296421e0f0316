import type { OwnedForgeDefinition } from '../forges/definition.ts';
import { type GateRule, gateNodes } from '../model/gate-rule.ts';
import type { CommandSpec } from './command.ts';
import { decodePlugin, type Plugin } from './contract.ts';
import { resolvePlugin } from './resolve.ts';

/** A command and who brought it, for messages: `sluice` or the plugin's name. */
export interface OwnedCommand {
  readonly owner: string;
  readonly command: CommandSpec;
}

/** A rule of the gate and the plugin that brought it. */
export interface OwnedRule {
  readonly owner: string;
  readonly rule: GateRule;
}

/** A plugin, or a part of one, that was left out. */
export interface PluginWarning {
  /** The plugin's entry in the configuration, or the names of all owners of a conflict. */
  readonly owner: string;
  readonly problem: string;
  /** The command that is missing because of it, so that calling it can say why. */
  readonly command?: string;
}

export interface LoadedPlugins {
  readonly commands: readonly OwnedCommand[];
  readonly forges: readonly OwnedForgeDefinition[];
  readonly rules: readonly OwnedRule[];
  readonly warnings: readonly PluginWarning[];
}

export interface PluginScope {
  /** `Config.baseDir`: packages are sought from here. */
  readonly baseDir: string;
  /** Names that plugins cannot take. */
  readonly builtInCommands: readonly string[];
  readonly builtInForges: readonly string[];
  /** Time limit of one import; default 10 s. */
  readonly timeoutMs?: number;
}

/**
 * Imports the plugins of the configuration. Never throws: what is broken, or takes a name that another owner has, is left out
 * and becomes a warning, so that built-in commands go on working. Of two plugins with one name neither is taken.
 */
export async function loadPlugins(entries: readonly string[], scope: PluginScope): Promise<LoadedPlugins> {
  const results = await Promise.all(entries.map((entry) => importPlugin(entry, scope)));
  const plugins = results.flatMap((result) => ('plugin' in result ? [result] : []));
  const commands = plugins.flatMap(({ plugin }) =>
    (plugin.commands ?? []).map((command) => ({ owner: plugin.name, command })),
  );
  const forges = plugins.flatMap(({ plugin }) =>
    (plugin.forges ?? []).map((definition) => ({ owner: plugin.name, definition })),
  );
  const rules = plugins.flatMap(({ plugin }) => (plugin.rules ?? []).map((rule) => ({ owner: plugin.name, rule })));
  const commandNames = claims(commands, ({ command }) => command.name, scope.builtInCommands);
  const forgeTypes = claims(forges, ({ definition }) => definition.type, scope.builtInForges);
  const ruleNames = claims(rules, ({ rule }) => rule.name, gateNodes);
  return {
    commands: commands.filter(({ command }) => commandNames.get(command.name)?.length === 1),
    forges: forges.filter(({ definition }) => forgeTypes.get(definition.type)?.length === 1),
    rules: rules.filter(({ rule }) => ruleNames.get(rule.name)?.length === 1),
    warnings: [
      ...results.flatMap((result) => ('problem' in result ? [result] : [])),
      ...conflicts(commandNames).map(([command, owners]) => ({
        owner: owners.join(' and '),
        problem: `the command "${command}" is defined by ${owners.join(' and by ')}`,
        command,
      })),
      ...conflicts(forgeTypes).map(([type, owners]) => ({
        owner: owners.join(' and '),
        problem: `the forge type "${type}" is defined by ${owners.join(' and by ')}`,
      })),
      ...conflicts(ruleNames).map(([rule, owners]) => ({
        owner: owners.join(' and '),
        problem: `the rule "${rule}" is defined by ${owners.join(' and by ')}`,
      })),
    ],
  };
}

async function importPlugin(entry: string, scope: PluginScope): Promise<{ readonly plugin: Plugin } | PluginWarning> {
  try {
    const url = await resolvePlugin(entry, scope.baseDir);
    const module: { readonly default?: unknown } = await within(scope.timeoutMs ?? 10_000, import(url));
    const decoded = decodePlugin(module.default);
    return 'problem' in decoded ? { owner: entry, problem: decoded.problem } : { plugin: decoded };
  } catch (error) {
    const reason = error instanceof Error ? (error.message.split('\n')[0] ?? '') : String(error);
    return { owner: entry, problem: `cannot be loaded: ${reason}` };
  }
}

/** A module that awaits something for ever at its top level must not stop the program. */
async function within<T>(limitMs: number, work: Promise<T>): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const limit = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error(`its import did not end within ${limitMs / 1000} s`)), limitMs);
  });
  try {
    return await Promise.race([work, limit]);
  } finally {
    clearTimeout(timer);
  }
}

/** Name → everybody who claims it. */
function claims<T extends { readonly owner: string }>(
  items: readonly T[],
  nameOf: (item: T) => string,
  builtIn: readonly string[],
): ReadonlyMap<string, readonly string[]> {
  const owners = new Map<string, string[]>(builtIn.map((name) => [name, ['sluice']]));
  for (const item of items) owners.set(nameOf(item), [...(owners.get(nameOf(item)) ?? []), item.owner]);
  return owners;
}

function conflicts(owners: ReadonlyMap<string, readonly string[]>): readonly (readonly [string, readonly string[]])[] {
  return [...owners].filter(([, names]) => names.length > 1);
}
