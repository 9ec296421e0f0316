import { join } from 'node:path';
import type { PollConfig } from '../config/config.ts';
import type { CacheOptions } from '../git/cache.ts';
import type { Endpoint } from '../git/endpoint.ts';
import type { GitContext } from '../git/remote.ts';
import { isResultCommit } from '../git/result-commit.ts';
import { type Oid, type RefName, shortName } from '../model/ref.ts';
import { checkOut } from '../pipeline/checkout.ts';
import { type RunFacts, scriptEnvironment } from '../pipeline/environment.ts';
import { isolate } from '../pipeline/isolation.ts';
import type { GroupIdentity } from '../pipeline/process-group.ts';
import { type RunResult, runScript } from '../pipeline/run.ts';
import { findScript } from '../pipeline/script.ts';
import { openWorkspace, type Workspace } from '../pipeline/workspace.ts';
import type { PipelineOutcome, PipelineRequest, RunPipeline } from '../poll/ports.ts';
import type { ProcessGroup, Run } from '../poll/run.ts';
import { printable } from '../ui/table.ts';
import { checkoutPorts } from './checkout-ports.ts';
import { fetchPlace, isMadeUp } from './poll-heads.ts';

export interface PipelineOptions {
  readonly git: GitContext;
  readonly cache: CacheOptions;
  /** Parent of the runs' directories. */
  readonly workDir: string;
  readonly logDir: string;
  /** What the operator wants of this repository's runs. */
  readonly settingsOf: (repository: string) => PollConfig;
  /** Whether this commit of the run's ref has a result already: a result commit on top of it has nothing new to run. */
  readonly wasTested: (run: Run, commit: Oid) => boolean;
  /** Output of scripts as it comes, when a person watches. */
  readonly onOutput: ((chunk: Uint8Array) => void) | undefined;
  readonly warn: (message: string) => void;
}

/** Fills the poller's `RunPipeline` with the pipeline room: checkout, script, environment, isolation, run. */
export function openPipeline(options: PipelineOptions): RunPipeline {
  return async (request) => {
    await using workspace = await openWorkspace(options.workDir, (error) =>
      options.warn(`a directory of run ${request.run.id} could not be removed: ${String(error)}`),
    );
    return await runIn(workspace, request, { ...options, git: { ...options.git, signal: request.signal } });
  };
}

async function runIn(
  workspace: Workspace,
  request: PipelineRequest,
  options: PipelineOptions,
): Promise<PipelineOutcome> {
  const { run, repository, signal } = request;
  const settings = options.settingsOf(repository.key);
  if (run.newOid === undefined) return { state: 'skipped', detail: 'the ref was deleted' };
  const from = repository.endpoint;
  const at = await placeOf(request);
  await checkOut(checkoutPorts(options.git, options.cache), workspace, {
    from: at.endpoint,
    ref: at.ref,
    oid: run.newOid,
    submodules: settings.submodules,
    lfs: settings.lfs,
  });
  signal.throwIfAborted();
  if (await isResultCommit(options.git, workspace.checkout, (parent) => options.wasTested(run, parent))) {
    return { state: 'skipped', detail: 'a result commit of sluice' };
  }
  const command = await commandOf(workspace, settings);
  if ('state' in command) {
    // Nobody names a script that is not there on purpose.
    if (settings.file !== undefined && command.state === 'skipped')
      options.warn(printable(`run ${run.id} (${repository.key} ${shortName(run.ref)}): ${command.detail}`));
    return command;
  }
  const env = scriptEnvironment(options.git.env, {
    facts: factsOf(run, from),
    workspace,
    pass: settings.env,
    withheld: options.git.withheld,
  });
  const launch = isolate(settings.isolation, {
    ...command,
    env,
    workspace,
    network: settings.network,
    image: settings.image,
    clientEnv: options.git.env,
    user: { uid: process.getuid?.() ?? 0, gid: process.getgid?.() ?? 0 },
  });
  const log = join(options.logDir, `${run.id}.log`);
  const result = await runScript({
    launch,
    workspace,
    logPath: log,
    timeoutMs: settings.runTimeoutMs,
    signal,
    onStarted: (group) => request.onStart({ group: toProcessGroup(group), log }),
    onOutput: options.onOutput,
  });
  return outcomeOf(result, log);
}

/** Where git finds the commit: at the repository itself, or, for a change request that has no ref there, where its branch is. */
async function placeOf({ run, repository, signal }: PipelineRequest): Promise<{ endpoint: Endpoint; ref: RefName }> {
  if (run.change === undefined || !isMadeUp(run.ref)) return { endpoint: repository.endpoint, ref: run.ref };
  return await fetchPlace(repository.endpoint, run.change, { signal });
}

/** The operator's own command, or the script of the commit; a commit without one has nothing to run. */
async function commandOf(
  { checkout }: Workspace,
  { run, file }: PollConfig,
): Promise<{ readonly command: readonly string[] } | PipelineOutcome> {
  if (run !== undefined) return { command: run };
  const script = await findScript(checkout, file);
  if (script.kind === 'script') return { command: script.command };
  return { state: script.kind === 'absent' ? 'skipped' : 'error', detail: script.problem };
}

function factsOf(run: Run, { display, repo }: Endpoint): RunFacts {
  const [owner, name] =
    repo === undefined ? [] : [repo.slice(0, repo.lastIndexOf('/')), repo.slice(repo.lastIndexOf('/') + 1)];
  return {
    run: String(run.id),
    event: run.change === undefined ? (run.ref.startsWith('refs/tags/') ? 'tag' : 'push') : 'change',
    repo: display,
    owner,
    name,
    ref: run.ref,
    sha: run.newOid,
    oldSha: run.oldOid,
    change: run.change,
  };
}

function outcomeOf(result: RunResult, log: string): PipelineOutcome {
  const { state, exitCode, lastLine } = result;
  return { state, exitStatus: exitCode, log, lastLine, detail: state === 'error' ? lastLine : undefined };
}

/** The store of runs keeps one text for "which group is this"; it carries the mark too. */
export function toProcessGroup({ pgid, startTime, mark }: GroupIdentity): ProcessGroup {
  return { pid: pgid, startTime: `${startTime} ${mark}` };
}

export function toGroupIdentity({ pid, startTime }: ProcessGroup): GroupIdentity {
  const end = startTime.indexOf(' ');
  return { pgid: pid, startTime: startTime.slice(0, end), mark: startTime.slice(end + 1) };
}
