import { createReadStream } from 'node:fs';
import { resolve } from 'node:path';
import { addAbortSignal, type Readable } from 'node:stream';
import { setTimeout as sleep } from 'node:timers/promises';
import type { GateConfig } from '../config/config.ts';
import { SluiceError, toSluiceError } from '../errors.ts';
import { decodeGateFacts } from '../gate/decode.ts';
import { isJudgedByFacts, judge } from '../gate/judge.ts';
import { type Judged, judgePush } from '../gate/judge-push.ts';
import { waitingLine } from '../gate/message.ts';
import type { GatePolicy } from '../gate/policy.ts';
import type { GatePorts } from '../gate/ports.ts';
import { type GateFlags, gateSettings, policyOf } from '../gate/settings.ts';
import { waitForVerdict } from '../gate/wait.ts';
import { commitOf, currentBranch } from '../git/current-commit.ts';
import type { Push } from '../model/gate-facts.ts';
import { refNameProblem } from '../model/ref.ts';
import type { CommandContext } from '../plugins/command.ts';
import { openGateCache } from './gate-cache.ts';
import { type OpenFork, openForks } from './gate-forks.ts';
import { appliedRules, pluginsOf } from './gate-plugins.ts';
import { reportVerdict } from './gate-status.ts';

/** A gate with its forges, ready to be asked. */
export interface OpenGate {
  readonly ports: GatePorts;
  readonly policy: GatePolicy;
  /** Flags over configuration. */
  readonly settings: GateConfig;
  /**
   * Judges one ref; with `--wait` until the verdict is final, and `tell` gets a line whenever something else is missing. With
   * `--set-status` the verdict is reported, and a report that fails is a warning.
   */
  ask(push: Push, tell?: (line: string) => void): Promise<Judged>;
}

/** Fills the ports of the gate with the configured forges, the cache and the clock. Nothing is asked yet. */
export async function openGate(context: CommandContext, flags: GateFlags): Promise<OpenGate> {
  const config = await context.config();
  const settings = gateSettings(flags, config.gate);
  const plugins = pluginsOf(config, context.log);
  const policy = await policyOf(settings, await appliedRules(settings.rules, plugins), flags);
  const { timeoutMs } = settings;
  const { recall, kept } = openGateCache(context, settings);
  const forks = await openForks(flags.repo ?? [], { context, config, plugins, timeoutMs, kept });
  const ports: GatePorts = { forks, now: Date.now, timeoutMs, recall };
  return { ports, policy, settings, ask: (push, tell) => ask({ context, forks, ports, policy, settings }, push, tell) };
}

interface Asking {
  readonly context: CommandContext;
  readonly forks: readonly OpenFork[];
  readonly ports: GatePorts;
  readonly policy: GatePolicy;
  readonly settings: GateConfig;
}

async function ask(asking: Asking, push: Push, tell: ((line: string) => void) | undefined): Promise<Judged> {
  const { context, ports, policy, settings } = asking;
  const { signal } = context;
  const reports = settings.setStatus && context.dryRun !== true && isJudgedByFacts(push);
  const report = async ({ verdict }: Judged) => {
    if (reports) await reportVerdict(asking.forks, push, verdict, { context, timeoutMs: settings.timeoutMs });
  };
  const judged = await waitForVerdict({
    waitMs: settings.waitMs,
    ask: (again) => judgePush(again ? { ...ports, recall: undefined } : ports, policy, push, signal),
    async tell(seen, nextMs) {
      tell?.(waitingLine(seen.verdict, nextMs));
      await report(seen);
    },
    now: () => performance.now(),
    sleep: async (ms) => void (await sleep(ms, undefined, { signal })),
  });
  await report(judged);
  return judged;
}

/** What `--branch` and `--sha` say is pushed; left out: the current branch and HEAD of the clone in the working directory. */
export async function pushOf(context: CommandContext, { branch, sha }: GateFlags): Promise<Push> {
  const name = branch ?? (await currentBranch(context));
  if (name === undefined) {
    throw new SluiceError('usage', 'gate: no branch is checked out here', {
      hint: 'Say what is pushed: --branch NAME.',
    });
  }
  const short = name.replace(/^refs\/heads\//, '');
  const ref = `refs/heads/${short}`;
  const problem = refNameProblem(ref);
  if (problem !== undefined) throw new SluiceError('usage', `--branch: the name ${JSON.stringify(name)} ${problem}`);
  const oid = sha !== undefined && isWhole(sha) ? sha.toLowerCase() : await commitOf(context, sha ?? 'HEAD');
  if (oid !== undefined) return { kind: 'branch', ref, branch: short, sha: oid };
  throw new SluiceError('usage', `gate: ${sha ?? 'HEAD'} is no commit of a clone in ${context.cwd}`, {
    hint: 'Give the full id of the pushed commit: --sha.',
  });
}

function isWhole(sha: string): boolean {
  return /^(?:[0-9a-f]{40}|[0-9a-f]{64})$/i.test(sha);
}

/** Judges the facts of a file (or of stdin, `-`), as `sluice gate --json` prints them, by the policy of flags and configuration. */
export async function simulateGate(context: CommandContext, path: string, flags: GateFlags): Promise<Judged> {
  const config = await context.config();
  const settings = gateSettings(flags, config.gate);
  const policy = await policyOf(settings, await appliedRules(settings.rules, pluginsOf(config, context.log)), flags);
  const decoded = decodeGateFacts(factsIn(await readJson(context, path)));
  if ('facts' in decoded) return { facts: decoded.facts, verdict: judge(decoded.facts, policy) };
  throw new SluiceError('usage', `${path} does not hold the facts of a gate`, {
    problems: decoded.problems.slice(0, 20),
    hint: 'sluice gate --json prints facts of the right form.',
  });
}

/** The whole document of `gate --json` is taken too. */
function factsIn(document: unknown): unknown {
  return typeof document === 'object' && document !== null && 'facts' in document ? document.facts : document;
}

async function readJson({ cwd, signal }: CommandContext, path: string): Promise<unknown> {
  const name = path === '-' ? 'stdin' : path;
  try {
    // Not /dev/stdin: it cannot be opened where it is a socket, as from a parent that is a Node.
    const stream = path === '-' ? process.stdin : createReadStream(resolve(cwd, path));
    return JSON.parse(await readWithin(addAbortSignal(signal, stream)));
  } catch (error) {
    signal.throwIfAborted();
    const words = error instanceof Error ? error.message : String(error);
    throw new SluiceError('usage', `${name} cannot be read as JSON: ${words}`, { cause: error });
  }
}

const largestBytes = 256 * 1024 * 1024;

async function readWithin(stream: Readable): Promise<string> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of stream as AsyncIterable<Buffer>) {
    size += chunk.length;
    if (size > largestBytes) throw new Error(`it is larger than ${largestBytes} bytes`);
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString('utf8');
}

/**
 * What went wrong while judging, as the sentence of an undetermined verdict. Thrown on: wrong usage, a wrong configuration, a bug, an
 * interruption; those have exit statuses of their own, none of which is a yes.
 */
export function undeterminedBy(thrown: unknown, signal: AbortSignal): string {
  const error = toSluiceError(thrown);
  if (signal.aborted || ['usage', 'config', 'internal', 'interrupted'].includes(error.code)) throw error;
  return error.hint === undefined ? error.message : `${error.message}. ${error.hint}`;
}
