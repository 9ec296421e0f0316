import { existsSync } from 'node:fs';
import { mkdir } from 'node:fs/promises';
import { homedir, tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Config } from './config/config.ts';
import { forgeForUrl, forgeSettings } from './config/forges.ts';
import { SluiceError } from './errors.ts';
import { ancestry } from './git/ancestry.ts';
import { bareRepository } from './git/bare.ts';
import type { CacheOptions } from './git/cache.ts';
import { type Endpoint, transportOf } from './git/endpoint.ts';
import { type InProcess, openInProcess } from './git/in-process.ts';
import { type GitContext, listWithGit } from './git/remote.ts';
import { fullTransfer } from './git/transfer/full.ts';
import { relayTransfer } from './git/transfer/relay.ts';
import { thinTransfer } from './git/transfer/thin.ts';
import type { Transfer } from './git/transfer/transfer.ts';
import type { ListRefs } from './mirror/changes.ts';
import type { MirrorPorts, MirrorRequest } from './mirror/request.ts';
import type { MirrorSettings } from './mirror/settings.ts';
import { needsChangeFacts } from './mirror/template.ts';
import type { ObjectFormat } from './model/ref.ts';
import { displayAddress, parseAddress } from './model/repo.ts';
import type { CommandContext } from './plugins/command.ts';
import { version } from './version.ts';

/** What a mirror run needs, opened; disposing closes it in reverse order. */
export interface OpenMirror extends AsyncDisposable {
  readonly request: MirrorRequest;
  readonly ports: MirrorPorts;
}

/** Fills the ports of `mirror` with git, the wire and the configured forges. */
export async function openMirror(
  context: CommandContext,
  sides: { readonly from: string; readonly to: string | undefined },
  settings: MirrorSettings,
): Promise<OpenMirror> {
  const config = await context.config();
  const from = await openEndpoint(context, config, sides.from, asksApi(settings));
  const to = sides.to === undefined ? from : await openEndpoint(context, config, sides.to, settings.create);
  const limit = limitedSignal(context.signal, settings.timeoutMs);
  const git: GitContext = {
    env: context.env,
    withheld: secretVariables(config, context.env),
    signal: limit.signal,
    progress: (text) => context.progress(text),
    tempRoot: tmpdir(),
  };
  const debug = (message: string) => context.log.debug(message);
  const inProcess = openInProcess({ context: git, userAgent: `git/sluice-${version}`, debug });
  const cache = cacheOptions(context, settings);
  return {
    request: { ...settings, from, to },
    ports: {
      context: git,
      list: listRefs(git, inProcess),
      transfers: transfersFor(settings.cache, inProcess, cache),
      proveAncestry: (endpoint, format, moves) => ancestry(git, endpoint, format, moves, cache),
      createRepository: (endpoint, format) => createRepository(git, endpoint, format),
      retry: {
        retries: settings.retries,
        signal: limit.signal,
        onRetry: (error, delayMs) =>
          context.log.warn(`${error.message}; trying again in ${Math.round(delayMs / 1000)} s`),
      },
      debug,
    },
    async [Symbol.asyncDispose]() {
      inProcess.close();
      limit.clear();
    },
  };
}

function asksApi({ selection, template, prune }: MirrorSettings): boolean {
  if (selection.allChanges) return true;
  return selection.numbers.length > 0 && (prune || (template !== undefined && needsChangeFacts(template)));
}

