import { sameLogin } from '../model/account.ts';
import { isExactPath } from '../model/exact-path.ts';
import { type Oid, shortOid } from '../model/ref.ts';
import type { CommentFact, Given, LabelFact, ReviewFact, TrustFacts } from './facts.ts';
import type { TrustPolicy } from './policy.ts';

/** For exactly the commit `TrustFacts.head`; a new head needs a new verdict. */
export type TrustVerdict =
  /** `why`: one clause, for example `octocat approved 1234567890`. */
  | { readonly trusted: true; readonly why: string }
  /** `missing`: one sentence that says who must do what; fit for a commit status. */
  | { readonly trusted: false; readonly missing: string };

export interface TrustRules {
  /** Any one is enough. None: nobody is trusted. */
  readonly policies: readonly TrustPolicy[];
  /** Paths that demand a writer's review whoever the author is, unless the change request is internal. Undefined: no path is guarded. */
  readonly guarded?: ((path: string) => boolean) | undefined;
}

/**
 * Whether code of this change request may run, or reach a CI that has secrets. Pure; where a fact is unknown the answer is "not trusted".
 */
export function judgeTrust(facts: TrustFacts, { policies, guarded }: TrustRules): TrustVerdict {
  const { head } = facts;
  if (head === undefined) return { trusted: false, missing: 'the commit of its head is not known' };
  const reasons = policies.flatMap((policy) => reasonFor(policy, facts, head) ?? []);
  const [why] = reasons;
  if (why === undefined) return { trusted: false, missing: missingFor(policies, head) };
  // Who can push to the repository itself could change the guarded files there as well.
  const exempt = policies.some(({ kind }) => kind === 'internal') && facts.internal === true;
  if (guarded === undefined || exempt) return { trusted: true, why };
  const review = approvalBy(facts, head);
  if (review !== undefined) return { trusted: true, why: review };
  const path =
    facts.changedPaths === undefined ? undefined : facts.changedPaths.find((one) => guarded(one) || !isExactPath(one));
  if (facts.changedPaths !== undefined && path === undefined) return { trusted: true, why };
  const what = path === undefined ? 'its changed files are not known' : `it changes ${path}`;
  return { trusted: false, missing: `a person with write access must approve ${shortOid(head)}: ${what}` };
}

function reasonFor(policy: TrustPolicy, facts: TrustFacts, head: Oid): string | undefined {
  const { author } = facts;
  switch (policy.kind) {
    case 'internal':
      return facts.internal === true ? 'its head is in the same repository' : undefined;
    case 'association':
      return author?.association === policy.association ? `${author.login} is ${policy.association}` : undefined;
    case 'login':
      return author !== undefined && sameLogin(author.login, policy.login) ? `${author.login} is listed` : undefined;
    case 'label': {
      const label = facts.labels?.find((one) => one.name === policy.label && isForHead(one, facts, head));
      return label && `${label.by?.login} put on "${label.name}"`;
    }
    case 'review':
      return approvalBy(facts, head);
    case 'comment': {
      const comment = facts.comments?.find((one) => commands(one, policy.command, facts, head));
      return comment && `${comment.by?.login} wrote ${policy.command}`;
    }
  }
}

/** A writer's approval of exactly this commit, unless that person has taken it back since. */
function approvalBy({ reviews, author }: TrustFacts, head: Oid): string | undefined {
  if (reviews === undefined || author === undefined) return undefined;
  const latest = new Map<string, ReviewFact>();
  for (const review of reviews) {
    // A remark decides nothing, and does not take back what was decided before (as on the forges themselves).
    if (review.state === 'commented' || review.by === undefined) continue;
    latest.set(review.by.login.toLowerCase(), review);
  }
  for (const { by, state, commit } of latest.values()) {
    if (state !== 'approved' || by?.canWrite !== true || commit !== head) continue;
    if (!sameLogin(by.login, author.login)) return `${by.login} approved ${shortOid(head)}`;
  }
  return undefined;
}

/** By a writer, and for this head: on it by the forge's own record, else after it came (not at the same second: that could be either). */
function isForHead(given: LabelFact | CommentFact, { headSince }: TrustFacts, head: Oid): boolean {
  if (given.by?.canWrite !== true) return false;
  if (given.commit !== undefined) return given.commit === head;
  return isAfter(given, headSince);
}

function isAfter({ at }: Given, headSince: number | undefined): boolean {
  return at !== undefined && headSince !== undefined && at > headSince;
}

/**
 * `/ok-to-test` on a line of its own, so that a quoted one does not count. With a commit beside it, it is for that one and no other: the
 * sure form, because a new head may be pushed while the comment is being written. Only a full object id counts at any time: who makes
 * a commit can make one that begins like another (ten digits take a graphics card minutes).
 */
function commands(comment: CommentFact, command: string, facts: TrustFacts, head: Oid): boolean {
  return comment.text.split(/\r?\n/).some((line) => {
    const [word, commit, ...rest] = line.trimEnd().split(/\s+/);
    if (word !== command || rest.length > 0) return false;
    if (commit?.toLowerCase() === head) return comment.by?.canWrite === true;
    return isForHead(comment, facts, head) && (commit === undefined || isShortFor(commit, head));
  });
}

function isShortFor(commit: string, head: Oid): boolean {
  return /^[0-9a-f]{7,64}$/i.test(commit) && head.startsWith(commit.toLowerCase());
}

function missingFor(policies: readonly TrustPolicy[], head: Oid): string {
  // The comment first: a status that is cut must not cut the commit in it.
  const deeds = [
    ...policies.flatMap((policy) => (policy.kind === 'comment' ? [`comment "${policy.command} ${head}"`] : [])),
    ...policies.flatMap((policy) => {
      if (policy.kind === 'review') return ['approve it'];
      return policy.kind === 'label' ? [`put on the label "${policy.label}"`] : [];
    }),
  ];
  if (deeds.length === 0) return 'it is not trusted here: a person with write access must push it to this repository';
  return `a person with write access must ${[...new Set(deeds)].join(' or ')} (for commit ${shortOid(head)})`;
}
