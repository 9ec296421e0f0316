import { homedir } from 'node:os';
import { join, resolve } from 'node:path';
import type { Config } from '../config/config.ts';
import { forgeSettings } from '../config/forges.ts';
import type { InProcess } from '../git/in-process.ts';
import { type GitContext, listWithGit } from '../git/remote.ts';
import type { ListRefs } from '../mirror/changes.ts';
import type { CommandContext } from '../plugins/command.ts';

/** Names of variables that hold secrets of sluice's own: no hook of a local repository gets them. */
export function secretVariables(config: Config, env: CommandContext['env']): readonly string[] {
  const sources = Object.values(forgeSettings(config, env)).flatMap((forge) => [forge.token, forge.app?.privateKey]);
  return sources.flatMap((source) => (source !== undefined && 'env' in source ? [source.env] : []));
}

/** Where kept repositories and other things that can be made again lie: the flag or key, else the user's cache directory. */
export function cacheDirectory(
  { cwd, env }: Pick<CommandContext, 'cwd' | 'env'>,
  configured: string | undefined,
): string {
  const base = env.XDG_CACHE_HOME || join(env.HOME ?? homedir(), '.cache');
  return resolve(cwd, configured ?? join(base, 'sluice'));
}

/** The refs of a remote: in this process where that means the same, else through git. */
export function listRefs(git: GitContext, inProcess: InProcess): ListRefs {
  return async (endpoint, prefixes) => {
    const listed = await inProcess.list(endpoint, prefixes);
    if (listed !== undefined) return listed;
    const usual = prefixes.every((prefix) => /^refs\/(heads|tags)\//.test(prefix));
    return await listWithGit(git, endpoint, usual ? 'branches-and-tags' : 'all');
  };
}
