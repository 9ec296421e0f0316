import { SluiceError, toSluiceError } from '../errors.ts';
import type { RefName, RemoteRef } from '../model/ref.ts';
import type { OnPollEvent } from './events.ts';
import { type PollPlan, planPoll, type SeenRef } from './plan.ts';
import type { ChangeHead, ListChangeHeads, Listing, ListRefsIfChanged } from './ports.ts';
import { openRepository, type Recorded, recordPlan } from './record.ts';
import type { Remote } from './remote.ts';
import type { WatchedRepository } from './repository.ts';
import { isAdvertised, listingPrefixes, parseSelectionText, selectRefs, watchesRef } from './select.ts';
import type { StateDatabase } from './state/access.ts';
import { knownRefs } from './state/refs.ts';
import { withTimeLimit } from './time-limit.ts';

export interface LookPorts {
  readonly db: StateDatabase;
  readonly list: ListRefsIfChanged;
  readonly listChangeHeads: ListChangeHeads;
  readonly onEvent: OnPollEvent;
  readonly now: () => number;
}

export interface LookOptions {
  readonly supersedeRunning: boolean;
  /** Limit of one request to the remote or the forge. */
  readonly limitMs: number;
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
  readonly failures: readonly { readonly repository: string; readonly error: SluiceError }[];
  /** Whether something was recorded that is to be run or reported. */
  readonly changed: boolean;
  /** Running runs that are to be ended. */
  readonly stopped: readonly number[];
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
    const failures = remote.watchers.map(({ key }) => ({ repository: key, error: failed }));
    return { memory: { digest: undefined }, failures, changed: false, stopped: [] };
  }
  const failures: { repository: string; error: SluiceError }[] = [];
  const stopped: number[] = [];
  let settled = true;
  let changed = false;
  for (const watcher of remote.watchers) {
    // Nothing has moved since everybody recorded it, so there is nothing to compare: this is what almost every look comes to.
    if (listing.refs === undefined && !watcher.selection.changes) continue;
    try {
      const heads = await changeHeads(watcher, ports, options);
      if (heads instanceof SluiceError) failures.push({ repository: watcher.key, error: heads });
      const one = lookFor(watcher, listing, heads instanceof SluiceError ? undefined : heads, ports, options);
      stopped.push(...one.stopped);
      if (one.plan.events.length > 0) changed = true;
      // What is in doubt must be seen again, so it must be read again.
      if (one.plan.doubted > 0) settled = false;
    } catch (error) {
      failures.push({ repository: watcher.key, error: toSluiceError(error) });
      settled = false;
    }
  }
  return { memory: { digest: settled ? listing.digest : undefined }, failures, changed, stopped };
}

async function listOnce(
  remote: Remote,
  memory: LookMemory,
  { list }: LookPorts,
  options: LookOptions,
): Promise<Listing> {
  const prefixes = listingPrefixes(remote.watchers.map(({ selection }) => selection));
  if (prefixes.length === 0) return { refs: [], digest: undefined };
  return await withTimeLimit(`list the refs of ${remote.endpoint.display}`, options, (signal) =>
    list(remote.endpoint, prefixes, { signal, unlessDigest: memory.digest }),
  );
}

/** A forge's API that fails holds up only the change requests; the branches come from git. */
async function changeHeads(
  watcher: WatchedRepository,
  { listChangeHeads }: LookPorts,
  options: LookOptions,
): Promise<readonly ChangeHead[] | SluiceError> {
  if (!watcher.selection.changes) return [];
  try {
    return await withTimeLimit(`list the change requests of ${watcher.key}`, options, (signal) =>
      listChangeHeads(watcher, { signal }),
    );
  } catch (error) {
    return toSluiceError(error);
  }
}

function lookFor(
  watcher: WatchedRepository,
  { refs }: Listing,
  heads: readonly ChangeHead[] | undefined,
  { db, now, onEvent }: LookPorts,
  { supersedeRunning }: LookOptions,
): { readonly plan: PollPlan; readonly stopped: readonly number[] } {
  const { key, selection, initial } = watcher;
  const repository = openRepository(db, key);
  const before = repository.selection === null ? undefined : parseSelectionText(repository.selection);
  const plan = planPoll({
    known: knownRefs(db, repository.id),
    seen: seenRefs(selectRefs(refs ?? [], selection), heads ?? []),
    watches: watchesRef(selection),
    watchedBefore: before === undefined ? undefined : watchesRef(before),
    initial,
    held: (ref) => (isAdvertised(ref) ? refs === undefined : heads === undefined),
    doubtedBefore: repository.doubted === 1,
  });
  // Change requests that the forge did not tell have not been looked at: the first time it does is their first sight.
  const looked = { ...selection, changes: selection.changes && (heads !== undefined || before?.changes === true) };
  const recorded = recordPlan(db, repository, watcher, plan, { looked, supersedeRunning, now: now() });
  tell(key, before === undefined, plan, recorded, onEvent);
  return { plan, stopped: recorded.stopped };
}

function seenRefs(refs: readonly RemoteRef[], heads: readonly ChangeHead[]): ReadonlyMap<RefName, SeenRef> {
  const seen = new Map<RefName, SeenRef>();
  for (const { name, oid } of refs) seen.set(name, { oid });
  for (const { ref, oid, number, blocked } of heads) {
    seen.set(ref, { oid, change: number, ...(blocked === undefined ? {} : { blocked }) });
  }
  return seen;
}

function tell(repository: string, first: boolean, plan: PollPlan, { runs }: Recorded, onEvent: OnPollEvent): void {
  if (first || plan.remember.size > 0) onEvent({ type: 'baseline', repository, refs: plan.remember.size });
  for (const { ref, problem } of plan.unusable) onEvent({ type: 'unusable-ref', repository, ref, problem });
  if (plan.doubted > 0) onEvent({ type: 'doubt', repository, refs: plan.doubted });
  for (const { event, run } of runs) onEvent({ type: 'change', repository, run, change: event });
}
