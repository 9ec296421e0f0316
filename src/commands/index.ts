import type { BuiltInCommand } from './built-in.ts';

/** Every built-in subcommand, in the order of the help. */
export const builtInCommands: readonly BuiltInCommand[] = [
  {
    name: 'mirror',
    summary: 'copy branches, tags and change-request heads from one repository to another, once',
    load: async () => (await import('./mirror.ts')).mirrorCommand,
  },
  {
    name: 'poll',
    summary: 'watch refs without an inbound port and run a pipeline script for every change',
    load: async () => (await import('./poll.ts')).pollCommand,
  },
  {
    name: 'config',
    summary: 'check the configuration, or show what is in effect',
    load: async () => (await import('./config.ts')).configCommand(builtInCommands),
  },
  {
    name: 'completion',
    summary: 'print the completion script for bash, zsh or fish',
    load: async () => (await import('./completion.ts')).completionCommand(builtInCommands),
  },
];
