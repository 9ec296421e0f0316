import type { Change } from '../model/change.ts';
import type { ForkFacts, GateFacts, Push } from '../model/gate-facts.ts';
import { type Oid, shortOid } from '../model/ref.ts';
import type { Verdict } from '../model/verdict.ts';
import { isKnown } from './facts.ts';
import { type Choice, chooseChanges, isOwn, sameRepo } from './lookup.ts';
import type { GatePolicy } from './policy.ts';
import { type ChangeScope, judgeChange, judgeWithoutChange, nameOf } from './rules/change.ts';
import { judgeChecks } from './rules/checks.ts';
import { all, any, leaf, undetermined, unlearned } from './verdict.ts';

/** Whether the push may go upstream (pure). Approved only where every rule is fulfilled by facts that are known. */
export function judge(facts: GateFacts, policy: GatePolicy): Verdict {
  const { push } = facts;
  const refused = judgeKind(push, policy);
  if (refused !== undefined) return refused;
  const combine = policy.forks === 'any' ? any : all;
  const at = push.sha === null ? '' : ` at ${shortOid(push.sha)}`;
  const node = { rule: 'gate', sentence: `${push.branch}${at} may go upstream` };
  const own = policyOfEach(facts, policy);
  return combine(
    node,
    facts.forks.map((fork) => judgeFork(fork, push, own)),
  );
}

/**
 * Where any fork is enough and none needs a change request, a fork without one would outvote the one that has it, whatever is said there.
 * So its absence is only allowed when it is absent everywhere.
 */
function policyOfEach({ forks, push: { sha } }: GateFacts, policy: GatePolicy): GatePolicy {
  if (policy.forks !== 'any' || policy.ifNoPr !== 'allow' || sha === null) return policy;
  const isAbsent = (fork: ForkFacts): boolean => {
    const choice = choiceOf(fork, sha, policy);
    return choice.kind === 'none' && doubtOfAbsence(choice.others, fork, policy) === undefined;
  };
  return forks.every(isAbsent) ? policy : { ...policy, ifNoPr: 'block' };
}

/** Whether facts of a forge matter at all: tags, deletions and other refs are judged by what the policy says of all of them. */
export function isJudgedByFacts({ kind, sha }: Push): boolean {
  return kind === 'branch' && sha !== null;
}

function judgeKind(push: Push, policy: Pick<GatePolicy, 'deletions' | 'tags'>): Verdict | undefined {
  if (isJudgedByFacts(push)) return undefined;
  if (push.kind === 'other') {
    const sentence = `${push.ref} is neither a branch nor a tag, and nothing else may go upstream`;
    return all({ rule: 'gate', sentence }, [leaf({ rule: 'ref', status: 'rejected', sentence })]);
  }
  const what = push.kind === 'tag' ? `tag ${push.branch}` : push.branch;
  const children = [
    ...(push.sha === null ? [allowance('deletions', policy.deletions, `${what} is to be deleted`)] : []),
    ...(push.kind === 'tag' ? [allowance('tags', policy.tags, `${push.branch} is a tag`)] : []),
  ];
  return all({ rule: 'gate', sentence: `${what} may go upstream` }, children);
}

function allowance(rule: 'deletions' | 'tags', allowed: 'block' | 'allow', what: string): Verdict {
  if (allowed === 'allow') return leaf({ rule, status: 'approved', sentence: `${what}, which is allowed` });
  return leaf({
    rule,
    status: 'rejected',
    sentence: `${what}, which this gate refuses (--${rule} allow would let it)`,
  });
}

function judgeFork(fork: ForkFacts, push: Push, policy: GatePolicy): Verdict {
  const { sha } = push;
  const node = { rule: 'fork', subject: fork.fork, sentence: `${fork.fork} says yes` };
  if (sha === null) return all(node, []);
  const scope: ChangeScope = { push, sha, fork, policy };
  return all(node, [...judgeChanges(scope), judgeChecks(fork, sha, policy)]);
}

function choiceOf(fork: ForkFacts, sha: Oid, { allowAncestor }: Pick<GatePolicy, 'allowAncestor'>): Choice {
  const contains = (change: Change): boolean | undefined => {
    const fact = fork.changes.find(({ number }) => number === change.number)?.contains;
    return fact !== undefined && isKnown(fact) ? fact.known : undefined;
  };
  return chooseChanges(fork.lookups, { repo: fork.repo, sha, contains: allowAncestor ? contains : undefined });
}

function judgeChanges(scope: ChangeScope): readonly Verdict[] {
  const { fork, sha, policy } = scope;
  const choice = choiceOf(fork, sha, policy);
  switch (choice.kind) {
    case 'found':
      return choice.changes.map((change) => judgeChange(change, scope));
    case 'unknown':
      return [unlearned('change', choice.unknown)];
    case 'none':
      return [noChange(choice.others, scope), ...allowedWithout(scope)];
  }
}

function allowedWithout(scope: ChangeScope): readonly Verdict[] {
  return scope.policy.ifNoPr === 'allow' ? judgeWithoutChange(scope) : [];
}

/** Why the absence of a change request is not known although none was found; undefined: there is none. */
function doubtOfAbsence(others: readonly Change[], fork: ForkFacts, { lookup }: GatePolicy): Verdict | undefined {
  // Gathering ends early only when it has found one: what was not sought is not absent.
  if (fork.lookups.length < lookup.length) {
    return undetermined('change', `not every lookup of the policy was made in ${fork.fork}`);
  }
  // A forge also answers for a former name of a repository, and then gives the present one.
  const moved = others.find(
    ({ head, base }) => sameRepo(head.repo, base.repo ?? '') && !sameRepo(head.repo, fork.repo),
  );
  if (moved === undefined) return undefined;
  const sentence = `${nameOf(moved, { fork })} is in ${moved.head.repo}, which may be the present name of ${fork.repo}: ask for it by that name`;
  return undetermined('change', sentence, moved.url);
}

function noChange(others: readonly Change[], { fork, sha, policy }: ChangeScope): Verdict {
  const doubt = doubtOfAbsence(others, fork, policy);
  if (doubt !== undefined) return doubt;
  const sought = fork.lookups.map(({ by }) => by).join(', ');
  const none = `${fork.fork} has no ${fork.words.change} for ${shortOid(sha)} (sought ${sought})`;
  if (policy.ifNoPr === 'allow') {
    return leaf({ rule: 'change', status: 'approved', sentence: `${none}, which is allowed`, warning: true });
  }
  const stranger = others.find((one) => !isOwn(one, fork.repo) && one.state === 'open');
  const hint =
    stranger === undefined
      ? `push the commit to ${fork.fork} and open one`
      : `${nameOf(stranger, { fork })} does not count, because its head is in ${stranger.head.repo ?? 'a repository that is gone'}`;
  return leaf({ rule: 'change', status: 'rejected', sentence: `${none}: ${hint}`, url: stranger?.url });
}
