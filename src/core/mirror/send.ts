import type { RefResult, RefUpdate, TransferOutcome } from '../git/transfer/transfer.ts';
import { type Applied, type Attempt, applyPlan } from './apply.ts';
import { forkEndpoint, refMap } from './changes.ts';
import type { Observed } from './observe.ts';
import type { PlannedRef } from './plan.ts';
import { destinationPrefixes } from './prefixes.ts';
import type { MirrorPorts, MirrorRequest } from './request.ts';
import { withRetries } from './retry.ts';

/** Applies the lines of a plan that change something. */
export async function sendPlan(
  request: MirrorRequest,
  ports: MirrorPorts,
  observed: Observed,
  lines: readonly PlannedRef[],
): Promise<Applied> {
  const { from, to, atomic, batch } = request;
  const forks = new Map<string, typeof from>();
  return await applyPlan(lines, {
    job: {
      context: ports.context,
      to,
      format: observed.format,
      emptyDestination: observed.destination.refs.length === 0,
      sourceTips: new Set(observed.source.refs.map((ref) => ref.oid)),
      atomic,
    },
    transfers: ports.transfers,
    batch,
    sourceOf(line) {
      const path = line.source?.repo;
      if (path === undefined) return from;
      const fork = forks.get(path) ?? forkEndpoint(from, path) ?? from;
      forks.set(path, fork);
      return fork;
    },
    retry: (updates, attempt) => retryUnlessLanded(request, ports, updates, attempt),
    onDone: (count) => ports.context.progress?.(`${count} of ${lines.length} refs sent to ${to.display}`),
    onLeft: (transfer, count, reason) => ports.debug(`${transfer}: ${count} refs are left for another way: ${reason}`),
  });
}

/**
 * A connection that breaks during a push may break after the destination took it, so before another attempt the destination
 * is read again: what already has its new value is done and is not sent twice.
 */
async function retryUnlessLanded(
  request: MirrorRequest,
  ports: MirrorPorts,
  updates: readonly RefUpdate[],
  attempt: Attempt,
): Promise<TransferOutcome> {
  let open = updates;
  const landed: RefResult[] = [];
  return await withRetries(ports.retry, async (tries) => {
    if (tries > 0) {
      const now = refMap(await ports.list(request.to, destinationPrefixes(request.selection)));
      landed.push(
        ...open
          .filter((update) => now.get(update.target) === update.new)
          .map(({ target }) => ({ target, ok: true as const })),
      );
      open = open.filter((update) => now.get(update.target) !== update.new);
    }
    if (open.length === 0) return { results: landed, left: [], messages: [] };
    const outcome = await attempt(open);
    return { ...outcome, results: [...landed, ...outcome.results] };
  });
}
