import type { Check } from '../../model/check.ts';
import type { ForkFacts } from '../../model/gate-facts.ts';
import { type Oid, shortOid } from '../../model/ref.ts';
import type { Verdict } from '../../model/verdict.ts';
import { isKnown } from '../facts.ts';
import { sameRepo } from '../lookup.ts';
import type { GatePolicy, RequiredCheck } from '../policy.ts';
import { all, leaf, unlearned } from '../verdict.ts';

export type ChecksPolicy = Pick<GatePolicy, 'requiredChecks' | 'requiredApps' | 'passing' | 'ifAppMissing'>;

/** Checks and apps that must be green on the pushed commit. */
export function judgeChecks(
  fork: Pick<ForkFacts, 'fork' | 'repo' | 'apps' | 'checks'>,
  sha: Oid,
  policy: ChecksPolicy,
): Verdict {
  const { requiredChecks, requiredApps } = policy;
  if (requiredChecks.length === 0 && requiredApps.length === 0) {
    return leaf({ rule: 'checks', status: 'approved', sentence: 'no check was asked for' });
  }
  if (!isKnown(fork.checks)) return unlearned('checks', fork.checks.unknown);
  // The forge was asked for exactly these; what it says of another repository or commit is no answer.
  const own = fork.checks.known.filter((check) => check.sha === sha && sameRepo(check.repo, fork.repo));
  const scope = { own, sha, policy, blind: blindness(fork) };
  return all({ rule: 'checks', sentence: `everything that was asked for is green on ${shortOid(sha)}` }, [
    ...requiredChecks.map((required) => checkNode(required, scope)),
    ...requiredApps.map((app) => appNode(app, scope)),
  ]);
}

interface Scope {
  readonly own: readonly Check[];
  readonly sha: Oid;
  readonly policy: ChecksPolicy;
  /** Why no app can ever have reported; undefined: it can. */
  readonly blind: string | undefined;
}

function blindness({ fork, apps }: Pick<ForkFacts, 'fork' | 'apps'>): string | undefined {
  return apps === false ? `${fork} cannot tell which app reported a check (only GitHub can)` : undefined;
}

function checkNode({ name, apps }: RequiredCheck, { own, sha, policy, blind }: Scope): Verdict {
  const rule = 'check';
  const named = own.filter((check) => check.name === name);
  const counting = named.filter(({ app }) => apps === undefined || apps.some((slug) => sameApp(app, slug)));
  if (counting.length > 0) return eachGreen({ rule, sentence: `check ${name} is green` }, counting, policy);
  // Nothing to wait for.
  if (apps !== undefined && blind !== undefined) {
    const sentence = `${blind}: ask for check ${name} by its name alone, --required-check '${name}@*'`;
    return leaf({ rule, status: 'rejected', sentence });
  }
  const from = apps === undefined ? '' : ` by ${apps.join(' or ')}`;
  const others = named.length === 0 ? '' : `; what ${sources(named)} reported does not count`;
  const sentence = `check ${name} has not been reported${from} on ${shortOid(sha)}${others}`;
  return leaf({ rule, status: 'pending', sentence, url: named[0]?.url });
}

function appNode(app: string, { own, sha, policy, blind }: Scope): Verdict {
  const rule = 'app';
  const reported = own.filter((check) => sameApp(check.app, app));
  if (reported.length > 0) return eachGreen({ rule, sentence: `every check of ${app} is green` }, reported, policy);
  const sentence =
    blind === undefined
      ? `${app} has not reported on ${shortOid(sha)}`
      : `${blind}, so ${app} never has: ask for its checks by their names, --required-check 'NAME@*'`;
  if (policy.ifAppMissing === 'block') {
    return leaf({ rule, status: blind === undefined ? 'pending' : 'rejected', sentence });
  }
  return leaf({ rule, status: 'approved', sentence: `${sentence}, which is only a warning here`, warning: true });
}

/** Several apps may use one name: none of them is the one that may be red. */
function eachGreen(
  node: { readonly rule: string; readonly sentence: string },
  checks: readonly Check[],
  policy: ChecksPolicy,
): Verdict {
  const [first, ...more] = checks.map((check) => reportLeaf(node.rule, check, policy));
  return first !== undefined && more.length === 0
    ? first
    : all(
        node,
        checks.map((check) => reportLeaf('check', check, policy)),
      );
}

function reportLeaf(rule: string, check: Check, { passing }: ChecksPolicy): Verdict {
  const { state, url } = check;
  const name = `check ${check.name}${check.app === undefined ? '' : ` (${check.app})`}`;
  switch (state) {
    case 'success':
      return leaf({ rule, status: 'approved', sentence: `${name} is green`, url });
    case 'pending':
      return leaf({ rule, status: 'pending', sentence: `${name} has not ended`, url });
    case 'failure':
      return leaf({ rule, status: 'rejected', sentence: `${name} failed`, url });
    case 'neutral':
    case 'skipped': {
      if (passing.includes(state)) return leaf({ rule, status: 'approved', sentence: `${name} ended ${state}`, url });
      const sentence = `${name} ended ${state}, which does not count (--passing ${state} would let it)`;
      return leaf({ rule, status: 'rejected', sentence, url });
    }
  }
}

function sources(checks: readonly Check[]): string {
  return [...new Set(checks.map(({ app }) => app ?? 'somebody without an app'))].join(', ');
}

function sameApp(app: string | undefined, slug: string): boolean {
  return app?.toLowerCase() === slug.toLowerCase();
}
