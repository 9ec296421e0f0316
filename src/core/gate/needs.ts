import type { GatePolicy } from './policy.ts';

/** What the rules of a policy look at; nothing else is asked for. */
export interface GateNeeds {
  readonly reviews: boolean;
  readonly checks: boolean;
  readonly people: boolean;
  readonly teams: readonly string[];
  readonly codeOwners: boolean;
  /** Whether the pushed commit has all of the base branch. */
  readonly upToDate: boolean;
  /** Whether the pushed commit is an ancestor of the head. */
  readonly ancestry: boolean;
}

export function needsOf(policy: GatePolicy): GateNeeds {
  const plugins = policy.rules.flatMap(({ rule }) => rule.needs ?? []);
  const approvals = policy.minApprovals > 0 || policy.requiredTeams.length > 0 || policy.requireCodeOwners;
  return {
    // Also where no approval is wanted: "changes requested" is a no.
    reviews: true,
    checks: policy.requiredChecks.length > 0 || policy.requiredApps.length > 0 || plugins.includes('checks'),
    people: (approvals && !policy.allowSelfApproval) || plugins.includes('people'),
    teams: policy.requiredTeams,
    codeOwners: policy.requireCodeOwners,
    upToDate: policy.upToDate,
    ancestry: policy.allowAncestor,
  };
}
