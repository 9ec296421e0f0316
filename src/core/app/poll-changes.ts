import { SluiceError, toSluiceError } from '../errors.ts';
import type { CallOptions } from '../forges/forge.ts';
import type { Change } from '../model/change.ts';
import type { Oid, RefName } from '../model/ref.ts';
import type { KnownRef } from '../poll/plan.ts';
import type { ChangeHead, ListChangeHeads } from '../poll/ports.ts';
import { type Slots, slots } from '../poll/slots.ts';
import { type ChangesOfForge, type ListBranch, locateHead, requireChanges, watchedName } from './poll-heads.ts';
import { openTrust, type TrustJudge, type TrustRules, type TrustVerdict } from './trust-facts.ts';

export interface PollChangesOptions {
  readonly rulesOf: (key: string) => TrustRules;
  readonly listBranch: ListBranch;
  readonly warn: (message: string) => void;
  /** In [0, 1). */
  readonly random: () => number;
}

const atOnce = 8;

/** Heads that were never judged; more of them wait for the next look, so that a first sight does not use up an hour's requests. */
const mostNewHeads = 100;

/** One blocked head is asked about again for so much of the interval: 10 at each look of a minute, all of them in turn. */
const msForOneAgain = 6_000;

/**
 * Open change requests through the forge's API, each with the verdict of its trust rules. A head is judged when it is seen for the first
 * time, and again only as long as nobody vouches for it or its run has not begun: what was trusted once and has run needs no question.
 */
export function listChangeHeads(options: PollChangesOptions): ListChangeHeads {
  const turns = openTurns(options.random);
  const warned = new Set<string>();

  function warnOnce(key: string, text: string): void {
    if (warned.has(text)) return;
    warned.add(text);
    options.warn(`${key}: ${text}`);
  }

  return async ({ key, endpoint, intervalMs }, known, call) => {
    const on = requireChanges(endpoint);
    const { words } = on.forge;
    const open = await on.changes.listOpen(on.repo, call);
    const look: Look = {
      ...options,
      on,
      call,
      judge: openTrust(on.forge, on.repo, options.rulesOf(key)),
      limited: slots(atOnce),
      undecided: new Set(),
      failures: [],
      missing: (change, problem) =>
        warnOnce(key, `${words.change} ${words.sigil}${change.number} cannot be watched: ${problem}`),
    };
    const heads = (await Promise.all(open.map((change) => look.limited(() => locate(look, change))))).flat();
    const sorted = sortOut(heads, known(), look.judge);
    const again = turns.next(key, sorted.again, Math.max(1, Math.floor(intervalMs / msForOneAgain)));
    const asked = [...sorted.unseen.slice(0, mostNewHeads), ...again];
    for (const { ref } of sorted.unseen.slice(mostNewHeads)) look.undecided.add(ref);
    const judged = await Promise.all(asked.map((head) => look.limited(() => ask(look, head))));
    const inTurn = new Set(again);
    const waiting = sorted.again.filter((head) => !inTurn.has(head)).map(asBefore);
    return {
      heads: [...sorted.settled, ...waiting, ...judged.flat()],
      undecided: look.undecided,
      complete: sorted.unseen.length <= mostNewHeads && !look.failures.some(({ retryable }) => retryable),
      failure: look.failures[0],
    };
  };
}

interface Look extends PollChangesOptions {
  readonly on: ChangesOfForge;
  readonly call: Required<CallOptions>;
  readonly judge: TrustJudge;
  readonly limited: Slots;
  readonly undecided: Set<RefName>;
  readonly failures: SluiceError[];
  readonly missing: (change: Change, problem: string) => void;
}

interface Head {
  readonly change: Change;
  readonly ref: RefName;
  readonly oid: Oid;
  readonly known?: KnownRef | undefined;
}

async function locate(look: Look, change: Change): Promise<readonly Head[]> {
  const ref = watchedName(look.on, change);
  const at = await locateHead(look.on, change, look.listBranch, look.call);
  if (at.oid !== undefined) return [{ change, ref, oid: at.oid }];
  look.undecided.add(ref);
  if (at.error === undefined) look.missing(change, at.problem);
  else look.failures.push(at.error);
  return [];
}

interface Sorted {
  readonly settled: readonly ChangeHead[];
  /** Never judged at this commit. */
  readonly unseen: readonly Head[];
  /** Blocked at this commit, or trusted and not yet begun. */
  readonly again: readonly Head[];
}

function sortOut(heads: readonly Head[], known: ReadonlyMap<RefName, KnownRef>, judge: TrustJudge): Sorted {
  const settled: ChangeHead[] = [];
  const unseen: Head[] = [];
  const again: Head[] = [];
  for (const head of heads) {
    const verdict = judge.known(head.change, head.oid);
    const before = known.get(head.ref);
    if (verdict !== undefined) settled.push(toHead(head, verdict));
    else if (before?.oid !== head.oid) unseen.push(head);
    else if (before.state === 'blocked' || before.state === 'queued') again.push({ ...head, known: before });
    else settled.push(toHead(head));
  }
  return { settled, unseen, again };
}

/** Not asked about at this look: it stays what it was. */
function asBefore(head: Head): ChangeHead {
  const blocked = head.known?.state === 'blocked' ? 'it is asked about again at a later look' : undefined;
  return { ...toHead(head), blocked };
}

async function ask(look: Look, { change, ref, oid }: Head): Promise<readonly ChangeHead[]> {
  const headNow = async () => {
    const { repo, changes } = look.on;
    const now = await changes.find(repo, change.number, look.call);
    return now === undefined ? undefined : (await locateHead(look.on, now, look.listBranch, look.call)).oid;
  };
  try {
    return [toHead({ change, ref, oid }, await look.judge.ask({ change, head: oid, headNow }, look.call))];
  } catch (error) {
    look.undecided.add(ref);
    look.failures.push(explained(look, change, toSluiceError(error)));
    return [];
  }
}

function explained({ on }: Look, { number }: Change, error: SluiceError): SluiceError {
  const { code, hint, retryAfterMs } = error;
  const which = `${on.forge.words.change} ${on.forge.words.sigil}${number}`;
  return new SluiceError(code, `whether ${which} is trusted: ${error.message}`, {
    cause: error,
    ...(hint === undefined ? {} : { hint }),
    ...(retryAfterMs === undefined ? {} : { retryAfterMs }),
  });
}

function toHead({ change, ref, oid }: Head, verdict?: TrustVerdict): ChangeHead {
  const blocked = verdict === undefined || verdict.trusted ? undefined : verdict.missing;
  return { ref, oid, number: change.number, blocked };
}

/** Whose turn it is to be asked about again: those that have waited longest, and any of them in a process that has just begun. */
function openTurns(random: () => number) {
  const lastTurn = new Map<string, number>();
  let turn = 0;

  function next(key: string, heads: readonly Head[], most: number): readonly Head[] {
    const idOf = ({ ref }: Head) => `${key} ${ref}`;
    const order = heads
      .map((head) => ({ head, last: lastTurn.get(idOf(head)) ?? 0, lot: random() }))
      .sort((a, b) => a.last - b.last || a.lot - b.lot)
      .slice(0, most)
      .map(({ head }) => head);
    for (const head of order) lastTurn.set(idOf(head), ++turn);
    return order;
  }

  return { next };
}
