import { Argument, Command, Option } from 'commander';
import { globalOptions } from '../commands/global-options.ts';
import { exitStatuses, SluiceError } from '../core/errors.ts';
import type { ArgumentSpec, CommandInput, CommandSpec, OptionSpec } from '../core/plugins/command.ts';

/** What the command line asks for. */
export interface Invocation {
  readonly spec: CommandSpec;
  readonly input: CommandInput;
}

export interface ProgramOptions {
  readonly version: string;
  /** Name and one line of every command, for the list. */
  readonly summaries: readonly { readonly name: string; readonly summary: string }[];
  /** The one command that is used; without one, all are listed. */
  readonly spec?: CommandSpec;
  /** Subcommands that are not among these words are named and nothing more: making flags that nobody asks for takes time. */
  readonly words: readonly string[];
  /** Where commander writes help and complaints. */
  readonly output: { write(text: string): void; error(text: string): void };
  readonly onInvoke: (invocation: Invocation) => void;
}

/** The commander program: names, flags and help; it parses and hands over, it runs nothing itself. */
export function buildProgram(options: ProgramOptions): Command {
  const program = prepared(new Command('sluice'), options)
    .description('Moves work between a code forge and the machines that build and guard it.')
    .version(options.version, '-V, --version', 'print the version')
    .usage('[global options] <command> [options]')
    .helpCommand('help [command]', 'show the help of a command')
    .addHelpText('after', `\n${exitStatusHelp()}\n\nRun "sluice help <command>" for one command with examples.`);
  for (const option of globalOptions) program.addOption(toOption(option));
  if (options.spec !== undefined) return program.addCommand(toCommand(options.spec, options));
  for (const { name, summary } of options.summaries) program.command(name).summary(summary).description(summary);
  return program;
}

/** The table of exit statuses as help text. */
export function exitStatusHelp(): string {
  return ['Exit status:', ...exitStatuses.map(([status, meaning]) => `  ${String(status).padEnd(4)} ${meaning}`)].join(
    '\n',
  );
}

function prepared(command: Command, { output }: ProgramOptions): Command {
  return command
    .exitOverride()
    .enablePositionalOptions()
    .showSuggestionAfterError(true)
    .configureHelp({ sortSubcommands: false, sortOptions: false })
    .configureOutput({
      writeOut: output.write,
      writeErr: output.error,
      getOutHelpWidth: helpWidth,
      getErrHelpWidth: helpWidth,
    });
}

// Help is the same text at every width above this, so it can be rendered when the package is built.
function helpWidth(): number {
  return 100;
}

function toCommand(spec: CommandSpec, options: ProgramOptions): Command {
  const command = prepared(new Command(spec.name), options)
    .summary(spec.summary)
    .description(spec.description ?? spec.summary);
  for (const argument of spec.arguments ?? []) command.addArgument(toArgument(argument));
  const own = spec.options ?? [];
  for (const option of own) command.addOption(toOption(option));
  for (const option of globalOptions) command.addOption(toOption(option).helpGroup('Global options:'));
  for (const subcommand of spec.subcommands ?? []) {
    const { name, summary } = subcommand;
    if ([name, 'help', '--help', '-h'].some((word) => options.words.includes(word)))
      command.addCommand(toCommand(subcommand, options));
    else command.command(name).summary(summary).description(summary);
  }
  if (spec.rest !== undefined)
    command.addHelpText('after', `\nAfter --:\n  ${spec.rest.name}  ${spec.rest.description}`);
  if (spec.examples !== undefined) command.addHelpText('after', `\n${examplesHelp(spec.examples)}`);
  if (spec.run !== undefined) {
    command.action(() => {
      const input = { arguments: command.args, options: collectOptions(command) };
      options.onInvoke({ spec, input });
    });
  }
  return command;
}

/** Own options over those given before the command's name. */
function collectOptions(command: Command): Record<string, unknown> {
  const chain: Command[] = [];
  for (let at: Command | null = command; at !== null; at = at.parent) chain.unshift(at);
  const merged: Record<string, unknown> = {};
  for (const link of chain) {
    for (const [key, value] of Object.entries(link.opts())) {
      const earlier = merged[key];
      merged[key] = Array.isArray(earlier) && Array.isArray(value) ? [...earlier, ...value] : value;
    }
  }
  return merged;
}

function examplesHelp(examples: NonNullable<CommandSpec['examples']>): string {
  return ['Examples:', ...examples.map(({ command, note }) => `  # ${note}\n  ${command}`)].join('\n');
}

function toArgument(spec: ArgumentSpec): Argument {
  const name = spec.variadic ? `${spec.name}...` : spec.name;
  return new Argument(spec.required ? `<${name}>` : `[${name}]`, spec.description);
}

function toOption(spec: OptionSpec): Option {
  const option = new Option(spec.flags, spec.description);
  if (spec.choices !== undefined) option.choices([...spec.choices]);
  if (spec.default !== undefined) option.default(spec.default);
  if (spec.hidden) option.hideHelp();
  const { key } = spec;
  if (key !== undefined) option.attributeName = () => key;
  // `choices` installs its own check, which a parser of ours would replace.
  const check = option.parseArg;
  const parse = (text: string): unknown => parsed(spec, option, text) ?? check?.(text, undefined) ?? text;
  if (spec.repeatable) option.argParser((text, earlier) => [...listed(earlier), parse(text)]);
  else if (spec.parse !== undefined) option.argParser(parse);
  return option;
}

/** Parsers do not know for which flag they are used; whoever reads what they refuse has to. */
function parsed({ parse }: OptionSpec, { long, short, flags }: Option, text: string): unknown {
  try {
    return parse?.(text);
  } catch (error) {
    const name = long ?? short ?? flags;
    if (!(error instanceof SluiceError) || error.message.includes(name)) throw error;
    const { code, message, hint, problems } = error;
    const details = { problems, cause: error, ...(hint === undefined ? {} : { hint }) };
    throw new SluiceError(code, `${name}: ${message}`, details);
  }
}

function listed(earlier: unknown): unknown[] {
  return Array.isArray(earlier) ? earlier : [];
}
