import type { CommandSpec } from '../core/plugins/command.ts';

/** A built-in subcommand; its module is loaded only when it is the one that runs. */
export interface BuiltInCommand {
  readonly name: string;
  readonly summary: string;
  load(): Promise<CommandSpec>;
}
