import { SluiceError } from '../core/errors.ts';
import type { CommandContext, CommandOutcome, OptionSpec } from '../core/plugins/command.ts';
import type { ActionOutcome } from '../core/serve/read-model.ts';

// What `sluice jobs` and `sluice deliveries` say alike.

export const dataDir: OptionSpec = {
  flags: '--data-dir <dir>',
  description: 'storage of the server (default: $XDG_STATE_HOME/sluice/serve)',
};

/** What a line of a usual terminal has left; `show` prints all of it. */
export const longestCell = 60;

/** Time as tables show it: UTC, to the second. */
export function moment(at: number): string {
  return new Date(at).toISOString().slice(0, 19).replace('T', ' ');
}

/** Who asks, for the server's log. */
export function whoAmI({ env }: Pick<CommandContext, 'env'>): string {
  return env.USER ?? env.LOGNAME ?? 'a person at the command line';
}

/** What became of a wish; a refusal is wrong usage. */
export function acted(
  done: ActionOutcome,
  { command, live, listHint }: { readonly command: string; readonly live: boolean; readonly listHint: string },
): CommandOutcome {
  if (!done.done) throw new SluiceError('usage', done.reason, { hint: listHint });
  const later = live ? '' : ' (no server runs: it begins with the next start)';
  return { exit: 0, json: { command, message: done.message, live }, text: `${done.message}${later}` };
}
