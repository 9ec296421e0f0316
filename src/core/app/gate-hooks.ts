import type { Readable } from 'node:stream';
import { SluiceError } from '../errors.ts';
import { judgeHook } from '../gate/hook.ts';
import { prefixed } from '../gate/message.ts';
import type { HookKind } from '../gate/stdin.ts';
import { exitStatusOf, undetermined } from '../gate/verdict.ts';
import type { Push } from '../model/gate-facts.ts';
import type { Verdict } from '../model/verdict.ts';
import type { CommandContext, CommandOutcome } from '../plugins/command.ts';
import { redact } from '../secret.ts';
import { undeterminedBy } from './gate.ts';
import { applyOverride, type OverrideSettings } from './gate-override.ts';

/** What a hook needs of an opened gate. */
export interface HookGate {
  readonly settings: { readonly override?: OverrideSettings };
  ask(push: Push, tell: (line: string) => void): Promise<{ readonly verdict: Verdict }>;
}

export interface HookStreams {
  readonly stdin: Readable & { readonly isTTY?: boolean };
  readonly stderr: { write(text: string): unknown };
}

export interface HookFlags {
  /** The reason of `--override`. */
  readonly override?: string | undefined;
}

/** `sluice gate --pre-push REMOTE URL`: what is pushed comes from git's stdin; whither changes nothing of the judgement. */
export async function runPrePush(
  context: CommandContext,
  gate: HookGate,
  { override }: HookFlags & { readonly remote?: string | undefined; readonly url?: string | undefined },
  streams: HookStreams = process,
): Promise<CommandOutcome> {
  return await runHook('pre-push', context, gate, override, streams);
}

/** `sluice gate --pre-receive`; the reason of an override may also be a push option: `git push -o sluice.override=REASON`. */
export async function runPreReceive(
  context: CommandContext,
  gate: HookGate,
  { override }: HookFlags,
  streams: HookStreams = process,
): Promise<CommandOutcome> {
  return await runHook('pre-receive', context, gate, override ?? pushedReason(context.env), streams);
}

async function runHook(
  kind: HookKind,
  context: CommandContext,
  gate: HookGate,
  reason: string | undefined,
  { stdin, stderr }: HookStreams,
): Promise<CommandOutcome> {
  if (stdin.isTTY === true) {
    throw new SluiceError('usage', `--${kind} is for git, which writes what is pushed to its standard input`, {
      hint: `sluice gate install --${kind} writes the hook; without it, sluice gate judges the current branch.`,
    });
  }
  const input = await readAll(stdin, context.signal);
  const { verdict, refs } = await judgeHook(kind, input, {
    ask: (push, tell) => askSafely(gate, push, tell, context.signal),
    say: (line) => void stderr.write(redact(prefixed(line))),
    override:
      reason === undefined || context.dryRun === true
        ? undefined
        : (pushes, verdict) => applyOverride(context, gate.settings.override, { reason, pushes, verdict }),
  });
  if (refs.length === 0) context.log.debug(`${kind}: ${verdict.sentence}`);
  return { exit: exitStatusOf(verdict.status), json: { command: 'gate', hook: kind, verdict, refs } };
}

/** What is thrown for one ref must not hide what is known of the others. */
async function askSafely(
  gate: HookGate,
  push: Push,
  tell: (line: string) => void,
  signal: AbortSignal,
): Promise<Verdict> {
  try {
    return (await gate.ask(push, tell)).verdict;
  } catch (thrown) {
    return undetermined('gate', undeterminedBy(thrown, signal));
  }
}

// A push of every ref of a repository with a million of them is below this.
const largestBytes = 256 * 1024 * 1024;

async function readAll(stdin: Readable, signal: AbortSignal): Promise<Uint8Array> {
  const chunks: Buffer[] = [];
  let size = 0;
  const end = () => void stdin.destroy();
  signal.addEventListener('abort', end, { once: true });
  try {
    for await (const chunk of stdin as AsyncIterable<Buffer | string>) {
      const bytes = Buffer.from(chunk);
      size += bytes.length;
      if (size > largestBytes) throw new SluiceError('usage', 'more refs are pushed at once than sluice judges');
      chunks.push(bytes);
    }
  } finally {
    signal.removeEventListener('abort', end);
  }
  signal.throwIfAborted();
  return Buffer.concat(chunks);
}

/** githooks(5), pre-receive: GIT_PUSH_OPTION_COUNT and GIT_PUSH_OPTION_<n>. */
function pushedReason(env: CommandContext['env']): string | undefined {
  const count = Number.parseInt(env.GIT_PUSH_OPTION_COUNT ?? '0', 10) || 0;
  for (let at = 0; at < Math.min(count, 100); at += 1) {
    const option = env[`GIT_PUSH_OPTION_${at}`] ?? '';
    if (option.startsWith('sluice.override=')) return option.slice('sluice.override='.length);
  }
  return undefined;
}
