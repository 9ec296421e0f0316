import type { BuiltInCommand } from './built-in.ts';

/** Every built-in subcommand, in the order of the help. */
export const builtInCommands: readonly BuiltInCommand[] = [
  {
    name: 'mirror',
    summary: 'copy branches, tags and change-request heads from one repository to another, once',
    load: async () => (await import('./mirror.ts')).mirrorCommand,
  },
  {
    name: 'serve',
    summary: 'receive webhooks; mirror change requests, run hook scripts, report commit statuses, show logs',
    load: async () => (await import('./serve.ts')).serveCommand,
  },
  {
    name: 'jobs',
    summary: 'list, show, retry and cancel what sluice serve does',
    load: async () => (await import('./jobs.ts')).jobsCommand,
  },
  {
    name: 'deliveries',
    summary: 'list, show and replay the webhook deliveries of sluice serve',
    load: async () => (await import('./deliveries.ts')).deliveriesCommand,
  },
  {
    name: 'poll',
    summary: 'watch refs without an inbound port and run a pipeline script for every change',
    load: async () => (await import('./poll.ts')).pollCommand,
  },
  {
    name: 'gate',
    summary: "say whether a branch's internal change request is approved and green, before a push goes upstream",
    load: async () => (await import('./gate.ts')).gateCommand,
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
