/**
 * Many short waits for one long-lived signal. An AbortSignal looks through all of its listeners whenever one is added or removed, so a
 * thousand that come and go would cost more than what they wait for: here the signal has one, which calls the others.
 */
const callbacks = new WeakMap<AbortSignal, Set<() => void>>();

/** Calls back once when the signal is aborted, which it must not be yet; the result takes that back. */
export function onAbort(signal: AbortSignal, callback: () => void): () => void {
  const known = callbacks.get(signal) ?? listenTo(signal);
  // A callback that is given twice is meant twice.
  const own = () => callback();
  known.add(own);
  return () => void known.delete(own);
}

function listenTo(signal: AbortSignal): Set<() => void> {
  const set = new Set<() => void>();
  callbacks.set(signal, set);
  signal.addEventListener(
    'abort',
    () => {
      for (const callback of set) callback();
      set.clear();
    },
    { once: true },
  );
  return set;
}
