import { checkConfig } from '../core/config/check.ts';
import { loadConfig } from '../core/config/load.ts';
import { showConfig } from '../core/config/show.ts';
import { SluiceError } from '../core/errors.ts';
import { builtInForges } from '../core/forges/registry.ts';
import type { CommandContext, CommandOutcome, CommandSpec } from '../core/plugins/command.ts';
import { loadPlugins } from '../core/plugins/load.ts';
import type { BuiltInCommand } from './built-in.ts';

/** `sluice config check|show`; `builtIn` are the names that plugins cannot take. */
export function configCommand(builtIn: readonly BuiltInCommand[]): CommandSpec {
  const names = builtIn.map(({ name }) => name);
  return {
    name: 'config',
    summary: 'check the configuration, or show what is in effect',
    subcommands: [
      {
        name: 'check',
        summary: 'print every problem of the configuration, and load its plugins',
        examples: [
          { note: 'the file that a command started here would use', command: 'sluice config check' },
          { note: 'the file of another directory', command: 'sluice config check -c /etc/sluice/sluice.yaml' },
        ],
        run: (context) => check(context, names),
      },
      {
        name: 'show',
        summary: 'print the effective configuration: defaults, file, environment; never a secret',
        examples: [
          { note: 'which cache mode is in effect', command: 'sluice config show --json | jq -r .config.mirror.cache' },
        ],
        run: show,
      },
    ],
  };
}

async function check(context: CommandContext, builtIn: readonly string[]): Promise<CommandOutcome> {
  const result = await checkConfig({ cwd: context.cwd, env: context.env, file: context.configFile });
  const problems = result.ok ? await pluginProblems(context, builtIn) : result.problems.map((problem) => problem.text);
  if (problems.length > 0) {
    throw new SluiceError(
      'config',
      `${result.file ?? 'the configuration'} has ${problems.length} problem${problems.length === 1 ? '' : 's'}`,
      {
        problems,
        hint: 'The keys are described in schema/sluice.schema.json of the package.',
      },
    );
  }
  for (const warning of result.warnings) context.log.warn(warning);
  const text =
    result.file === undefined ? 'no configuration file was found; the defaults are valid' : `${result.file} is valid`;
  return {
    exit: 0,
    json: { command: 'config check', file: result.file ?? null, warnings: result.warnings },
    ...(context.quiet ? {} : { text }),
  };
}

async function pluginProblems(context: CommandContext, builtIn: readonly string[]): Promise<readonly string[]> {
  const { plugins, baseDir } = await context.config();
  const { warnings } = await loadPlugins(plugins, {
    baseDir,
    builtInCommands: builtIn,
    builtInForges: builtInForges.map(({ type }) => type),
  });
  return warnings.map((warning) => `plugins: ${warning.owner}: ${warning.problem}`);
}

async function show(context: CommandContext): Promise<CommandOutcome> {
  const shown = showConfig(
    await loadConfig({ cwd: context.cwd, env: context.env, file: context.configFile }),
    context.env,
  );
  const sections = Object.entries(shown.config).map(([key, value]) => {
    const origin = shown.origins[key]?.join(' < ') ?? 'default';
    return `# ${key}: from ${origin}\n${key}: ${JSON.stringify(value, null, 2)}`;
  });
  const text = [`# ${shown.file ?? 'no configuration file'}`, ...sections].join('\n');
  return { exit: 0, json: { command: 'config show', ...shown, file: shown.file ?? null }, text };
}
