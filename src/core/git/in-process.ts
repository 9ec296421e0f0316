import { execFile } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { SluiceError } from '../errors.ts';
import type { Endpoint } from './endpoint.ts';
import { authorization, type Environment, gitEnvironment } from './environment.ts';
import { httpTerms, type Setting } from './http-settings.ts';
import type { Advertisement } from './ls-remote.ts';
import type { GitContext } from './remote.ts';
import { type Connections, openConnections, openWire, type WireSession } from './wire/wire.ts';

/**
 * git's protocol spoken by this process instead of a git child: 100 times cheaper for a listing, and no disk for a transfer.
 * It is used only where it means the same as git would: over HTTP(S), when the user's git configuration says nothing about
 * proxies, certificates, headers or other URLs. Everything else, and every answer it cannot deal with, is git's.
 */
export interface InProcess {
  /** Undefined: this endpoint is for git. */
  session(endpoint: Endpoint): Promise<WireSession | undefined>;
  /** From now on this endpoint is for git; says why. */
  giveUp(endpoint: Endpoint, reason: string): void;
  /** The last answer of this server was a success that is not git's smart protocol: a web page, or a folder of files. */
  isDumb(endpoint: Endpoint): boolean;
  /** Whether git may get around this failure of a first contact. */
  isForGit(error: unknown, endpoint: Endpoint): Promise<boolean>;
  /** The refs under the prefixes, or undefined when git has to be asked. */
  list(endpoint: Endpoint, prefixes: readonly string[]): Promise<Advertisement | undefined>;
  /** The same for a watcher: `refs` undefined means that nothing changed since the answer with that digest. */
  listIfChanged(endpoint: Endpoint, prefixes: readonly string[], call: ListCall): Promise<ListAnswer | undefined>;
  close(): void;
}

export interface ListCall {
  readonly signal?: AbortSignal | undefined;
  readonly unlessDigest?: string | undefined;
}

export interface ListAnswer {
  readonly refs: Advertisement['refs'] | undefined;
  readonly format: Advertisement['format'];
  readonly digest: string;
}

// A watcher that runs for weeks tries again: the server may have been updated, or have had a bad hour.
const givenUpForMs = 600_000;

export interface InProcessOptions {
  readonly context: GitContext;
  readonly userAgent: string;
  readonly debug: (message: string) => void;
  readonly connectTimeoutMs?: number;
  readonly idleTimeoutMs?: number;
}

