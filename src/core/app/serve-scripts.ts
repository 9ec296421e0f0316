import { chmod, copyFile, realpath, writeFile } from 'node:fs/promises';
import { basename, dirname, isAbsolute, join, resolve } from 'node:path';
import type { Config, HooksConfig, RunConfig } from '../config/config.ts';
import { SluiceError } from '../errors.ts';
import type { CacheOptions } from '../git/cache.ts';
import type { GitContext } from '../git/remote.ts';
import type { RefName } from '../model/ref.ts';
import { checkOut } from '../pipeline/checkout.ts';
import { type RunFacts, scriptEnvironment } from '../pipeline/environment.ts';
import { isolate } from '../pipeline/isolation.ts';
import type { GroupIdentity } from '../pipeline/process-group.ts';
import { runScript } from '../pipeline/run.ts';
import { findScript } from '../pipeline/script.ts';
import { openWorkspace, type Workspace } from '../pipeline/workspace.ts';
import type { RunScript, ScriptOrder, ScriptResult } from '../serve/ports.ts';
import { repoText } from '../serve/repo-pattern.ts';
import { branchOf, ownerAndName, scriptArguments } from '../serve/script-facts.ts';
import { checkoutPorts } from './checkout-ports.ts';
import { endpointOf } from './serve-forge.ts';
import type { TimeGit } from './serve-metrics.ts';
import { type ServedRepository, servedAs } from './serve-repositories.ts';

export interface ScriptOptions {
  readonly served: readonly ServedRepository[];
  readonly config: Config;
  readonly git: GitContext;
  readonly cache: CacheOptions;
  /** Parent of the runs' directories. */
  readonly workDir: string;
  readonly logOf: (run: string) => string;
  readonly runUrl: (run: string) => string | undefined;
  /** The log of this run has grown. */
  readonly onOutput: (run: string) => void;
  readonly warn: (message: string) => void;
  readonly time: TimeGit;
}

/** Fills the `RunScript` port with the pipeline room: checkout, environment, isolation, run. */
export function openScripts(options: ScriptOptions): RunScript {
  return async (order) => {
    await using workspace = await openWorkspace(options.workDir, (error) =>
      options.warn(`a directory of run ${order.run} could not be removed: ${String(error)}`),
    );
    return await runIn(workspace, order, { ...options, git: { ...options.git, signal: order.signal } });
  };
}

async function runIn(workspace: Workspace, order: ScriptOrder, options: ScriptOptions): Promise<ScriptResult> {
  const { data, sha, run, signal } = order;
  const command = await commandOf(workspace, order, options);
  if ('state' in command) return command;
  const { settings, program } = command;
  if (settings.checkout && sha !== undefined) await options.time('checkout', () => fill(workspace, order, options));
  signal.throwIfAborted();
  // Below TMPDIR, which every isolation shows to the script.
  const payload = join(workspace.tmp, 'payload.json');
  await writeFile(payload, order.payload, { mode: 0o600 });
  const env = scriptEnvironment(options.git.env, {
    facts: factsOf(order, payload, options),
    workspace,
    pass: settings.env,
    withheld: options.git.withheld,
  });
  const launch = isolate(settings.isolation, {
    // A command says itself what it wants; what it is about is in its environment.
    command: 'hook' in data.script ? [...program, ...scriptArguments({ data, sha }, payload)] : program,
    env,
    workspace,
    network: settings.network,
    image: settings.image,
    clientEnv: options.git.env,
    user: { uid: process.getuid?.() ?? 0, gid: process.getgid?.() ?? 0 },
  });
  const result = await runScript({
    launch,
    workspace,
    logPath: options.logOf(run),
    timeoutMs: settings.timeoutMs,
    signal,
    onStarted: (group) => order.onStart(JSON.stringify(group)),
    onOutput: () => options.onOutput(run),
  });
  options.onOutput(run);
  return { state: result.state, lastLine: result.lastLine, detail: detailOf(result, settings) };
}

function detailOf(
  { state, exitCode, signal, lastLine }: Awaited<ReturnType<typeof runScript>>,
  { timeoutMs }: HooksConfig,
): string {
  if (state === 'error') return lastLine;
  if (state === 'timed-out') return `it took longer than ${timeoutMs / 1000} s`;
  if (state !== 'failure') return '';
  // What it printed before says nothing of that.
  if (signal !== undefined) return `ended by ${signal}`;
  return lastLine === '' ? `exit status ${exitCode}` : '';
}

type Command = { readonly program: readonly string[]; readonly settings: HooksConfig };

