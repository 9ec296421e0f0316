import { homedir } from 'node:os';
import { join, resolve } from 'node:path';
import type { Config } from '../config/config.ts';
import { forgeSettings } from '../config/forges.ts';
import { SluiceError } from '../errors.ts';
import type { Endpoint } from '../git/endpoint.ts';
import type { InProcess } from '../git/in-process.ts';
import type { Advertisement } from '../git/ls-remote.ts';
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
  return async (endpoint, prefixes) =>
    (await inProcess.list(endpoint, prefixes)) ?? (await listThroughGit(git, inProcess, endpoint, prefixes));
}

/**
 * The refs through git. A web page (of a login, a proxy) with status 200 is an empty repository of the dumb protocol to git: where the
 * answer was not smart and nothing is listed, it is no repository at all. Nobody may delete or rebuild anything because of it.
 */
export async function listThroughGit(
  git: GitContext,
  inProcess: InProcess,
  endpoint: Endpoint,
  prefixes: readonly string[],
): Promise<Advertisement> {
  const usual = prefixes.every((prefix) => /^refs\/(heads|tags)\//.test(prefix));
  const listed = await listWithGit(git, endpoint, usual ? 'branches-and-tags' : 'all');
  if (listed.refs.length > 0 || !inProcess.isDumb(endpoint)) return listed;
  throw new SluiceError(
    'unavailable',
    `list the refs of ${endpoint.display}: the server answered with something that is not git`,
    {
      hint: 'A login page or a proxy may stand before it; open the URL in a browser.',
    },
  );
}
