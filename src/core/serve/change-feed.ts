import { isEnded } from '../jobs/states.ts';
import type { StoreChange } from '../jobs/store.ts';
import type { Changed } from './read-model.ts';

/** What a change of the store means to those who look at pages (pure). */
export function changesOf(change: StoreChange): readonly Changed[] {
  const { id } = change;
  if (change.kind === 'delivery') return [{ kind: 'delivery', id }];
  const log: readonly Changed[] = isEnded(change.state) ? [{ kind: 'log', id }] : [];
  return [{ kind: 'run', id }, { kind: 'repository', id: change.repo }, ...log];
}

/** Hands changes to whoever listens at the moment. */
export interface ChangeFeed {
  tell(change: Changed): void;
  /** What changes from the call on, until the signal aborts. A slow reader loses repetitions only. */
  listen(signal: AbortSignal): AsyncIterable<Changed>;
}

export function changeFeed(): ChangeFeed {
  const readers = new Set<(change: Changed) => void>();
  return {
    tell(change) {
      for (const reader of readers) reader(change);
    },
    listen(signal) {
      const waiting = new Map<string, Changed>();
      let wake = Promise.withResolvers<void>();
      const reader = (change: Changed) => {
        const key = `${change.kind} ${change.id}`;
        // The last one counts: what comes behind it in the queue was before it.
        waiting.delete(key);
        waiting.set(key, change);
        wake.resolve();
      };
      const end = () => {
        readers.delete(reader);
        wake.resolve();
      };
      if (!signal.aborted) readers.add(reader);
      signal.addEventListener('abort', end, { once: true });
      return (async function* () {
        try {
          while (!signal.aborted) {
            const [next] = waiting;
            if (next === undefined) {
              await wake.promise;
              wake = Promise.withResolvers<void>();
              continue;
            }
            waiting.delete(next[0]);
            yield next[1];
          }
        } finally {
          end();
        }
      })();
    },
  };
}
