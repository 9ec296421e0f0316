import type { GateConfig } from '../config/config.ts';
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

/** What of the configuration is in another form here, or is about how it runs. */
type Elsewhere =
  | 'repos'
  | 'lookup'
  | 'map'
  | 'bases'
  | 'requiredChecks'
  | 'rules'
  | 'waitMs'
  | 'cacheTtlMs'
  | 'timeoutMs'
  | 'setStatus'
  | 'override';

/** What a push must fulfil. */
export interface GatePolicy extends Omit<GateConfig, Elsewhere> {
  /** Tried in order. */
  readonly lookup: readonly Lookup[];
  /** Glob over the pushed branch → template of the change request's branch; the first that matches counts. */
  readonly map: readonly Mapping[];
  /** One of them has to match the base branch of the change request; none: any may be it. */
  readonly bases: readonly BranchGlob[];
  readonly requiredChecks: readonly RequiredCheck[];
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
