import type { CommandSpec } from '../core/plugins/command.ts';

/** A built-in subcommand; its module is loaded only when it is the one that runs. */
export interface BuiltInCommand {
  readonly name: string;
  readonly summary: string;
  load(): Promise<CommandSpec>;
}

/** Every built-in subcommand, in the order of the help. */
export const builtInCommands: readonly BuiltInCommand[] = [
  {
    name: 'mirror',
    summary: 'copy branches, tags and change-request heads from one repository to another, once',
    load: async () => (await import('./mirror.ts')).mirrorCommand,
  },
  {
    name: 'config',
    summary: 'check the configuration, or show what is in effect',
    load: async () => (await import('./config.ts')).configCommand,
  },
  {
    name: 'completion',
    summary: 'print the completion script for bash, zsh or fish',
    load: async () => (await import('./completion.ts')).completionCommand,
  },
];
