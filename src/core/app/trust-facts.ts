import { SluiceError } from '../errors.ts';
import type { CallOptions, Forge } from '../forges/forge.ts';
import type { Deed } from '../forges/review-roles.ts';
import type { Change } from '../model/change.ts';
import type { Oid } from '../model/ref.ts';
import type { ReviewHistory } from '../model/review.ts';
import type { CommentFact, Given, LabelFact, ReviewFact, TrustFacts } from '../trust/facts.ts';
import { judgeTrust, type TrustRules, type TrustVerdict } from '../trust/judge.ts';

export type { TrustRules, TrustVerdict };

/** One head of a change request, about which the question is whether its code may run. */
export interface HeadInQuestion {
  readonly change: Change;
  /** Full object id; the forge's own listing may give only a part of it. */
  readonly head: Oid;
  /** Looks again where the head is: a yes is only given for a head that it still has. */
  readonly headNow: (call: CallOptions) => Promise<Oid | undefined>;
}

/** Judges change requests of one repository by facts that are asked of its forge, and only those that the rules need. */
export interface TrustJudge {
  /** What the change request itself settles, without a question; undefined: `ask`. */
  known(change: Change, head: Oid): TrustVerdict | undefined;
  /** Throws what the forge's roles throw: an unanswered question is no verdict. */
  ask(question: HeadInQuestion, call: CallOptions): Promise<TrustVerdict>;
}

const unknown = {
  headSince: undefined,
  labels: undefined,
  reviews: undefined,
  comments: undefined,
  changedPaths: undefined,
};

/**
 * A judge for one look (or one delivery): whether a person may write is asked once for all change requests. `requireTrustRoles` has been
 * asked before.
 */
export function openTrust(forge: Forge, repo: string, rules: TrustRules): TrustJudge {
  const asked = new Map<string, Promise<boolean>>();

  function canWrite(login: string, call: CallOptions): Promise<boolean> {
    const key = login.toLowerCase();
    const answer = asked.get(key) ?? role(forge, 'members').canWrite(repo, login, call);
    asked.set(key, answer);
    return answer;
  }

  return {
    known(change, head) {
      const facts = listed(change, head);
      const verdict = judgeTrust(facts, rules);
      if (verdict.trusted) return verdict;
      const vouched = judgeTrust(facts, { policies: rules.policies });
      const settled = !vouched.trusted && rules.policies.every(({ kind }) => kind === 'internal' || kind === 'login');
      return settled ? vouched : undefined;
    },
    async ask(question, call) {
      const asking: Asking = { ...question, forge, repo, rules, canWrite, call };
      const verdict = await askInTurn(asking);
      if (!verdict.trusted) return verdict;
      // The answers came one after the other: what was said of a newer head must not be taken for the one in question.
      const now = await question.headNow(call);
      return now === question.head ? verdict : { trusted: false, missing: 'its head has moved meanwhile' };
    },
  };
}

interface Asking extends HeadInQuestion {
  readonly forge: Forge;
  readonly repo: string;
  readonly rules: TrustRules;
  readonly canWrite: (login: string, call: CallOptions) => Promise<boolean>;
  readonly call: CallOptions;
}

/** First who vouches for it, and only then, where it is guarded, what it touches. */
async function askInTurn(asking: Asking): Promise<TrustVerdict> {
  const { forge, repo, change, rules, call } = asking;
  const { policies, guarded } = rules;
  const vouched: TrustFacts = { ...listed(asking.change, asking.head), ...(await vouchers(asking)) };
  const verdict = judgeTrust(vouched, { policies });
  if (!verdict.trusted) return explained(verdict, asking, vouched);
  const whole = judgeTrust(vouched, rules);
  if (guarded === undefined || whole.trusted) return whole;
  const changedPaths = await role(forge, 'discussion').changedPaths(repo, change.number, call);
  const touching: TrustFacts = { ...vouched, changedPaths };
  const byPaths = judgeTrust(touching, rules);
  if (byPaths.trusted || vouched.reviews !== undefined) return byPaths;
  return judgeTrust({ ...touching, reviews: await reviews(asking) }, rules);
}

function listed(change: Change, head: Oid): TrustFacts {
  const author = change.author === '' ? undefined : { login: change.author, association: undefined };
  return { ...unknown, head, internal: change.internal, author };
}

