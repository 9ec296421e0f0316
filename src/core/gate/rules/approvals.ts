import type { Account } from '../../model/account.ts';
import { sameLogin } from '../../model/account.ts';
import type { TeamFacts } from '../../model/gate-facts.ts';
import type { Verdict, VerdictStatus } from '../../model/verdict.ts';
import { isKnown } from '../facts.ts';
import type { GatePolicy } from '../policy.ts';
import { leaf, unlearned } from '../verdict.ts';
import type { Opinion } from './opinions.ts';
import { personName } from './person-name.ts';

/** What the rules about people say: refusals, the number of approvals, teams. All of them must hold. */
export function judgeOpinions(
  opinions: readonly Opinion[],
  policy: Pick<GatePolicy, 'minApprovals'>,
  { teams, url }: { readonly teams: readonly TeamFacts[]; readonly url: string },
): readonly Verdict[] {
  const vetoes = opinions.filter(({ kind }) => kind === 'veto');
  return [
    ...vetoes.map(({ by }) =>
      leaf({
        rule: 'changes-requested',
        status: 'rejected',
        sentence: `${personName(by)} requested changes; they must approve, or their review must be dismissed`,
        url,
      }),
    ),
    countNode(opinions, policy.minApprovals, url),
    ...teams.map((team) => teamLeaf(opinions, team, url)),
  ];
}

function countNode(opinions: readonly Opinion[], wanted: number, url: string): Verdict {
  const counting = opinions.filter(({ kind }) => kind === 'counts').length;
  const possible = counting + opinions.filter(({ kind }) => kind === 'uncertain').length;
  const missing = wanted - counting;
  const status: VerdictStatus = missing <= 0 ? 'approved' : possible >= wanted ? 'undetermined' : 'pending';
  const more = `${missing} more ${missing === 1 ? 'approval is' : 'approvals are'} needed`;
  const doubt = opinions.find((one) => one.kind === 'uncertain');
  const sentences: Readonly<Record<VerdictStatus, string>> = {
    approved: wanted === 0 ? 'no approval was asked for' : `${counting} of ${wanted} approvals`,
    pending: `${counting} of ${wanted} approvals: ${more}, from somebody who did not write it${uncounted(opinions)}`,
    undetermined: `${counting} of ${wanted} approvals are certain: ${personName(doubt?.by)} ${doubt?.why}`,
    rejected: '',
  };
  // Refusals have nodes of their own.
  const children = opinions.flatMap((one) => (one.kind === 'veto' ? [] : [opinionLeaf(one, url)]));
  return { rule: 'approvals', status, sentence: sentences[status], url, children };
}

const mostUncounted = 3;

/** Why approvals that a person sees on the page are none. */
function uncounted(opinions: readonly Opinion[]): string {
  const reasons = opinions.flatMap((one) => (one.kind === 'ignored' && one.approved ? [doesNotCount(one)] : []));
  const more = reasons.length - mostUncounted;
  const shown = more > 0 ? [...reasons.slice(0, mostUncounted), `and ${more} more`] : reasons;
  return shown.map((reason) => `; ${reason}`).join('');
}

function doesNotCount({ by, why }: { readonly by: Account | undefined; readonly why: string }): string {
  return `${personName(by)} does not count: ${why}`;
}

function opinionLeaf(opinion: Exclude<Opinion, { readonly kind: 'veto' }>, url: string): Verdict {
  const name = personName(opinion.by);
  switch (opinion.kind) {
    case 'counts':
      return leaf({ rule: 'review', status: 'approved', sentence: `${name} approved`, url });
    case 'uncertain':
      return leaf({ rule: 'review', status: 'undetermined', sentence: `${name} ${opinion.why}`, url });
    case 'ignored':
      return leaf({ rule: 'review', status: 'rejected', sentence: doesNotCount(opinion), url });
  }
}

function teamLeaf(opinions: readonly Opinion[], { team, members }: TeamFacts, url: string): Verdict {
  const rule = 'team';
  const possible = opinions.filter((one) => one.kind === 'counts' || one.kind === 'uncertain');
  const pending = leaf({ rule, status: 'pending', sentence: `an approval from a member of ${team} is needed`, url });
  // Whoever belongs to the team, nobody has approved.
  if (possible.length === 0) return pending;
  if (!isKnown(members)) return unlearned(rule, members.unknown, url);
  const inTeam = possible.filter(({ by }) => by !== undefined && members.known.some((one) => sameLogin(one, by.login)));
  const member = inTeam.find(({ kind }) => kind === 'counts') ?? inTeam[0];
  if (member === undefined) return pending;
  const name = personName(member.by);
  if (member.kind === 'counts') return leaf({ rule, status: 'approved', sentence: `${name} of ${team} approved`, url });
  return leaf({
    rule,
    status: 'undetermined',
    sentence: `whether the approval of ${name} of ${team} counts is not known`,
    url,
  });
}
