import type { Config } from '../config/config.ts';
import { SluiceError } from '../errors.ts';
import { builtInForges } from '../forges/registry.ts';
import type { AppliedRule } from '../gate/policy.ts';
import { didYouMean } from '../model/nearest.ts';
import type { CommandContext } from '../plugins/command.ts';
import { type LoadedPlugins, loadPlugins } from '../plugins/load.ts';

/** The plugins of the configuration, imported when first needed. */
export type Plugins = () => Promise<LoadedPlugins>;

export function pluginsOf({ plugins, baseDir }: Config, log: CommandContext['log']): Plugins {
  let loading: Promise<LoadedPlugins> | undefined;
  async function load(): Promise<LoadedPlugins> {
    // The gate takes no commands of plugins, so that whose names they are does not matter here.
    const loaded = await loadPlugins(plugins, {
      baseDir,
      builtInCommands: [],
      builtInForges: builtInForges.map(({ type }) => type),
    });
    for (const { owner, problem } of loaded.warnings) log.warn(`plugin ${owner}: ${problem}`);
    return loaded;
  }
  return () => {
    loading ??= load();
    return loading;
  };
}

/** The rules that `gate.rules` names. One that is not there is SluiceError `config`: a gate without it would be more open than was meant. */
export async function appliedRules(
  settings: Readonly<Record<string, unknown>>,
  plugins: Plugins,
): Promise<readonly AppliedRule[]> {
  const wanted = Object.entries(settings);
  if (wanted.length === 0) return [];
  const { rules, warnings } = await plugins();
  return wanted.map(([name, own]) => {
    const found = rules.find(({ rule }) => rule.name === name);
    if (found !== undefined) return { rule: found.rule, settings: own };
    const names = rules.map(({ rule }) => rule.name);
    throw new SluiceError('config', `gate.rules.${name}: no plugin defines this rule${didYouMean(name, names)}`, {
      problems: warnings.map(({ owner, problem }) => `plugin ${owner}: ${problem}`),
      hint: 'Name the plugin that brings it under plugins: in the configuration.',
    });
  });
}
