import type { GateFacts, Push } from '../model/gate-facts.ts';
import type { Verdict } from '../model/verdict.ts';
import { gatherFacts } from './gather.ts';
import { judge } from './judge.ts';
import type { GatePolicy } from './policy.ts';
import type { GatePorts } from './ports.ts';

/** A verdict and what it was made of, so that it can be judged again (`sluice gate simulate`). */
export interface Judged {
  readonly facts: GateFacts;
  readonly verdict: Verdict;
}

/** Whether one ref may go upstream, asked now. */
export async function judgePush(
  ports: GatePorts,
  policy: GatePolicy,
  push: Push,
  signal: AbortSignal,
): Promise<Judged> {
  const facts = await gatherFacts(ports, policy, push, signal);
  return { facts, verdict: judge(facts, policy) };
}