/** A repository argument as an endpoint; its forge is opened only when it is asked, or has a credential to give. */
async function openEndpoint(context: CommandContext, config: Config, text: string, api: boolean): Promise<Endpoint> {
  const settings = forgeSettings(config, context.env);
  const address = parseAddress(text, { aliases: Object.keys(settings), cwd: context.cwd });
  const display = displayAddress(address);
  if (address.kind === 'path') return { url: address.path, display, transport: 'file' };
  if (address.kind === 'forge') {
    const forge = await context.forge(address.alias);
    return {
      url: forge.cloneUrl(address.path),
      display,
      transport: 'http',
      forge,
      repo: address.path,
      credential: (call) => forge.gitCredential(address.path, call),
    };
  }
  const transport = transportOf(address.url);
  const owner = forgeForUrl(settings, address.url);
  const configured = owner === undefined ? undefined : settings[owner.alias];
  const useful = api || (transport === 'http' && (configured?.token ?? configured?.app) !== undefined);
  if (owner === undefined || !useful) return { url: address.url, display, transport };
  const forge = await context.forge(owner.alias);
  const repo = forge.repoOf(address.url) ?? owner.path;
  return { url: address.url, display, transport, forge, repo, credential: (call) => forge.gitCredential(repo, call) };
}

/** Names of variables that hold secrets of sluice's own: no hook of a local repository gets them. */
function secretVariables(config: Config, env: CommandContext['env']): readonly string[] {
  const sources = Object.values(forgeSettings(config, env)).flatMap((forge) => [forge.token, forge.app?.privateKey]);
  return sources.flatMap((source) => (source !== undefined && 'env' in source ? [source.env] : []));
}

function limitedSignal(signal: AbortSignal, timeoutMs: number | undefined) {
  if (timeoutMs === undefined) return { signal, clear: () => {} };
  const limit = new AbortController();
  const timer = setTimeout(() => {
    limit.abort(
      new SluiceError('timed-out', `the run took longer than --timeout ${timeoutMs / 1000}s and was ended`, {
        hint: 'What was pushed before stays; run again to continue.',
      }),
    );
  }, timeoutMs);
  return { signal: AbortSignal.any([signal, limit.signal]), clear: () => clearTimeout(timer) };
}

function cacheOptions({ cwd, env }: CommandContext, settings: MirrorSettings): CacheOptions | undefined {
  if (settings.cache === 'never') return undefined;
  const base = env.XDG_CACHE_HOME || join(env.HOME ?? homedir(), '.cache');
  return { cacheDir: resolve(cwd, settings.cacheDir ?? join(base, 'sluice')), waitMs: settings.timeoutMs ?? 600_000 };
}

function transfersFor(
  mode: MirrorSettings['cache'],
  inProcess: InProcess,
  cache: CacheOptions | undefined,
): readonly Transfer[] {
  if (mode === 'always') return [fullTransfer(cache)];
  return [relayTransfer(inProcess, `sluice/${version}`), thinTransfer, fullTransfer(cache)];
}

function listRefs(git: GitContext, inProcess: InProcess): ListRefs {
  return async (endpoint, prefixes) => {
    const listed = await inProcess.list(endpoint, prefixes);
    if (listed !== undefined) return listed;
    const usual = prefixes.every((prefix) => /^refs\/(heads|tags)\//.test(prefix));
    return await listWithGit(git, endpoint, usual ? 'branches-and-tags' : 'all');
  };
}

async function createRepository(git: GitContext, to: Endpoint, format: ObjectFormat): Promise<void> {
  git.progress?.(`creating ${to.display}`);
  if (to.transport === 'file') {
    const dir = to.url.startsWith('file://') ? fileURLToPath(to.url) : to.url;
    if (existsSync(join(dir, 'HEAD'))) return;
    await mkdir(dir, { recursive: true });
    // A repository for its owner, with git's usual settings: not one of ours, which are never cleaned up by git.
    await bareRepository(git, dir).git('init', '--quiet', '--bare', `--object-format=${format}`);
    return;
  }
  const role = to.forge?.repositories;
  if (role === undefined || to.repo === undefined) {
    const who =
      to.forge === undefined
        ? `${to.display} belongs to no configured forge`
        : `the forge ${to.forge.alias} cannot create repositories`;
    throw new SluiceError('usage', `--create: ${who}`, {
      hint: 'Create the repository by hand, or name its forge in sluice.yaml.',
    });
  }
  await role.create(to.repo, { private: true }, git.signal === undefined ? {} : { signal: git.signal });
}
