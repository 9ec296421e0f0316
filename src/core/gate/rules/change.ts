import type { Change } from '../../model/change.ts';
import type { ChangeFacts, CommitPersonFact, Fact, ForkFacts, Push } from '../../model/gate-facts.ts';
import type { RuleFacts } from '../../model/gate-rule.ts';
import { type Oid, shortOid } from '../../model/ref.ts';
import type { Verdict } from '../../model/verdict.ts';
import { isKnown, known, notAsked } from '../facts.ts';
import type { GatePolicy } from '../policy.ts';
import { all, leaf, undetermined, unlearned } from '../verdict.ts';
import { judgeOpinions } from './approvals.ts';
import { judgeCodeOwners } from './code-owners.ts';
import { opinionsOf } from './opinions.ts';
import { judgeByPlugin } from './plugin.ts';

export interface ChangeScope {
  readonly push: Push;
  readonly sha: Oid;
  readonly fork: ForkFacts;
  readonly policy: GatePolicy;
}

/** Everything about one change request; all of it must hold. */
export function judgeChange(change: Change, scope: ChangeScope): Verdict {
  const facts = scope.fork.changes.find(({ number }) => number === change.number) ?? nothingAsked(change.number);
  const subject = nameOf(change, scope);
  const node = { rule: 'change', subject, sentence: `${subject} is approved`, url: change.url };
  return all(node, [
    stateLeaf(change, scope),
    headLeaf(change, facts, scope),
    ...baseLeaves(change, scope),
    ...upToDateLeaves(change, facts, scope),
    ...draftLeaves(change, scope),
    ...reviewNodes(change, facts, scope),
    ...scope.policy.rules.map((rule) => judgeByPlugin(rule, ruleFacts(change, facts, scope))),
  ]);
}

/** What the rules of plugins say where there is no change request and none is demanded. */
export function judgeWithoutChange(scope: ChangeScope): readonly Verdict[] {
  const facts = nothingAsked(0);
  return scope.policy.rules.map((rule) => judgeByPlugin(rule, ruleFacts(undefined, facts, scope)));
}

/** `int:security/app #7`. */
export function nameOf({ number }: Pick<Change, 'number'>, { fork }: Pick<ChangeScope, 'fork'>): string {
  return `${fork.fork} ${fork.words.sigil}${number}`;
}

function stateLeaf(change: Change, scope: ChangeScope): Verdict {
  const name = nameOf(change, scope);
  const { state, url } = change;
  if (state === 'open') return leaf({ rule: 'state', status: 'approved', sentence: `${name} is open`, url });
  const sentence = `${name} is ${state}, and only an open ${scope.fork.words.change} counts: reopen it, or open another`;
  return leaf({ rule: 'state', status: 'rejected', sentence, url });
}

function headLeaf(change: Change, { contains }: ChangeFacts, scope: ChangeScope): Verdict {
  const { sha, policy } = scope;
  const { head, base, url } = change;
  const rule = 'head';
  const name = nameOf(change, scope);
  const pushed = shortOid(sha);
  if (head.sha === undefined) {
    return undetermined(rule, `the forge does not give the whole id of the head of ${name}`, url);
  }
  if (head.sha === sha) {
    return leaf({ rule, status: 'approved', sentence: `${pushed} is the head of ${name} into ${base.branch}`, url });
  }
  const rejected = leaf({
    rule,
    status: 'rejected',
    sentence: `the head of ${name} is ${shortOid(head.sha)}, and ${pushed} is pushed: push that commit to ${head.branch} of ${scope.fork.fork} first, so that it can be reviewed`,
    url,
  });
  if (!policy.allowAncestor) return rejected;
  if (!isKnown(contains)) return unlearned(rule, contains.unknown, url);
  if (!contains.known) return rejected;
  return leaf({
    rule,
    status: 'approved',
    sentence: `${pushed} is an ancestor of the head of ${name} into ${base.branch}`,
    url,
  });
}