/** The hook script or the configured command; both may have gone since the delivery came. */
async function commandOf(
  workspace: Workspace,
  { data: { repo, script } }: ScriptOrder,
  { config, served }: ScriptOptions,
): Promise<Command | ScriptResult> {
  const { hooks, hooksDir } = config.serve;
  if ('run' in script) {
    const found = servedAs(served, repo).entry.run.find(({ name }) => name === script.run);
    if (found === undefined) return gone(`the command "${script.run}" is not configured any more`);
    const settings = { ...found, timeoutMs: found.timeoutMs ?? hooks.timeoutMs };
    return { program: placed(found, config.baseDir), settings };
  }
  if (hooksDir === undefined) return gone('there is no hooks directory any more');
  // The name was listed from that directory, and is not a way out of it; a link in it is the operator's own.
  const path = await realpath(join(hooksDir, basename(script.hook))).catch(() => undefined);
  if (path === undefined) return gone(`the hook script ${script.hook} is gone`);
  const file = await findScript(dirname(path), basename(path));
  if (file.kind === 'script') return { program: await shown(workspace, file, hooks), settings: hooks };
  return { state: 'error', lastLine: '', detail: `the hook script ${file.problem}` };
}

/** A script that is shut in sees nothing of the hooks directory, so it gets a copy of itself. */
async function shown(
  { tmp }: Workspace,
  { command, path }: { readonly command: readonly string[]; readonly path: string },
  { isolation }: HooksConfig,
): Promise<readonly string[]> {
  if (isolation === 'none') return command;
  const copy = join(tmp, basename(path));
  await copyFile(path, copy);
  await chmod(copy, 0o700);
  return command.map((word) => (word === path ? copy : word));
}

/** `./redeploy.sh` is meant beside the configuration, unless the command starts in a checkout: then it is the commit's. */
function placed({ command: [program = '', ...args], checkout }: RunConfig, baseDir: string): readonly string[] {
  const beside = !checkout && program.includes('/') && !isAbsolute(program);
  return [beside ? resolve(baseDir, program) : program, ...args];
}

function gone(detail: string): ScriptResult {
  return { state: 'skipped', lastLine: '', detail };
}

/** A checkout of exactly that commit. */
async function fill(workspace: Workspace, { data, sha }: ScriptOrder, options: ScriptOptions): Promise<void> {
  const { git, cache, served } = options;
  if (sha === undefined) return;
  const { forge } = servedAs(served, data.repo);
  const place = await placeOf(data, forge, git.signal);
  await checkOut(checkoutPorts(git, cache), workspace, {
    from: endpointOf(forge, { alias: data.repo.alias, path: place.repo }),
    ref: place.ref,
    oid: sha,
  });
}

/** Where git finds the commit: the ref, or the head of the change request, which may be in a fork only. */
async function placeOf(
  { repo, ref, change }: ScriptOrder['data'],
  { changes, alias }: ServedRepository['forge'],
  signal: AbortSignal | undefined,
): Promise<{ readonly repo: string; readonly ref: RefName }> {
  if (change === undefined) return { repo: repo.path, ref };
  const call = signal === undefined ? {} : { signal };
  const found = await changes?.find(repo.path, change.number, call);
  const at = found === undefined ? undefined : changes?.headLocation(repo.path, found);
  if (at !== undefined) return at;
  throw new SluiceError('not-found', `change request ${change.number} of ${alias}:${repo.path} has no head any more`);
}

function factsOf({ run, data, sha, delivery }: ScriptOrder, payload: string, { runUrl }: ScriptOptions): RunFacts {
  const { repo, event, ref, before, change } = data;
  const [owner, name] = ownerAndName(change?.headRepo ?? repo.path);
  return {
    run,
    event: event === 'pull_request' ? 'change' : event,
    repo: repoText(repo),
    owner,
    name,
    ref,
    branch: branchOf(data),
    sha,
    oldSha: before,
    change: change?.number,
    baseRepo: change === undefined ? undefined : repoText(repo),
    baseBranch: change?.baseBranch,
    payload,
    delivery,
    runUrl: runUrl(run),
  };
}

/** What `onStart` stored; undefined for anything that cannot be one. */
export function storedGroup(processes: string | undefined): GroupIdentity | undefined {
  if (processes === undefined) return undefined;
  const { pgid, startTime, mark } = JSON.parse(processes) as Partial<GroupIdentity>;
  if (typeof pgid !== 'number' || typeof startTime !== 'string' || typeof mark !== 'string') return undefined;
  return { pgid, startTime, mark };
}
