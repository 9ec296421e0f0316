import { join } from 'node:path';
import { pollCommand } from '../../../src/commands/poll.ts';
import { loadConfig } from '../../../src/core/config/load.ts';
import type { CommandContext, CommandSpec } from '../../../src/core/plugins/command.ts';
import type { PollEvent } from '../../../src/core/poll/events.ts';
import { isolatedGitEnv } from '../../support/git-repo.ts';

/** The command as the program calls it, with what it says in three places. Its directory may hold a sluice.yaml. */
export function openCommand(root: string, more: Partial<CommandContext> = {}) {
  const said = { stdout: [] as string[], warnings: [] as string[], events: [] as PollEvent[] };
  const silent = () => {};
  const env = isolatedGitEnv({ HOME: root, XDG_STATE_HOME: join(root, 'state'), XDG_CACHE_HOME: join(root, 'cache') });
  const context: CommandContext = {
    cwd: root,
    env,
    signal: new AbortController().signal,
    json: false,
    quiet: false,
    config: async () => (await loadConfig({ cwd: root, env, file: undefined })).config,
    forge: (alias) => Promise.reject(new Error(`there is no forge ${alias}`)),
    log: { debug: silent, info: silent, warn: (text) => void said.warnings.push(text), error: silent },
    progress: silent,
    output: undefined,
    emit({ json, text }) {
      said.events.push(json as PollEvent);
      if (text !== undefined) said.stdout.push(text);
    },
    ...more,
  };
  async function run(
    words: readonly string[],
    options: Readonly<Record<string, unknown>> = {},
    spec: CommandSpec = pollCommand,
  ) {
    for (const list of Object.values(said)) list.length = 0;
    const outcome = await spec.run?.(context, { arguments: words, options });
    if (outcome?.text !== undefined) said.stdout.push(...outcome.text.split('\n'));
    return { ...outcome, stdout: [...said.stdout], warnings: [...said.warnings], events: [...said.events] };
  }
  return { context, run };
}
