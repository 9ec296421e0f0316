import { notAsked } from '../../../src/core/gate/facts.ts';
import type { GatePolicy } from '../../../src/core/gate/policy.ts';
import type { Change } from '../../../src/core/model/change.ts';
import type { Check } from '../../../src/core/model/check.ts';
import type {
  ChangeFacts,
  CommitPersonFact,
  Fact,
  ForkFacts,
  GateFacts,
  LookupFacts,
  Push,
} from '../../../src/core/model/gate-facts.ts';
import type { Review } from '../../../src/core/model/review.ts';
import type { Verdict } from '../../../src/core/model/verdict.ts';

export const head = 'a'.repeat(40);
export const old = 'b'.repeat(40);
export const other = 'c'.repeat(40);
export const repo = 'acme/app';

export const push: Push = { kind: 'branch', ref: 'refs/heads/fix', branch: 'fix', sha: head };

export const policy: GatePolicy = {
  forks: 'all',
  lookup: [{ kind: 'branch' }],
  map: [],
  bases: [],
  minApprovals: 1,
  requiredChecks: [],
  requiredApps: [],
  requiredTeams: [],
  requireCodeOwners: false,
  upToDate: false,
  allowStaleApprovals: false,
  allowSelfApproval: false,
  allowDraft: false,
  allowBots: [],
  passing: [],
  allowAncestor: false,
  ifNoPr: 'block',
  ifAppMissing: 'block',
  deletions: 'block',
  tags: 'block',
  rules: [],
};

export function known<T>(value: T): Fact<T> {
  return { known: value };
}

export function unknown<T>(problem = 'the server is on fire'): Fact<T> {
  return { unknown: { request: 'ask', problem, hint: null, retryAfterMs: null } };
}

export function change(
  more: Partial<Change> & { readonly sha?: string | undefined; readonly from?: string } = {},
): Change {
  const { sha = head, from = repo, ...rest } = more;
  return {
    number: 7,
    title: 'Fix',
    state: 'open',
    draft: false,
    author: 'ann',
    url: `https://forge.test/${rest.number ?? 7}`,
    head: { repo: from, branch: 'fix', sha: 'sha' in more ? more.sha : sha },
    base: { repo, branch: 'main', sha: old },
    internal: from === repo,
    ...rest,
  };
}

export function review(login: string | undefined, state: Review['state'], more: Partial<Review> = {}): Review {
  return { by: login === undefined ? undefined : { login, bot: false }, state, commit: head, at: undefined, ...more };
}

export function check(name: string, state: Check['state'], more: Partial<Check> = {}): Check {
  return { name, state, app: undefined, repo, sha: head, url: `https://ci.test/${name}`, ...more };
}

export const writtenByAnn: Fact<readonly CommitPersonFact[]> = known([
  { account: { login: 'ann', bot: false }, name: 'Ann', email: 'ann@x.test' },
]);

export function changeFacts(number: number, reviews: readonly Review[], more: Partial<ChangeFacts> = {}): ChangeFacts {
  return {
    number,
    reviews: known({ reviews, resetOnPush: undefined }),
    people: notAsked('people'),
    contains: notAsked('contains'),
    ...more,
  };
}

export function lookup(found: readonly Change[], by = 'by branch fix'): LookupFacts {
  return { by, found: known(found) };
}

export function fork(more: Partial<ForkFacts> = {}): ForkFacts {
  return {
    fork: 'int:acme/app',
    repo,
    words: { change: 'pull request', sigil: '#' },
    lookups: [lookup([change()])],
    changes: [changeFacts(7, [review('bob', 'approved')])],
    checks: notAsked('checks'),
    people: writtenByAnn,
    teams: [],
    ...more,
  };
}

export function facts(more: Partial<ForkFacts> = {}): GateFacts {
  return { version: 1, push, forks: [fork(more)] };
}

/** Every node of the tree, root first. */
export function nodes(verdict: Verdict): readonly Verdict[] {
  return [verdict, ...verdict.children.flatMap(nodes)];
}
