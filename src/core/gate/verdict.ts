import type { UnknownFact } from '../model/gate-facts.ts';
import type { Verdict, VerdictStatus } from '../model/verdict.ts';
import { unknownSentence } from './facts.ts';

/** For "all must": a definite no stays one whatever else is unknown, and what is unknown outweighs what is only missing. */
const strictness: readonly VerdictStatus[] = ['rejected', 'undetermined', 'pending', 'approved'];

/** For "any is enough": one yes decides; without one, what is unknown could still have been it. */
const leniency: readonly VerdictStatus[] = ['approved', 'undetermined', 'pending', 'rejected'];

export interface Leaf {
  readonly rule: string;
  readonly status: VerdictStatus;
  readonly sentence: string;
  readonly url?: string | null | undefined;
  readonly warning?: boolean | undefined;
}

export function leaf({ rule, status, sentence, url, warning }: Leaf): Verdict {
  return { rule, status, sentence, url: url ?? null, ...(warning ? { warning } : {}), children: [] };
}

export function undetermined(rule: string, sentence: string, url?: string | null): Verdict {
  return leaf({ rule, status: 'undetermined', sentence, url });
}

/** A leaf that says which request failed and what to do. */
export function unlearned(rule: string, unknown: UnknownFact, url?: string | null): Verdict {
  return undetermined(rule, unknownSentence(unknown), url);
}

export interface Node {
  readonly rule: string;
  readonly subject?: string | undefined;
  /** For the case that it is approved; otherwise the child that decides speaks. */
  readonly sentence: string;
  readonly url?: string | null | undefined;
}

/** All children must be approved. No child at all is no yes. */
export function all(node: Node, children: readonly Verdict[]): Verdict {
  return combine(node, children, strictness);
}

/** One approved child is enough. */
export function any(node: Node, children: readonly Verdict[]): Verdict {
  return combine(node, children, leniency);
}

function combine(
  { rule, subject, sentence, url }: Node,
  children: readonly Verdict[],
  order: readonly VerdictStatus[],
): Verdict {
  const decisive = order.flatMap((status) => children.find((child) => child.status === status) ?? [])[0];
  if (decisive === undefined) return undetermined(rule, 'nothing was judged', url);
  const { status } = decisive;
  return {
    rule,
    ...(subject === undefined ? {} : { subject }),
    status,
    sentence: status === 'approved' ? sentence : decisive.sentence,
    url: url ?? null,
    children,
  };
}

/** Of the exit statuses that the gate gives for an answer. */
export function exitStatusOf(status: VerdictStatus): 0 | 1 | 2 {
  if (status === 'approved') return 0;
  return status === 'undetermined' ? 2 : 1;
}

/** Whether asking again could change it without anybody changing their mind. */
export function isFinal({ status }: Pick<Verdict, 'status'>): boolean {
  return status === 'approved' || status === 'rejected';
}

/**
 * What keeps it from being approved, that which decides first; nothing for an approved one. A node whose status no child shares ("1 of 2
 * approvals") speaks for itself.
 */
export function missing(verdict: Verdict): readonly Verdict[] {
  const { status, children } = verdict;
  if (status === 'approved') return [];
  if (children.every((child) => child.status !== status)) return [verdict];
  const [first, last] = [
    children.filter((child) => child.status === status),
    children.filter((child) => child.status !== status),
  ];
  return [...first, ...last].flatMap(missing);
}

/** Every node that passed and still deserves a look. */
export function warnings(verdict: Verdict): readonly Verdict[] {
  return [...(verdict.warning === true ? [verdict] : []), ...verdict.children.flatMap(warnings)];
}