/** A base that upstream does not have hides from reviewers what it holds, and that goes upstream with the rest. */
function baseLeaves(change: Change, scope: ChangeScope): readonly Verdict[] {
  const { bases } = scope.policy;
  if (bases.length === 0) return [];
  const rule = 'base';
  const name = nameOf(change, scope);
  const { base, url } = change;
  if (bases.some(({ matches }) => matches(base.branch))) {
    return [leaf({ rule, status: 'approved', sentence: `${name} is into ${base.branch}`, url })];
  }
  const wanted = bases.map(({ glob }) => glob).join(' or ');
  const sentence = `${name} is into ${base.branch}, and only one into ${wanted} counts: change its base`;
  return [leaf({ rule, status: 'rejected', sentence, url })];
}

/** Reviewers see what is added to the place where the base was left: what was there, and was taken back since, would go upstream unseen. */
function upToDateLeaves(change: Change, { upToDate }: ChangeFacts, scope: ChangeScope): readonly Verdict[] {
  if (!scope.policy.upToDate) return [];
  const rule = 'up-to-date';
  const { base, url } = change;
  const pushed = shortOid(scope.sha);
  const fact = upToDate ?? notAsked(`find out whether ${pushed} has all of ${base.branch}`);
  if (!isKnown(fact)) return [unlearned(rule, fact.unknown, url)];
  if (fact.known) {
    return [leaf({ rule, status: 'approved', sentence: `${pushed} contains all of ${base.branch}`, url })];
  }
  const sentence = `${base.branch} has commits that ${pushed} does not have: bring the ${scope.fork.words.change} up to date and have it approved anew`;
  return [leaf({ rule, status: 'rejected', sentence, url })];
}

function draftLeaves(change: Change, scope: ChangeScope): readonly Verdict[] {
  if (!change.draft) return [];
  const name = nameOf(change, scope);
  const { url } = change;
  if (scope.policy.allowDraft)
    return [leaf({ rule: 'draft', status: 'approved', sentence: `${name} is a draft`, url })];
  return [leaf({ rule: 'draft', status: 'pending', sentence: `${name} is a draft: mark it as ready for review`, url })];
}

function reviewNodes(change: Change, facts: ChangeFacts, scope: ChangeScope): readonly Verdict[] {
  const { policy, fork, sha } = scope;
  if (!isKnown(facts.reviews)) return [unlearned('approvals', facts.reviews.unknown, change.url)];
  const opinions = opinionsOf(facts.reviews.known, {
    policy,
    commits: change.head.sha === undefined ? [sha] : [change.head.sha, sha],
    author: change.author,
    people: peopleOf(change, facts, scope),
  });
  const teams = policy.requiredTeams.map(
    (team) =>
      fork.teams.find((one) => one.team === team) ?? {
        team,
        members: notAsked<readonly string[]>(`list the members of ${team}`),
      },
  );
  const { url } = change;
  const verdicts = judgeOpinions(opinions, policy, { teams, url });
  if (!policy.requireCodeOwners) return verdicts;
  const owned = facts.codeOwners ?? notAsked('read the code owners');
  return [...verdicts, judgeCodeOwners(owned, { opinions, teams: fork.teams, url })];
}

/** Who wrote the pushed commit, and who wrote the head where that is another one. */
function peopleOf(
  { head }: Change,
  { people }: ChangeFacts,
  { fork, sha }: ChangeScope,
): readonly Fact<readonly CommitPersonFact[]>[] {
  return head.sha === sha ? [fork.people] : [fork.people, people];
}

function ruleFacts(change: Change | undefined, facts: ChangeFacts, scope: ChangeScope): RuleFacts {
  const { push, fork } = scope;
  const people = change === undefined ? [fork.people] : peopleOf(change, facts, scope);
  const unknown = people.find((fact) => !isKnown(fact));
  return {
    push,
    fork: fork.fork,
    repo: fork.repo,
    change,
    reviews: facts.reviews,
    checks: fork.checks,
    people: unknown ?? known(people.flatMap((fact) => (isKnown(fact) ? fact.known : []))),
  };
}

function nothingAsked(number: number): ChangeFacts {
  return {
    number,
    reviews: notAsked(`list the reviews of ${number}`),
    people: notAsked('read who wrote the head'),
    contains: notAsked('compare the pushed commit with the head'),
  };
}