export function openInProcess(options: InProcessOptions): InProcess {
  const { context } = options;
  const sessions = new Map<string, WireSession>();
  const gitOnly = new Map<string, number>();
  const dumb = new Set<string>();
  const pools = new Map<string, Promise<Connections>>();
  let settings: Promise<readonly Setting[]> | undefined;

  async function session(endpoint: Endpoint): Promise<WireSession | undefined> {
    if (endpoint.transport !== 'http' || performance.now() < (gitOnly.get(endpoint.url) ?? 0)) return undefined;
    // First, because a watcher asks a thousand times a minute, and what follows does not change while a process lives.
    const known = sessions.get(endpoint.url);
    if (known !== undefined) return known;
    settings ??= transportSettings(gitEnvironment(context.env), context.tempRoot);
    const terms = httpTerms(new URL(endpoint.url), context.env, await settings);
    if ('objection' in terms) {
      giveUp(endpoint, terms.objection);
      return undefined;
    }
    const opened = openWire(endpoint.url, {
      connections: await poolFor(terms.caFile),
      userAgent: options.userAgent,
      connectTimeoutMs: options.connectTimeoutMs ?? 30_000,
      idleTimeoutMs: options.idleTimeoutMs ?? 120_000,
      authenticate: async () => await headersFor(endpoint, context),
    });
    sessions.set(endpoint.url, opened);
    return opened;
  }

  function poolFor(caFile: string | undefined): Promise<Connections> {
    const known = pools.get(caFile ?? '') ?? openPool(caFile);
    pools.set(caFile ?? '', known);
    return known;
  }

  function giveUp(endpoint: Endpoint, reason: string): void {
    gitOnly.set(endpoint.url, performance.now() + givenUpForMs);
    options.debug(`${endpoint.display}: git is used instead of the in-process protocol: ${reason}`);
  }

  async function list(endpoint: Endpoint, prefixes: readonly string[]): Promise<Advertisement | undefined> {
    const answer = await listIfChanged(endpoint, prefixes, signalOf(context));
    return answer?.refs === undefined ? undefined : { refs: answer.refs, format: answer.format };
  }

  async function listIfChanged(
    endpoint: Endpoint,
    prefixes: readonly string[],
    call: ListCall,
  ): Promise<ListAnswer | undefined> {
    const opened = await session(endpoint);
    if (opened === undefined) return undefined;
    try {
      const offer = await opened.offer(call);
      const listing = await opened.listRefs({ prefixes, ...call });
      if (offer.protocol === 'v2' && listing !== undefined) return { ...listing, format: offer.objectFormat };
      if (offer.protocol === 'dumb') dumb.add(endpoint.url);
      else dumb.delete(endpoint.url);
      giveUp(endpoint, 'the server does not speak protocol v2');
    } catch (error) {
      if (!(await isForGit(error, endpoint, context))) throw error;
      giveUp(endpoint, error instanceof Error ? error.message : String(error));
    }
    return undefined;
  }

  function close(): void {
    for (const one of sessions.values()) one.close();
    for (const pool of pools.values()) void pool.then((connections) => connections.close());
  }

  return {
    session,
    giveUp,
    isDumb: (endpoint) => dumb.has(endpoint.url),
    isForGit: (error, endpoint) => isForGit(error, endpoint, context),
    list,
    listIfChanged,
    close,
  };
}

function signalOf(context: GitContext): { signal?: AbortSignal } {
  return context.signal === undefined ? {} : { signal: context.signal };
}

async function headersFor(endpoint: Endpoint, context: GitContext): Promise<Record<string, string>> {
  const credential = await endpoint.credential?.(signalOf(context));
  if (credential === undefined) return {};
  const header = authorization({ credential });
  return { authorization: header.slice(header.indexOf(':') + 2) };
}

/**
 * A first contact that failed in a way that git may get around: the user's credential helper knows a login, git follows a redirect,
 * or trusts a certificate that Node does not. If git fails too, its error is the one that is shown.
 */
async function isForGit(error: unknown, endpoint: Endpoint, context: GitContext): Promise<boolean> {
  if (!(error instanceof SluiceError)) return false;
  if (error.code === 'not-found') return true;
  if (error.code === 'denied') return (await endpoint.credential?.(signalOf(context))) === undefined;
  return /certificate|self.signed|\bCERT_|UNABLE_TO_/i.test(error.message);
}

async function openPool(caFile: string | undefined): Promise<Connections> {
  return openConnections(caFile === undefined ? {} : { ca: [await readFile(caFile, 'utf8')] });
}

/** The user's settings for HTTP, URL rewriting and protocols; outside of any repository. */
async function transportSettings(env: Environment, cwd: string): Promise<readonly Setting[]> {
  const { promise, resolve } = Promise.withResolvers<readonly Setting[]>();
  const args = ['config', '--null', '--includes', '--get-regexp', '^(http|url|protocol)\\.'];
  // A read of local files: it cannot hang on a network, so it needs none of runGit's care (and not execa's start-up time).
  execFile('git', args, { cwd, env: env as NodeJS.ProcessEnv, timeout: 10_000 }, (error, stdout) => {
    // Status 1: nothing matches. Any other failure: let git itself complain.
    if (error !== null && error.code !== 1) resolve([{ name: '(unreadable)', value: '' }]);
    else resolve(stdout.split('\0').flatMap(parseSetting));
  });
  return await promise;
}

/** One record of `git config --null`: the name, a line feed, the value. */
function parseSetting(record: string): readonly Setting[] {
  if (record === '') return [];
  const end = record.indexOf('\n');
  return end < 0 ? [{ name: record, value: '' }] : [{ name: record.slice(0, end), value: record.slice(end + 1) }];
}
