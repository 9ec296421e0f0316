import { SluiceError, toSluiceError } from '../errors.ts';
import { faultOf, type PollEvent } from './events.ts';
import { changeHeads, type LookPorts, listOnce, planFor, tellPlan } from './look.ts';
import { forEachRemote, type Remote } from './remote.ts';
import type { WatchedRepository } from './repository.ts';
import type { Reading } from './state/access.ts';
import { waitingRuns } from './state/history.ts';
import { findRepository } from './state/repositories.ts';
import { addToTally, emptyTally, type Tally } from './tally.ts';

export interface PreviewOptions {
  readonly repositories: readonly WatchedRepository[];
  readonly requestLimitMs: number;
  readonly signal: AbortSignal;
}

export interface PreviewPorts extends Pick<LookPorts, 'list' | 'listChangeHeads' | 'onEvent'> {
  /** Undefined: there is no state yet. */
  readonly db: Reading | undefined;
}

/** `--dry-run`: one look at everything, told as `planned` and `waiting` events. Nothing is written, run or reported. */
export async function preview({ repositories, ...options }: PreviewOptions, ports: PreviewPorts): Promise<Tally> {
  let tally = emptyTally;
  const onEvent = (event: PollEvent) => {
    tally = addToTally(tally, event);
    ports.onEvent(event);
  };
  for (const { key } of repositories) {
    for (const run of ports.db === undefined ? [] : waitingRuns(ports.db, key)) onEvent({ type: 'waiting', run });
  }
  await forEachRemote(repositories, (remote, slotsOfHost) =>
    slotsOfHost(() => previewRemote(remote, options, { ...ports, onEvent })),
  );
  return tally;
}

async function previewRemote(
  remote: Remote,
  { requestLimitMs, signal }: Omit<PreviewOptions, 'repositories'>,
  ports: PreviewPorts,
): Promise<void> {
  const { db, onEvent } = ports;
  const options = { limitMs: requestLimitMs, signal, asksForge: true };
  const fail = ({ key }: WatchedRepository, error: SluiceError) =>
    onEvent({ type: 'look-failed', repository: key, fault: faultOf(error), retryInMs: undefined });
  const listing = await listOnce(remote, { digest: undefined }, ports, options).catch(toSluiceError);
  for (const watcher of remote.watchers) {
    if (listing instanceof SluiceError) fail(watcher, listing);
    else {
      const heard = await changeHeads(watcher, ports, options);
      if (heard.failure !== undefined) fail(watcher, heard.failure);
      const row = db && findRepository(db, watcher.key);
      const { plan, before } = planFor(watcher, row, listing, heard, db);
      tellPlan(watcher, before === undefined, plan, onEvent);
      for (const change of plan.events) onEvent({ type: 'planned', repository: watcher.key, change });
    }
  }
}
