import type { Change } from './change.ts';
import type { Check } from './check.ts';
import type { CommitPersonFact, Fact, Push } from './gate-facts.ts';
import type { ReviewHistory } from './review.ts';
import type { Verdict } from './verdict.ts';

/** Facts that cost a request; the rest is always there. */
export type GateNeed = 'reviews' | 'checks' | 'people';

/** What a rule judges: one change request of one repository for one pushed commit. */
export interface RuleFacts {
  readonly push: Push;
  /** The internal repository as the user writes it, `int:security/app`, and its path on the forge. */
  readonly fork: string;
  readonly repo: string;
  /** Undefined: there is none, and the policy does not demand one. */
  readonly change: Change | undefined;
  /** Unknown unless the rule (or the policy) needs them. */
  readonly reviews: Fact<ReviewHistory>;
  /** Of the pushed commit on this repository. */
  readonly checks: Fact<readonly Check[]>;
  /** Author, committer and co-authors of the pushed commit and of the change request's head. */
  readonly people: Fact<readonly CommitPersonFact[]>;
}

/** What a rule answers; the gate adds the rule's name. */
export type RuleAnswer = Pick<Verdict, 'status' | 'sentence'> & Partial<Pick<Verdict, 'url' | 'warning' | 'children'>>;

/**
 * A rule of a plugin: data and one pure function, which neither asks anybody nor waits. It is applied where `gate.rules` of the
 * configuration names it, beside the built-in ones: it can refuse, but never make a yes of their no. One that throws, or answers with
 * something else, makes the verdict undetermined.
 */
export interface GateRule {
  /** Lower case, with digits and `-`. */
  readonly name: string;
  readonly needs?: readonly GateNeed[];
  /** `settings`: what stands under the rule's name in `gate.rules`. */
  judge(facts: RuleFacts, settings: unknown): RuleAnswer;
}

/** What the gate's own nodes are called in the verdict's tree; no rule of a plugin may stand for one of them. */
export const gateNodes = [
  'gate',
  'fork',
  'change',
  'state',
  'head',
  'base',
  'up-to-date',
  'draft',
  'approvals',
  'review',
  'changes-requested',
  'team',
  'code-owners',
  'code-owner',
  'checks',
  'check',
  'app',
  'ref',
  'tags',
  'deletions',
  'override',
] as const;
