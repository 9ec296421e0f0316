import type { StateDatabase, Writing } from './state/access.ts';

/** As `StateDatabase.write`, together with whatever else is to be written now; resolves when it is on the disk. */
export type Batch = <T>(purpose: string, step: (tx: Writing) => T) => Promise<T>;

interface Entry {
  readonly purpose: string;
  readonly attempt: (tx: Writing) => void;
  readonly resolve: () => void;
  readonly reject: (error: unknown) => void;
}

/**
 * One transaction for all steps of one turn of the event loop: what costs time in a commit is the disk, and the first sight of a thousand
 * repositories would wait for it a thousand times. A step may be taken twice: when one of them fails, each gets a transaction of its own.
 */
export function openBatch(db: StateDatabase): Batch {
  let waiting: Entry[] = [];

  function flush(): void {
    const entries = waiting;
    waiting = [];
    const [only, second] = entries;
    if (only === undefined) return;
    if (second === undefined) {
      alone(only);
      return;
    }
    try {
      db.write(`${only.purpose}, and ${entries.length - 1} more`, (tx) => {
        for (const { attempt } of entries) attempt(tx);
      });
    } catch {
      for (const entry of entries) alone(entry);
      return;
    }
    for (const { resolve } of entries) resolve();
  }

  function alone({ purpose, attempt, resolve, reject }: Entry): void {
    try {
      db.write(purpose, attempt);
    } catch (error) {
      reject(error);
      return;
    }
    resolve();
  }

  return <T>(purpose: string, step: (tx: Writing) => T) =>
    new Promise<T>((resolve, reject) => {
      let result: { readonly value: T } | undefined;
      const attempt = (tx: Writing) => {
        result = { value: step(tx) };
      };
      // The last attempt is the one that was committed.
      waiting.push({ purpose, attempt, resolve: () => result && resolve(result.value), reject });
      if (waiting.length === 1) setImmediate(flush);
    });
}