/** The facts that the policies need, asked at the same time. */
async function vouchers(asking: Asking): Promise<Partial<TrustFacts>> {
  const { forge, repo, change, rules, call } = asking;
  const wanted = new Set(rules.policies.map(({ kind }) => kind));
  const [association, labelled, commented, reviewed] = await Promise.all([
    wanted.has('association') ? role(forge, 'discussion').association?.(repo, change.number, call) : undefined,
    wanted.has('label') ? labels(asking) : undefined,
    wanted.has('comment') ? comments(asking) : undefined,
    wanted.has('review') ? reviews(asking) : undefined,
  ]);
  // Only what was put on or written without the forge's noting the head depends on when the head came.
  const dated = [...(labelled ?? []), ...(commented ?? [])].some(
    (one) => one.commit === undefined && one.by?.canWrite === true,
  );
  const headSince = dated ? await role(forge, 'discussion').headSince(repo, change, call) : undefined;
  return {
    headSince,
    labels: labelled,
    comments: commented,
    reviews: reviewed,
    author: change.author === '' ? undefined : { login: change.author, association },
  };
}

async function labels(asking: Asking): Promise<readonly LabelFact[]> {
  const { forge, repo, change, rules, call } = asking;
  const names = rules.policies.flatMap((policy) => (policy.kind === 'label' ? [policy.label] : []));
  const all = (await role(forge, 'discussion').labels?.(repo, change.number, call)) ?? [];
  const relevant = all.filter(({ name }) => names.includes(name));
  return await Promise.all(relevant.map(async (label) => ({ ...(await given(label, asking)), name: label.name })));
}

async function comments(asking: Asking): Promise<readonly CommentFact[]> {
  const { forge, repo, change, rules, call } = asking;
  const words = rules.policies.flatMap((policy) => (policy.kind === 'comment' ? [policy.command] : []));
  const all = await role(forge, 'discussion').comments(repo, change.number, call);
  // Whether it stands on a line of its own is the judge's; here it only has to be cheap.
  const relevant = all.filter(({ text }) => words.some((word) => text.includes(word)));
  return await Promise.all(
    relevant.map(async (comment) => ({ ...(await given(comment, asking)), text: comment.text })),
  );
}

async function reviews(asking: Asking): Promise<readonly ReviewFact[]> {
  const { forge, repo, change, call, head } = asking;
  const history = await role(forge, 'reviews').list(repo, change, call);
  return await Promise.all(
    history.reviews.map(async ({ by, at, state, commit }) => {
      const of = commit ?? commitOf(history, state, head);
      const decides = state === 'approved' && of === head;
      const deed = { by, at, commit: of };
      return { ...(decides ? await given(deed, asking) : unasked(deed)), state };
    }),
  );
}

/** A forge that takes approvals back with every push shows only those of the present head. */
function commitOf({ resetOnPush }: ReviewHistory, state: string, head: Oid): Oid | undefined {
  return state === 'approved' && resetOnPush === true ? head : undefined;
}

/** With the right to write of whoever did it. A machine vouches for nothing: labels and approvals by rules are what strangers aim at. */
async function given(deed: Deed, { canWrite, call }: Asking): Promise<Given> {
  if (deed.by === undefined || deed.by.bot === true) return { by: undefined, at: deed.at, commit: deed.commit };
  const { login } = deed.by;
  return { by: { login, canWrite: await canWrite(login, call) }, at: deed.at, commit: deed.commit };
}

/** For a review that cannot speak in favour: only whose it is matters. */
function unasked({ by, at, commit }: Deed): Given {
  const person = by === undefined || by.bot === true ? undefined : { login: by.login, canWrite: undefined };
  return { by: person, at, commit };
}

/** An approval that is there and does not count has to be explained, or people approve again and again. */
function explained(
  verdict: TrustVerdict & { trusted: false },
  { rules, head }: Asking,
  { reviews }: TrustFacts,
): TrustVerdict {
  const loose = reviews?.some(({ state, commit }) => state === 'approved' && commit === undefined) === true;
  const needed =
    rules.policies.some(({ kind }) => kind === 'review') && reviews?.every(({ commit }) => commit !== head);
  if (!loose || !needed) return verdict;
  return { trusted: false, missing: `${verdict.missing}; approvals count where the forge resets them on a push` };
}

function role<Name extends 'members' | 'reviews' | 'discussion'>(forge: Forge, name: Name): NonNullable<Forge[Name]> {
  const found = forge[name];
  if (found !== undefined) return found;
  throw new SluiceError('internal', `the forge ${forge.alias} has no ${name}, and was asked for them`);
}
