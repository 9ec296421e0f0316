import { homedir } from 'node:os';
import { join, resolve } from 'node:path';
import { SluiceError } from '../errors.ts';
import type { CommandContext } from '../plugins/command.ts';

/**
 * Where the state of polling lies: the flag, else the one `stateDir` of the configuration, else the user's state directory (XDG Base
 * Directory Specification). The same for the watcher and for those who read its history.
 */
export async function stateDirectory(
  context: Pick<CommandContext, 'cwd' | 'env' | 'config'>,
  flag: string | undefined,
): Promise<string> {
  const { cwd, env } = context;
  if (flag !== undefined) return resolve(cwd, flag);
  const { repositories } = await context.config();
  const [configured, other] = new Set(repositories.flatMap(({ poll }) => poll?.stateDir ?? []));
  if (other !== undefined) {
    throw new SluiceError('config', `the repositories name several state directories: ${configured}, ${other}`, {
      hint: 'One watcher keeps one state: write the same stateDir everywhere, or choose one with --state-dir.',
    });
  }
  const base = env.XDG_STATE_HOME || join(env.HOME ?? homedir(), '.local/state');
  return configured ?? join(base, 'sluice');
}

export function stateFile(stateDir: string): string {
  return join(stateDir, 'poll.sqlite');
}
