import { type SluiceError, toSluiceError } from '../errors.ts';
import type { RefName, RemoteRef } from '../model/ref.ts';
import type { Batch } from './batch.ts';
import type { OnPollEvent } from './events.ts';
import { type PollPlan, planPoll, type SeenRef } from './plan.ts';
import type { ChangeHead, ChangeHeads, ListChangeHeads, Listing, ListRefsIfChanged } from './ports.ts';
import { isNoNews, openRepository, recordPlan } from './record.ts';
import type { Remote } from './remote.ts';
import type { WatchedRepository } from './repository.ts';
import { isAdvertised, type PollSelection, parseSelectionText, selectRefs, watchesRef } from './select.ts';
import type { Reading, StateDatabase } from './state/access.ts';
import { knownRefs } from './state/refs.ts';
import { findRepository, type RepositoryRow } from './state/repositories.ts';
import { withTimeLimit } from './time-limit.ts';

export interface LookPorts {
  readonly db: StateDatabase;
  readonly batch: Batch;
  readonly list: ListRefsIfChanged;
  readonly listChangeHeads: ListChangeHeads;
  readonly onEvent: OnPollEvent;
  readonly now: () => number;
}

export interface LookOptions {
  readonly supersedeRunning: boolean;
  /** Limit of one request to the remote or the forge. */
  readonly limitMs: number;
  /** False: the change requests are left out this time, because the forge's API has failed. */
  readonly asksForge: boolean;
  readonly signal: AbortSignal;
}

/** What one look leaves for the next one at the same remote. */
export interface LookMemory {
  /** Of the last listing that every watcher has recorded; undefined: the next one is read in any case. */
  readonly digest: string | undefined;
}

export interface Looked {
  readonly memory: LookMemory;
  /** One for each watcher (or for the remote) that could not be looked after. */
  readonly failures: readonly LookFailure[];
  /** Whether something was recorded that is to be run or reported. */
  readonly changed: boolean;
  /** Running runs that are to be ended. */
  readonly stopped: readonly number[];
}

export interface LookFailure {
  readonly repository: string;
  readonly error: SluiceError;
  /** `forge`: only the change requests could not be looked at. */
  readonly from: 'remote' | 'forge';
}

/** Observe → plan → record for one remote and all its watchers. What fails is in the result: nobody else is held up by it. */
export async function lookAt(
  remote: Remote,
  memory: LookMemory,
  ports: LookPorts,
  options: LookOptions,
): Promise<Looked> {
  let listing: Listing;
  try {
    listing = await listOnce(remote, memory, ports, options);
  } catch (error) {
    const failed = toSluiceError(error);
    const failures = remote.watchers.map(({ key }) => ({ repository: key, error: failed, from: 'remote' as const }));
    return { memory: { digest: undefined }, failures, changed: false, stopped: [] };
  }
  const failures: LookFailure[] = [];
  const stopped: number[] = [];
  let settled = true;
  let changed = false;
  for (const watcher of remote.watchers) {
    // Nothing has moved since everybody recorded it, so there is nothing to compare: this is what almost every look comes to.
    if (listing.refs === undefined && !(watcher.selection.changes && options.asksForge)) continue;
    try {
      const heads = await changeHeads(watcher, ports, options);
      if (heads.failure !== undefined) {
        failures.push({ repository: watcher.key, error: heads.failure, from: 'forge' });
      }
      const one = await lookFor(watcher, listing, heads, ports, options);
      stopped.push(...one.stopped);
      if (one.plan.events.length > 0) changed = true;
      // What is in doubt must be seen again, so it must be read again.
      if (one.plan.doubted > 0) settled = false;
    } catch (error) {
      failures.push({ repository: watcher.key, error: toSluiceError(error), from: 'remote' });
      settled = false;
    }
  }
  return { memory: { digest: settled ? listing.digest : undefined }, failures, changed, stopped };
}

/** The refs that the remote's watchers watch, and perhaps more. */
export async function listOnce(
  remote: Remote,
  memory: LookMemory,
  { list }: Pick<LookPorts, 'list'>,
  options: Pick<LookOptions, 'limitMs' | 'signal'>,
): Promise<Listing> {
  const { prefixes } = remote;
  if (prefixes.length === 0) return { refs: [], digest: undefined };
  return await withTimeLimit(`list the refs of ${remote.endpoint.display}`, options, (signal) =>
    list(remote.endpoint, prefixes, { signal, unlessDigest: memory.digest }),
  );
}

/** What the forge said of the change requests. `heads` undefined: it said nothing. */
export interface HeardHeads extends Omit<ChangeHeads, 'heads'> {
  readonly heads: readonly ChangeHead[] | undefined;
}

const noHeads: ChangeHeads = { heads: [], undecided: new Set(), complete: true, failure: undefined };

