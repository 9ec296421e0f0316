import type { InProcess } from '../in-process.ts';
import { relay, type WireSession } from '../wire/wire.ts';
import { leaveAll, type RefUpdate, type Transfer, type TransferJob, type TransferOutcome } from './transfer.ts';

// A batch of ordinary changes stays far below; a rogue one (foreign history) goes above and is found by halving.
const batchPackBytes = 64 * 1024 * 1024;

/**
 * Passes the source's pack straight on to the destination, within this process: no disk, few requests, only the objects that the
 * destination lacks. Suits HTTP(S) on both sides; everything it cannot do is left for git.
 */
export function relayTransfer(inProcess: InProcess, agent: string): Transfer {
  return {
    name: 'relay',
    async run(job) {
      const [source, destination] = await Promise.all([inProcess.session(job.from), inProcess.session(job.to)]);
      if (source === undefined || destination === undefined) {
        return leaveAll(job.updates, 'both sides must be plain HTTP(S) for the relay');
      }
      try {
        return await relayBatch(job, { source, destination, agent }, job.updates);
      } catch (error) {
        // Everybody may read a public repository, so only the push asks for the login that the user's credential helper knows.
        if (!(await inProcess.isForGit(error, job.to))) throw error;
        const reason = error instanceof Error ? error.message : String(error);
        inProcess.giveUp(job.to, reason);
        return leaveAll(job.updates, reason);
      }
    },
  };
}

interface Ends {
  readonly source: WireSession;
  readonly destination: WireSession;
  readonly agent: string;
}

async function relayBatch(job: TransferJob, ends: Ends, updates: readonly RefUpdate[]): Promise<TransferOutcome> {
  const limited = updates.length > 1 && !job.atomic && !job.emptyDestination;
  const traffic = { sent: 0, received: 0 };
  using _shown = showTraffic(job, traffic);
  const outcome = await relay({
    ...ends,
    traffic,
    updates: updates.map((update) => ({ name: update.target, old: update.old, new: update.new })),
    atomic: job.atomic,
    sameRepository: job.sameRepository,
    sourceTips: job.sourceTips,
    signal: job.context.signal,
    ...(limited ? { limits: { packBytes: batchPackBytes } } : {}),
  });
  if (outcome.kind === 'unsuitable') return leaveAll(updates, outcome.reason);
  if (outcome.kind === 'too-large') return await relayHalves(job, ends, updates);
  return {
    results: outcome.results.map(({ name, ok, reason }) =>
      ok
        ? { target: name, ok }
        : { target: name, ok, reason: refusal(reason ?? 'no reason given', outcome.remoteMessages) },
    ),
    left: [],
    messages: outcome.remoteMessages,
    bytes: { up: outcome.bytesUp, down: outcome.bytesDown },
  };
}

const shownEveryMs = 200;

function showTraffic({ context, to }: TransferJob, traffic: { readonly sent: number }): Disposable {
  const timer = setInterval(() => {
    const amount =
      traffic.sent < 1e5 ? 'waiting for the source to collect them' : `${(traffic.sent / 1e6).toFixed(1)} MB`;
    context.progress?.(`passing objects on to ${to.display}: ${amount}`);
  }, shownEveryMs);
  return { [Symbol.dispose]: () => clearInterval(timer) };
}

/** receive-pack answers a lost race with "failed to update ref"; what it means stands in its messages. */
function refusal(reason: string, messages: readonly string[]): string {
  const race =
    /failed to update ref|incorrect old value/.test(reason) &&
    messages.some((message) => /is at \S+ but expected/.test(message));
  return race ? 'the destination ref changed meanwhile (stale info)' : reason;
}

async function relayHalves(job: TransferJob, ends: Ends, updates: readonly RefUpdate[]): Promise<TransferOutcome> {
  const middle = Math.ceil(updates.length / 2);
  const first = await relayBatch(job, ends, updates.slice(0, middle));
  const second = await relayBatch(job, ends, updates.slice(middle));
  const reason = first.reason ?? second.reason;
  return {
    results: [...first.results, ...second.results],
    left: [...first.left, ...second.left],
    ...(reason === undefined ? {} : { reason }),
    messages: [...first.messages, ...second.messages],
    bytes: {
      up: (first.bytes?.up ?? 0) + (second.bytes?.up ?? 0),
      down: (first.bytes?.down ?? 0) + (second.bytes?.down ?? 0),
    },
  };
}
