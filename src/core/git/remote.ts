import type { Endpoint } from './endpoint.ts';
import { type Environment, gitEnvironment } from './environment.ts';
import { gitFailure } from './failure.ts';
import { type Advertisement, parseLsRemote } from './ls-remote.ts';
import { type GitCall, type GitResult, runGit } from './run.ts';

/** What every git child of one run shares. */
export interface GitContext {
  readonly env: Environment;
  /** Variables that hold sluice's own secrets; children that run a local repository's hooks do not get them. */
  readonly withheld: readonly string[];
  readonly signal?: AbortSignal | undefined;
  readonly silenceMs?: number;
  readonly progress?: ((text: string) => void) | undefined;
  /** Where throw-away repositories are made; removed again by whoever made them. */
  readonly tempRoot: string;
}

/** Runs one git command that talks to this endpoint, with this endpoint's credential and nobody else's. */
export async function runRemote(
  context: GitContext,
  endpoint: Endpoint,
  call: Pick<GitCall, 'args' | 'cwd' | 'stdin' | 'purpose'>,
): Promise<GitResult> {
  const signal = context.signal === undefined ? {} : { signal: context.signal };
  const credential = endpoint.transport === 'http' ? await endpoint.credential?.(signal) : undefined;
  return await runGit({
    ...call,
    ...signal,
    ...(context.silenceMs === undefined ? {} : { silenceMs: context.silenceMs }),
    onProgress: context.progress === undefined ? undefined : (line) => context.progress?.(`${call.purpose}: ${line}`),
    env: gitEnvironment(context.env, {
      access: credential === undefined ? undefined : { url: endpoint.url, credential },
      withheld: endpoint.transport === 'file' ? context.withheld : [],
    }),
  });
}

/** The environment for commands on our own bare repositories, which talk to nobody. */
export function localEnvironment(context: GitContext): Environment {
  return gitEnvironment(context.env, { withheld: context.withheld });
}

/** The branch that a remote's HEAD names, so that a copy of it can be cloned; undefined where it does not say. */
export async function headBranch(context: GitContext, endpoint: Endpoint): Promise<string | undefined> {
  const purpose = `ask ${endpoint.display} for its HEAD`;
  const args = ['ls-remote', '--quiet', '--symref', '--', endpoint.url, 'HEAD'];
  const result = await runRemote(context, endpoint, { args, purpose });
  return /^ref: refs\/heads\/(\S+)\tHEAD$/m.exec(result.stdout.toString('utf8'))?.[1];
}

export type RefScope = 'branches-and-tags' | 'all';

/**
 * The refs of a remote through git itself: every transport, the user's proxies, helpers and URL rewriting included.
 * `--heads --tags` makes git send ref prefixes; a pattern argument would not, and 2,000 refs/pull would travel (git-ls-remote(1)).
 */
export async function listWithGit(context: GitContext, endpoint: Endpoint, scope: RefScope): Promise<Advertisement> {
  const purpose = `list the refs of ${endpoint.display}`;
  const filters = scope === 'branches-and-tags' ? ['--heads', '--tags'] : [];
  const args = ['ls-remote', '--quiet', '--refs', ...filters, '--', endpoint.url];
  const result = await runRemote(context, endpoint, { args, purpose });
  if (result.status !== 0) throw gitFailure(purpose, result.stderr);
  return parseLsRemote(result.stdout);
}
