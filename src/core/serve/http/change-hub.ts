import { setTimeout as sleep } from 'node:timers/promises';
import type { Changed, ServeReads } from '../read-model.ts';
import type { ServerPorts } from './ports.ts';

/** One reader of the store's changes for all open pages. */
export interface ChangeHub {
  /** Returns what ends the subscription. */
  subscribe(listener: (changed: Changed) => void): () => void;
  /** When something last changed; 0: not since the start. */
  lastAt(): number;
}

const againMs = 1000;

/** Reads until the signal aborts; a failing store is asked again every second. */
export function openChangeHub(
  { reads, log, now }: Pick<ServerPorts, 'log' | 'now'> & { readonly reads: Pick<ServeReads, 'changes'> },
  signal: AbortSignal,
): ChangeHub {
  const listeners = new Set<(changed: Changed) => void>();
  let lastAt = 0;

  async function read(): Promise<void> {
    while (!signal.aborted) {
      try {
        for await (const changed of reads.changes(signal)) {
          lastAt = now();
          for (const listener of listeners) listener(changed);
        }
      } catch (error) {
        log.warn('pages do not hear of changes at the moment', { reason: String(error) });
      }
      await sleep(againMs, undefined, { signal, ref: false }).catch(() => undefined);
    }
  }
  void read();
  return {
    subscribe(listener) {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    lastAt: () => lastAt,
  };
}
