import type { GateRule } from '../model/gate-rule.ts';
import type { BranchGlob } from './globs.ts';

/** How a change request is found for a pushed branch. Templates know `{branch}`, `{sha}` and `{date}` (UTC, 2026-11-21). */
export type Lookup =
  | { readonly kind: 'branch' }
  | { readonly kind: 'commit' }
  | { readonly kind: 'label'; readonly template: string };

/** A check that must be green. */
export interface RequiredCheck {
  readonly name: string;
  /** Slugs of the apps from which it counts; undefined: from anybody. */
  readonly apps: readonly string[] | undefined;
}

/** What a push must fulfil. */
export interface GatePolicy {
  /** With several repositories: must all say yes, or any. */
  readonly forks: 'all' | 'any';
  /** Tried in order. */
  readonly lookup: readonly Lookup[];
  /** Glob over the pushed branch → template of the change request's branch; the first that matches counts. */
  readonly map: readonly Mapping[];
  /** One of them has to match the base branch of the change request; none: any may be it. */
  readonly bases: readonly BranchGlob[];
  readonly minApprovals: number;
  readonly requiredChecks: readonly RequiredCheck[];
  readonly requiredApps: readonly string[];
  /** At least one approval must be from a member of each. */
  readonly requiredTeams: readonly string[];
  /** Every part of what is pushed that has owners must be approved by them. */
  readonly requireCodeOwners: boolean;
  /** What is pushed must have all of the base branch in its history. */
  readonly upToDate: boolean;
  readonly allowStaleApprovals: boolean;
  readonly allowSelfApproval: boolean;
  readonly allowDraft: boolean;
  /** Logins of bots whose reviews count. */
  readonly allowBots: readonly string[];
  /** States beside success that let a check pass. */
  readonly passing: readonly ('neutral' | 'skipped')[];
  /** The pushed commit may be an ancestor of the change request's head. */
  readonly allowAncestor: boolean;
  readonly ifNoPr: 'block' | 'allow';
  readonly ifAppMissing: 'block' | 'warn';
  readonly deletions: 'block' | 'allow';
  readonly tags: 'block' | 'allow';
  readonly rules: readonly AppliedRule[];
}

/** Which branch the change request has for a pushed one that matches. */
export interface Mapping extends BranchGlob {
  readonly template: string;
}

/** A plugin's rule with its settings from the configuration. */
export interface AppliedRule {
  readonly rule: GateRule;
  readonly settings: unknown;
}
