import { existsSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { SluiceError } from '../errors.ts';
import { ancestry } from '../git/ancestry.ts';
import { bareRepository } from '../git/bare.ts';
import type { CacheOptions } from '../git/cache.ts';
import type { Endpoint } from '../git/endpoint.ts';
import { type InProcess, openInProcess } from '../git/in-process.ts';
import { type GitContext, headBranch } from '../git/remote.ts';
import { fullTransfer } from '../git/transfer/full.ts';
import { relayTransfer } from '../git/transfer/relay.ts';
import { thinTransfer } from '../git/transfer/thin.ts';
import type { Transfer } from '../git/transfer/transfer.ts';
import { makeDirectory } from '../make-directory.ts';
import type { MirrorPorts, MirrorRequest } from '../mirror/request.ts';
import type { MirrorSettings } from '../mirror/settings.ts';
import { needsChangeFacts } from '../mirror/template.ts';
import type { ObjectFormat } from '../model/ref.ts';
import type { CommandContext } from '../plugins/command.ts';
import { version } from '../version.ts';
import { openEndpoint } from './endpoint.ts';
import { cacheDirectory, listRefs, secretVariables } from './git.ts';

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
      createRepository: (endpoint, like) => createRepository(git, endpoint, like),
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

function cacheOptions(context: CommandContext, settings: MirrorSettings): CacheOptions | undefined {
  if (settings.cache === 'never') return undefined;
  return { cacheDir: cacheDirectory(context, settings.cacheDir), waitMs: settings.timeoutMs ?? 600_000 };
}

function transfersFor(
  mode: MirrorSettings['cache'],
  inProcess: InProcess,
  cache: CacheOptions | undefined,
): readonly Transfer[] {
  if (mode === 'always') return [fullTransfer(cache)];
  return [relayTransfer(inProcess, `sluice/${version}`), thinTransfer, fullTransfer(cache)];
}

async function createRepository(
  git: GitContext,
  to: Endpoint,
  { from, format }: { readonly from: Endpoint; readonly format: ObjectFormat },
): Promise<void> {
  git.progress?.(`creating ${to.display}`);
  if (to.transport === 'file') {
    const dir = to.url.startsWith('file://') ? fileURLToPath(to.url) : to.url;
    if (existsSync(join(dir, 'HEAD'))) return;
    await makeDirectory(dir, 0o777);
    // A repository for its owner, with git's usual settings: not one of ours, which are never cleaned up by git.
    const head = await headBranch(git, from);
    const branch = head === undefined ? [] : [`--initial-branch=${head}`];
    await bareRepository(git, dir).git('init', '--quiet', '--bare', `--object-format=${format}`, ...branch);
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
