import { type Oid, type RefName, refNameProblem } from '../model/ref.ts';
import type { ChangeKind } from './run.ts';
import { isAdvertised, type RefTest } from './select.ts';

/** What the state holds of a ref. `settled`: the last commit has its result (or was the baseline). */
export interface KnownRef {
  readonly oid: Oid;
  readonly state: 'settled' | 'queued' | 'running' | 'blocked';
}

/** What there is now. */
export interface SeenRef {
  readonly oid: Oid;
  /** Number of the change request. */
  readonly change?: number;
  /** Who must do what before this commit may run. */
  readonly blocked?: string;
}

export interface RefEvent {
  readonly ref: RefName;
  readonly kind: ChangeKind;
  readonly oldOid: Oid | undefined;
  readonly newOid: Oid | undefined;
  readonly change?: number;
  readonly blocked?: string;
}

export interface PlanInput {
  readonly known: ReadonlyMap<RefName, KnownRef>;
  /** Only refs that `watches` accepts. */
  readonly seen: ReadonlyMap<RefName, SeenRef>;
  readonly watches: RefTest;
  /** What was watched when the state was last written; undefined: this is the first sight of the repository. */
  readonly watchedBefore: RefTest | undefined;
  readonly initial: 'run' | 'baseline';
  /** Refs that could not be looked at this time: nothing is concluded about them. */
  readonly held: RefTest;
  /** The last look, too, had lost every known branch and tag. */
  readonly doubtedBefore: boolean;
}

export interface PollPlan {
  readonly events: readonly RefEvent[];
  /** Refs that become known without a run: the baseline. */
  readonly remember: ReadonlyMap<RefName, SeenRef>;
  /** Refs that are no longer watched or no longer open: known no more, and no deletion. */
  readonly forget: readonly RefName[];
  /**
   * How many deletions are not believed yet: a remote that has suddenly lost every branch and tag is more often broken than emptied,
   * so that must be seen twice in a row. 0: nothing is in doubt.
   */
  readonly doubted: number;
  /** Names that git itself would refuse: never handed to a script, never recorded. */
  readonly unusable: readonly { readonly ref: RefName; readonly problem: string }[];
}

/** Compares what there is with what is known. Pure; in the order of the advertisement, deletions last. */
export function planPoll(input: PlanInput): PollPlan {
  const { known, seen, held } = input;
  const events: RefEvent[] = [];
  const remember = new Map<RefName, SeenRef>();
  const unusable: { ref: RefName; problem: string }[] = [];
  for (const [ref, now] of seen) {
    if (held(ref)) continue;
    const before = known.get(ref);
    if (before !== undefined) events.push(...changeOf(ref, before, now));
    else {
      const problem = refNameProblem(ref);
      if (problem !== undefined) unusable.push({ ref, problem });
      else if (isBaseline(ref, input)) remember.set(ref, now);
      else events.push(event(ref, 'created', undefined, now));
    }
  }
  const { deleted, forget, doubted } = absences(input);
  return { events: [...events, ...deleted], remember, forget, doubted, unusable };
}

/** Whether this plan leaves the state as it is. */
export function changesNothing({ events, remember, forget }: PollPlan): boolean {
  return events.length === 0 && remember.size === 0 && forget.length === 0;
}

/** A ref that nobody was looking at before is not new: it gets what the first sight of a repository gets. */
function isBaseline(ref: RefName, { initial, watchedBefore }: PlanInput): boolean {
  return initial === 'baseline' && (watchedBefore === undefined || !watchedBefore(ref));
}

function changeOf(ref: RefName, before: KnownRef, now: SeenRef): readonly RefEvent[] {
  if (before.oid !== now.oid) return [event(ref, 'moved', before.oid, now)];
  const blocked = now.blocked !== undefined;
  // Somebody vouched for the commit that was held back: it is as good as new.
  if (before.state === 'blocked' && !blocked) return [event(ref, 'created', undefined, now)];
  // Trust was withdrawn before the run began.
  if (before.state === 'queued' && blocked) return [event(ref, 'moved', before.oid, now)];
  return [];
}

function absences({ known, seen, watches, held, doubtedBefore }: PlanInput) {
  const deleted: RefEvent[] = [];
  const forget: RefName[] = [];
  let present = 0;
  for (const [ref, { oid }] of known) {
    if (held(ref)) continue;
    if (seen.has(ref)) present += isAdvertised(ref) ? 1 : 0;
    // A change request that is not among the open ones is closed: its head need not be gone.
    else if (!isAdvertised(ref) || !watches(ref)) forget.push(ref);
    else deleted.push({ ref, kind: 'deleted', oldOid: oid, newOid: undefined });
  }
  if (present > 0 || deleted.length === 0 || doubtedBefore) return { deleted, forget, doubted: 0 };
  return { deleted: [], forget, doubted: deleted.length };
}

function event(ref: RefName, kind: ChangeKind, oldOid: Oid | undefined, { oid, ...rest }: SeenRef): RefEvent {
  return { ref, kind, oldOid, newOid: oid, ...rest };
}
