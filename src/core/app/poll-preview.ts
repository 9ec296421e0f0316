import type { CommandContext } from '../plugins/command.ts';
import type { OnPollEvent } from '../poll/events.ts';
import type { PreviewOptions, PreviewPorts } from '../poll/preview.ts';
import type { PollFlags } from '../poll/settings.ts';
import { openStateReader } from '../poll/state/database.ts';
import { openLooks, requestLimitMs } from './poll-looks.ts';
import { stateDirectory, stateFile } from './poll-state.ts';

/** What `--dry-run` needs, opened: the state only for reading, so that it works beside a watcher too. */
export interface OpenPreview extends AsyncDisposable {
  readonly options: PreviewOptions;
  readonly ports: PreviewPorts;
}

export async function openPreview(
  context: CommandContext,
  repos: readonly string[],
  flags: PollFlags,
  onEvent: OnPollEvent,
): Promise<OpenPreview> {
  const looks = await openLooks(context, repos, flags);
  const db = await openStateReader(stateFile(await stateDirectory(context, flags.stateDir)));
  return {
    options: { repositories: looks.repositories, requestLimitMs, signal: context.signal },
    ports: { ...looks.ports, db, onEvent },
    async [Symbol.asyncDispose]() {
      looks.close();
      await db?.[Symbol.asyncDispose]();
    },
  };
}
