import type { Push } from '../model/gate-facts.ts';
import type { Verdict } from '../model/verdict.ts';
import { type JudgedRef, outcomeLines } from './message.ts';
import { type HookKind, parsePushes } from './stdin.ts';
import { all, leaf, undetermined } from './verdict.ts';

export interface HookPorts {
  /** Judges one ref, waiting included; `tell` takes what is missing meanwhile, one line at a time. */
  ask(push: Push, tell: (line: string) => void): Promise<Verdict>;
  /** One line to the person who pushes. */
  say(line: string): void;
  /** Undefined: nobody asked for an override. */
  readonly override: ((pushes: readonly Push[], verdict: Verdict) => Promise<Verdict>) | undefined;
}

export interface HookOutcome {
  readonly verdict: Verdict;
  /** In the order of git's lines. */
  readonly refs: readonly JudgedRef[];
}

const concurrency = 8;

/** Judges a whole push from what git wrote to the hook: every ref, and all of them must pass. */
export async function judgeHook(kind: HookKind, input: Uint8Array, ports: HookPorts): Promise<HookOutcome> {
  const parsed = parsePushes(kind, input);
  if ('problem' in parsed) return unread(`what git said of the push cannot be read: ${parsed.problem}`, ports);
  const { pushes } = parsed;
  if (pushes.length === 0) {
    // git calls pre-push also when there is nothing to push, but pre-receive never: somebody else has read our lines.
    if (kind === 'pre-receive') return unread('git named no ref; did another hook read its standard input?', ports);
    return { verdict: leaf({ rule: 'push', status: 'approved', sentence: 'nothing is pushed' }), refs: [] };
  }
  const refs = await judgeAll(pushes, ports);
  const sentence = pushes.length === 1 ? 'the ref may go upstream' : `all ${pushes.length} refs may go upstream`;
  const verdict = all(
    { rule: 'push', sentence },
    refs.map(({ verdict }) => verdict),
  );
  for (const line of outcomeLines(refs)) ports.say(line);
  if (verdict.status === 'approved' || ports.override === undefined) return { verdict, refs };
  const overridden = await ports.override(pushes, verdict);
  ports.say(
    overridden.status === 'approved' ? overridden.sentence : (overridden.children.at(-1) ?? overridden).sentence,
  );
  return { verdict: overridden, refs };
}

function unread(sentence: string, { say }: HookPorts): HookOutcome {
  say(`nothing of this push goes upstream: ${sentence}`);
  return { verdict: undetermined('push', sentence), refs: [] };
}

async function judgeAll(pushes: readonly Push[], ports: HookPorts): Promise<readonly JudgedRef[]> {
  const refs: JudgedRef[] = [];
  const queue = pushes.entries();
  const said = new Set<string>();
  async function work(): Promise<void> {
    // One iterator for all workers: each takes the next ref.
    for (const [at, push] of queue) {
      const verdict = await ports.ask(push, (line) => {
        const told = pushes.length === 1 ? line : `${push.branch}: ${line}`;
        if (!said.has(told)) ports.say(told);
        said.add(told);
      });
      refs[at] = { push, verdict };
    }
  }
  await Promise.all(Array.from({ length: Math.min(concurrency, pushes.length) }, work));
  return refs;
}
