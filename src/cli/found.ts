import type { BuiltInCommand } from '../commands/built-in.ts';
import type { CommandSpec } from '../core/plugins/command.ts';

/** Who answers to a command's name. */
export type Found =
  | {
      readonly kind: 'command';
      readonly spec: CommandSpec;
      /** Commands of plugins and on PATH, for the list. */
      readonly others?: readonly Listed[];
      /** Replaces the arguments, for `sluice help X`. */
      readonly argv?: readonly string[];
    }
  /** No command: the program's own help or version. */
  | { readonly kind: 'program'; readonly others?: readonly Listed[]; readonly argv?: readonly string[] }
  /** An executable `sluice-NAME` on PATH, which gets the rest of the line. */
  | { readonly kind: 'external'; readonly path: string; readonly args?: readonly string[] };

export type Listed = Pick<BuiltInCommand, 'name' | 'summary'>;

export interface FindScope {
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly cwd: string;
}