/** A forge's API that fails holds up only the change requests; the branches come from git. */
export async function changeHeads(
  watcher: WatchedRepository,
  { db, listChangeHeads }: Pick<LookPorts, 'listChangeHeads'> & { readonly db: Reading | undefined },
  options: Omit<LookOptions, 'supersedeRunning'>,
): Promise<HeardHeads> {
  if (!watcher.selection.changes) return noHeads;
  if (!options.asksForge) return { ...noHeads, heads: undefined };
  const known = () => {
    const row = db && findRepository(db, watcher.key);
    return db && row ? knownRefs(db, row.id, 'changes') : new Map();
  };
  try {
    return await withTimeLimit(`list the change requests of ${watcher.key}`, options, (signal) =>
      listChangeHeads(watcher, known, { signal }),
    );
  } catch (error) {
    return { ...noHeads, heads: undefined, failure: toSluiceError(error) };
  }
}

async function lookFor(
  watcher: WatchedRepository,
  listing: Listing,
  heard: HeardHeads,
  { db, batch, now, onEvent }: LookPorts,
  { supersedeRunning }: LookOptions,
): Promise<{ readonly plan: PollPlan; readonly stopped: readonly number[] }> {
  const { key, selection } = watcher;
  const recordedAs = (repository: RepositoryRow, before: PollSelection | undefined) => {
    // Change requests that the forge did not tell have not been looked at: the first time it does is their first sight.
    const told = heard.heads !== undefined && heard.complete;
    const looked = { ...selection, changes: selection.changes && (told || before?.changes === true) };
    return { repository, looked, supersedeRunning, now: now() };
  };
  const repository = openRepository(db, key);
  const first = planFor(watcher, repository, listing, heard, db);
  if (isNoNews(first.plan, recordedAs(repository, first.before))) {
    tellPlan(watcher, false, first.plan, onEvent);
    return { plan: first.plan, stopped: [] };
  }
  const { plan, before, recorded } = await batch(`record what changed in ${key}`, (tx) => {
    // What ran meanwhile may have changed the state: it is compared anew where nothing can come in between.
    const row = findRepository(tx, key) ?? repository;
    const planned = planFor(watcher, row, listing, heard, tx);
    return { ...planned, recorded: recordPlan(tx, watcher, planned.plan, recordedAs(row, planned.before)) };
  });
  tellPlan(watcher, before === undefined, plan, onEvent);
  for (const { event, run } of recorded.runs) onEvent({ type: 'change', repository: key, run, change: event });
  return { plan, stopped: recorded.stopped };
}

export interface Planned {
  readonly plan: PollPlan;
  /** What was watched at the last look; undefined: this is the first one. */
  readonly before: PollSelection | undefined;
}

/** Compares what was listed with the state; writes nothing. */
export function planFor(
  { selection, initial }: WatchedRepository,
  repository: RepositoryRow | undefined,
  { refs }: Listing,
  { heads, undecided }: HeardHeads,
  db: Reading | undefined,
): Planned {
  const text = repository?.selection ?? null;
  const before = text === null ? undefined : parseSelectionText(text);
  const plan = planPoll({
    // Of branches and tags that were not listed nothing is concluded, so nothing need be known.
    known: db && repository ? knownRefs(db, repository.id, refs === undefined ? 'changes' : 'all') : new Map(),
    seen: seenRefs(selectRefs(refs ?? [], selection), heads ?? []),
    watches: watchesRef(selection),
    watchedBefore: before === undefined ? undefined : watchesRef(before),
    initial,
    held: (ref) => (isAdvertised(ref) ? refs === undefined : heads === undefined || undecided.has(ref)),
    doubtedBefore: repository?.doubted === 1,
  });
  return { plan, before };
}

function seenRefs(refs: readonly RemoteRef[], heads: readonly ChangeHead[]): ReadonlyMap<RefName, SeenRef> {
  const seen = new Map<RefName, SeenRef>();
  for (const { name, oid } of refs) seen.set(name, { oid });
  for (const { ref, oid, number, blocked } of heads) {
    seen.set(ref, { oid, change: number, ...(blocked === undefined ? {} : { blocked }) });
  }
  return seen;
}

/** What there is to say of a plan beside its events. */
export function tellPlan(
  { key: repository, initial }: WatchedRepository,
  first: boolean,
  plan: PollPlan,
  onEvent: OnPollEvent,
): void {
  // With `--initial run` the changes themselves say it all.
  if (plan.remember.size > 0 || (first && initial === 'baseline')) {
    onEvent({ type: 'baseline', repository, refs: plan.remember.size });
  }
  for (const { ref, problem } of plan.unusable) onEvent({ type: 'unusable-ref', repository, ref, problem });
  if (plan.doubted > 0) onEvent({ type: 'doubt', repository, refs: plan.doubted });
}
