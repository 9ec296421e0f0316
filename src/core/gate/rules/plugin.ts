import type { Fact, UnknownFact } from '../../model/gate-facts.ts';
import type { GateRule, RuleAnswer, RuleFacts } from '../../model/gate-rule.ts';
import type { Verdict } from '../../model/verdict.ts';
import { isKnown } from '../facts.ts';
import type { AppliedRule } from '../policy.ts';
import { leaf, undetermined, unlearned } from '../verdict.ts';

const deepest = 8;

/** What a plugin's rule says; one that throws or answers with something else is no yes and no no. */
export function judgeByPlugin({ rule, settings }: AppliedRule, facts: RuleFacts): Verdict {
  const { name } = rule;
  const url = facts.change?.url;
  try {
    // Its own copy: a rule that changes its facts must not change those of the others.
    const answer = plain(rule.judge(structuredClone(facts), structuredClone(settings)));
    const problem = answerProblem(answer);
    if (problem !== undefined) return undetermined(name, `the rule ${name} of a plugin ${problem}`, url);
    const { status, sentence, url: own, warning, children = [] } = answer as RuleAnswer;
    const unknown = status === 'approved' ? unknownNeed(rule, facts) : undefined;
    if (unknown !== undefined) return unlearned(name, unknown, url);
    return { ...leaf({ rule: name, status, sentence, url: own ?? url, warning }), children: children.map(toNode) };
  } catch (error) {
    const words = error instanceof Error ? error.message : String(error);
    return undetermined(name, `the rule ${name} of a plugin failed: ${words}. Its author has to repair it.`, url);
  }
}

/** Read once: what checks the answer and what uses it see the same. A promise stays one, and says nothing when it is rejected later. */
function plain(answer: unknown): unknown {
  if (!(answer instanceof Promise)) return structuredClone(answer);
  answer.catch(() => {});
  return answer;
}

/** What the rule says that it needs has to be known for a yes. Where there is no change request there are no reviews either. */
function unknownNeed({ needs = [] }: GateRule, facts: RuleFacts): UnknownFact | undefined {
  for (const need of needs) {
    if (need === 'reviews' && facts.change === undefined) continue;
    const fact: Fact<unknown> = facts[need];
    if (!isKnown(fact)) return fact.unknown;
  }
  return undefined;
}

/** Only what belongs to a verdict: it is printed as JSON. */
function toNode({ rule, subject, status, sentence, url, warning, children }: Verdict): Verdict {
  return {
    ...leaf({ rule, status, sentence, url, warning }),
    ...(typeof subject === 'string' ? { subject } : {}),
    children: children.map(toNode),
  };
}

const statuses: readonly unknown[] = ['approved', 'rejected', 'pending', 'undetermined'];

function answerProblem(answer: unknown): string | undefined {
  if (!isRecord(answer)) return `answered with ${answer === null ? 'null' : typeof answer}`;
  if ('then' in answer) return 'answered with a promise, and a rule must not wait';
  return nodeProblem(answer) ?? childrenProblem(answer, 0);
}

function nodeProblem({ status, sentence, url, warning }: Readonly<Record<string, unknown>>): string | undefined {
  if (!statuses.includes(status)) return 'answered with a status that is none';
  if (typeof sentence !== 'string' || sentence === '') return 'answered without a sentence';
  if (url !== undefined && url !== null && typeof url !== 'string') return 'answered with a url that is no text';
  const flag = warning === undefined || typeof warning === 'boolean';
  return flag ? undefined : 'answered with a warning that is neither true nor false';
}

/** Children are whole verdicts: they also name their rule and list their children. */
function childrenProblem({ children }: Readonly<Record<string, unknown>>, depth: number): string | undefined {
  if (children === undefined && depth === 0) return undefined;
  if (!Array.isArray(children) || depth > deepest) return 'answered with children that are no list, or too deep';
  for (const child of children as readonly unknown[]) {
    if (!isRecord(child) || typeof child.rule !== 'string') return 'answered with a child that names no rule';
    const problem = nodeProblem(child) ?? childrenProblem(child, depth + 1);
    if (problem !== undefined) return problem;
  }
  return undefined;
}

function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null;
}
