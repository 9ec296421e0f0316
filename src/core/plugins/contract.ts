import type { ForgeDefinition } from '../forges/definition.ts';
import type { GateNeed, GateRule } from '../model/gate-rule.ts';
import type { CommandSpec } from './command.ts';

/** The version of this contract; a plugin that was written for another one is not loaded. */
export const pluginApiVersion = 1;

/**
 * What a plugin module exports as its default: data, with no side effect on import. Built-in commands and forges have the same
 * shapes. A name that is taken is refused with both owners named; a plugin never replaces a built-in.
 */
export interface Plugin {
  /** For messages; usually the package's name. */
  readonly name: string;
  readonly apiVersion: typeof pluginApiVersion;
  readonly commands?: readonly CommandSpec[];
  readonly forges?: readonly ForgeDefinition[];
  /** Rules of the gate; one is applied where `gate.rules` of the configuration names it. */
  readonly rules?: readonly GateRule[];
  /** Reserved for notifiers; refused by this version. */
  readonly notifiers?: readonly never[];
}

/** The plugin, or the first thing that keeps it from being one. */
export function decodePlugin(value: unknown): Plugin | { readonly problem: string } {
  if (!isRecord(value)) return { problem: 'has no default export that is an object' };
  if (typeof value.name !== 'string' || value.name === '') return { problem: 'has no name' };
  if (value.apiVersion !== pluginApiVersion) {
    return { problem: `was written for plugin API ${String(value.apiVersion)}, this sluice has ${pluginApiVersion}` };
  }
  for (const key of ['commands', 'forges', 'rules', 'notifiers']) {
    if (value[key] !== undefined && !Array.isArray(value[key])) return { problem: `${key} is not a list` };
  }
  if (listOf(value.notifiers).length > 0) {
    return { problem: 'brings notifiers, which this version of sluice does not take' };
  }
  const problem =
    firstOf(listOf(value.commands), commandProblem) ??
    firstOf(listOf(value.forges), forgeProblem) ??
    firstOf(listOf(value.rules), ruleProblem);
  return problem === undefined ? (value as unknown as Plugin) : { problem };
}

const commandName = /^[a-z][a-z0-9-]*$/;

function commandProblem(value: unknown): string | undefined {
  if (!isRecord(value) || typeof value.name !== 'string') return 'has a command without a name';
  const { name, summary, run, subcommands, options, arguments: args } = value;
  if (!commandName.test(name)) return `command "${name}" must be named in lower case, with digits and "-"`;
  if (typeof summary !== 'string') return `command "${name}" has no summary`;
  if (typeof run !== 'function' && listOf(subcommands).length === 0) return `command "${name}" has no run function`;
  if (listOf(options).some((option) => !isRecord(option) || typeof option.flags !== 'string')) {
    return `command "${name}" has an option without flags`;
  }
  if (listOf(args).some((argument) => !isRecord(argument) || typeof argument.name !== 'string')) {
    return `command "${name}" has an argument without a name`;
  }
  return firstOf(listOf(subcommands), commandProblem);
}

function forgeProblem(value: unknown): string | undefined {
  if (!isRecord(value) || typeof value.type !== 'string' || value.type === '') return 'has a forge without a type';
  return typeof value.load === 'function' ? undefined : `forge "${value.type}" has no load function`;
}

const needNames: readonly unknown[] = ['reviews', 'checks', 'people'] satisfies readonly GateNeed[];

function ruleProblem(value: unknown): string | undefined {
  if (!isRecord(value) || typeof value.name !== 'string') return 'has a rule without a name';
  const { name, needs, judge } = value;
  if (!commandName.test(name)) return `rule "${name}" must be named in lower case, with digits and "-"`;
  if (typeof judge !== 'function') return `rule "${name}" has no judge function`;
  if (needs !== undefined && !Array.isArray(needs)) return `rule "${name}" has needs that are no list`;
  const unknown = listOf(needs).find((need) => !needNames.includes(need));
  return unknown === undefined ? undefined : `rule "${name}" needs ${String(unknown)}, which is no fact`;
}

function firstOf(values: readonly unknown[], check: (value: unknown) => string | undefined): string | undefined {
  for (const value of values) {
    const problem = check(value);
    if (problem !== undefined) return problem;
  }
  return undefined;
}

function listOf(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? value : [];
}

function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
