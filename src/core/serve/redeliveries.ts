import { toSluiceError } from '../errors.ts';
import type { JobStore } from '../jobs/store.ts';
import { formatDuration } from '../model/duration.ts';
import type { Log } from '../plugins/command.ts';

/** A delivery that did not arrive, and how to have it sent again. */
export interface LostDelivery {
  /** The same for every attempt of the forge at it. */
  readonly guid: string;
  readonly redeliver: () => Promise<void>;
}

export interface RedeliveryPorts {
  readonly store: Pick<JobStore, 'delivery'>;
  readonly log: Pick<Log, 'info' | 'warn'>;
  /** Milliseconds since the epoch. */
  readonly now: () => number;
}

/** Six times within 5 h 10 min: what has not come by then fails for a reason that stays. */
const mostTimes = 6;
const firstPauseMs = 10 * 60_000;
/** By then no forge lists it any more. */
const forgetMs = 7 * 86_400_000;

interface Owed {
  readonly lost: LostDelivery;
  readonly times: number;
  readonly notBefore: number;
}

/**
 * Asks for what did not arrive, with growing pauses: a redelivery that fails is on the forge's list of failures again, and would else be
 * asked for at every look, for ever.
 */
export function openRedeliveries({ store, log, now }: RedeliveryPorts) {
  const owed = new Map<string, Owed>();

  async function ask(guid: string, one: Owed): Promise<void> {
    const { lost, times } = one;
    // Also one whose answer got lost on the way back.
    if (times > mostTimes || (await store.delivery(guid)) !== undefined) {
      owed.delete(guid);
    } else if (times === mostTimes) {
      // Kept for a while, so that the attempt that failed last is not taken for a new loss.
      owed.set(guid, { lost, times: times + 1, notBefore: now() + forgetMs });
      log.warn(
        `the delivery ${guid} was sent again ${times} times and never arrived: the forge's page of the webhook says why (address, secret, size)`,
        { delivery: guid },
      );
    } else await sendAgain(guid, one);
  }

  async function sendAgain(guid: string, one: Owed): Promise<void> {
    const { lost, times } = one;
    const pauseMs = firstPauseMs * 2 ** times;
    owed.set(guid, { lost, times: times + 1, notBefore: now() + pauseMs });
    try {
      await lost.redeliver();
      log.info(`the delivery ${guid} had failed and is sent again (it is looked for in ${formatDuration(pauseMs)})`, {
        delivery: guid,
      });
    } catch (thrown) {
      const { message, retryable } = toSluiceError(thrown);
      if (retryable) {
        // The forge does not answer: that was no attempt, and the rest would fail like this.
        owed.set(guid, one);
        throw thrown;
      }
      log.warn(`the delivery ${guid} had failed and cannot be sent again: ${message}`, { delivery: guid });
    }
  }

  return {
    /** With what the forge lists as failed since the last time. Throws when the forge cannot be asked now; nothing is forgotten by that. */
    async askFor(found: readonly LostDelivery[], signal: AbortSignal): Promise<void> {
      for (const lost of found) {
        const known = owed.get(lost.guid);
        // The newest failure is the one that can be sent again the longest.
        owed.set(lost.guid, known === undefined ? { lost, times: 0, notBefore: now() } : { ...known, lost });
      }
      for (const [guid, one] of owed) {
        if (signal.aborted) return;
        if (one.notBefore <= now()) await ask(guid, one);
      }
    },
  };
}
