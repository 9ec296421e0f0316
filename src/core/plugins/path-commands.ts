import { constants } from 'node:fs';
import { access, readdir, stat } from 'node:fs/promises';
import { delimiter, isAbsolute, join } from 'node:path';

/** An executable `sluice-NAME`, which is the subcommand NAME, as in git. */
export interface PathCommand {
  readonly name: string;
  /** Absolute. */
  readonly file: string;
}

const commandName = /^[a-z0-9][a-z0-9-]*$/;

/** The executable of one subcommand, from the first directory of `path` (the text of PATH) that has it. */
export async function findPathCommand(name: string, path: string | undefined): Promise<PathCommand | undefined> {
  if (!commandName.test(name)) return undefined;
  for (const directory of directories(path)) {
    const file = join(directory, `sluice-${name}`);
    if (await isExecutable(file)) return { name, file };
  }
  return undefined;
}

/** All such subcommands except those whose name is taken, sorted by name; the first directory of `path` wins. */
export async function listPathCommands(
  path: string | undefined,
  taken: readonly string[] = [],
): Promise<readonly PathCommand[]> {
  const found = new Map<string, PathCommand>();
  for (const directory of directories(path)) {
    const entries = await readdir(directory).catch(() => []);
    for (const entry of entries) {
      const name = /^sluice-(.+)$/.exec(entry)?.[1];
      if (name === undefined || !commandName.test(name) || taken.includes(name) || found.has(name)) continue;
      const file = join(directory, entry);
      if (await isExecutable(file)) found.set(name, { name, file });
    }
  }
  return [...found.values()].sort((a, b) => (a.name < b.name ? -1 : 1));
}

/** Relative and empty entries mean the working directory, where a cloned repository could plant a command. */
function directories(path: string | undefined): readonly string[] {
  return (path ?? '').split(delimiter).filter(isAbsolute);
}

async function isExecutable(file: string): Promise<boolean> {
  try {
    await access(file, constants.X_OK);
    return (await stat(file)).isFile();
  } catch {
    return false;
  }
}
