import { type Endpoint, sameRepository } from '../git/endpoint.ts';
import {
  leaveAll,
  type RefUpdate,
  type Transfer,
  type TransferJob,
  type TransferOutcome,
} from '../git/transfer/transfer.ts';
import type { RefName } from '../model/ref.ts';
import type { PlannedRef } from './plan.ts';

export interface ApplyOptions {
  readonly job: Omit<TransferJob, 'updates' | 'from' | 'sameRepository'>;
  /** Tried in this order; what one leaves goes to the next. */
  readonly transfers: readonly Transfer[];
  readonly batch: number;
  /** The endpoint that holds a line's source: the source itself, or a fork of it. */
  readonly sourceOf: (line: PlannedRef) => Endpoint;
  /** Runs one attempt at a batch, again after a passing fault. */
  readonly retry: (updates: readonly RefUpdate[], attempt: Attempt) => Promise<TransferOutcome>;
  readonly onDone?: (count: number) => void;
  readonly onLeft?: (transfer: Transfer['name'], count: number, reason: string) => void;
}

export type Attempt = (updates: readonly RefUpdate[]) => Promise<TransferOutcome>;

export interface Applied {
  /** Undefined: the destination took it. */
  readonly refusals: ReadonlyMap<RefName, string | undefined>;
  readonly transfers: readonly Transfer['name'][];
  readonly messages: readonly string[];
  readonly bytes: { readonly up: number; readonly down: number } | undefined;
}

/** Sends the plan's changes, deletions first, in batches; every line gets an answer. */
export async function applyPlan(lines: readonly PlannedRef[], options: ApplyOptions): Promise<Applied> {
  const refusals = new Map<RefName, string | undefined>();
  const transfers = new Set<Transfer['name']>();
  const messages: string[] = [];
  let bytes: Applied['bytes'];
  for (const { from, updates } of batches(lines, options)) {
    for (const { name, outcome } of await sendBatch(from, updates, options)) {
      if (outcome.results.length > 0) transfers.add(name);
      messages.push(...outcome.messages);
      if (outcome.bytes)
        bytes = { up: (bytes?.up ?? 0) + outcome.bytes.up, down: (bytes?.down ?? 0) + outcome.bytes.down };
      for (const result of outcome.results) refusals.set(result.target, result.ok ? undefined : result.reason);
    }
    options.onDone?.(refusals.size);
  }
  return { refusals, transfers: [...transfers], messages, bytes };
}

interface Batch {
  readonly from: Endpoint;
  readonly updates: readonly RefUpdate[];
}

function batches(lines: readonly PlannedRef[], options: ApplyOptions): readonly Batch[] {
  const groups = new Map<Endpoint, RefUpdate[]>();
  // Without atomicity deletions go before everything else, because a deleted `a` makes room for `a/b`.
  const ordered = options.job.atomic ? [lines] : [lines.filter(isDeletion), lines.filter((line) => !isDeletion(line))];
  const result: Batch[] = [];
  for (const part of ordered) {
    groups.clear();
    for (const line of part) {
      const from = options.sourceOf(line);
      const group = groups.get(from) ?? [];
      group.push({ target: line.target, old: line.old, new: line.new });
      groups.set(from, group);
    }
    for (const [from, updates] of groups) {
      const size = options.job.atomic ? updates.length : options.batch;
      for (let at = 0; at < updates.length; at += size) result.push({ from, updates: updates.slice(at, at + size) });
    }
  }
  return result;
}

function isDeletion(line: PlannedRef): boolean {
  return line.action === 'delete';
}

interface Sent {
  readonly name: Transfer['name'];
  readonly outcome: TransferOutcome;
}

async function sendBatch(
  from: Endpoint,
  updates: readonly RefUpdate[],
  options: ApplyOptions,
): Promise<readonly Sent[]> {
  const sent: Sent[] = [];
  let open = updates;
  for (const transfer of options.transfers) {
    if (open.length === 0) break;
    const outcome = await options.retry(open, (rest) =>
      transfer.run({ ...options.job, from, sameRepository: sameRepository(from, options.job.to), updates: rest }),
    );
    sent.push({ name: transfer.name, outcome });
    if (outcome.left.length > 0) options.onLeft?.(transfer.name, outcome.left.length, outcome.reason ?? '');
    const suspect = options.job.atomic ? [] : spoiled(open, outcome);
    if (suspect.length > 0) sent.push(...(await sendHalves(from, suspect, options)));
    open = outcome.left;
  }
  if (open.length > 0) sent.push({ name: 'full', outcome: refuseAll(open) });
  return sent;
}

/**
 * Updates that were refused together, because the pack as a whole was (an object that the server's fsck rejects, a size limit).
 * One of them spoils the rest, so they are sent again by halves until it stands alone with the remote's reason.
 */
function spoiled(open: readonly RefUpdate[], { results }: TransferOutcome): readonly RefUpdate[] {
  const whole = results.every((result) => !result.ok && packRefusal.test(result.reason));
  if (!whole || results.length < 2) return [];
  const targets = new Set(results.map((result) => result.target));
  return open.filter((update) => targets.has(update.target));
}

const packRefusal = /unpack|index-pack|missing necessary objects|pack exceeds/;

async function sendHalves(
  from: Endpoint,
  updates: readonly RefUpdate[],
  options: ApplyOptions,
): Promise<readonly Sent[]> {
  const middle = Math.ceil(updates.length / 2);
  const first = await sendBatch(from, updates.slice(0, middle), options);
  return [...first, ...(await sendBatch(from, updates.slice(middle), options))];
}

function refuseAll(updates: readonly RefUpdate[]): TransferOutcome {
  const reason = 'no way to move its objects was left (see --verbose)';
  return { ...leaveAll([], reason), results: updates.map(({ target }) => ({ target, ok: false, reason })) };
}
