import type { Change } from '../model/change.ts';

/** Each change once (pages are cut anew for every request), the open ones first, then by number with the newest first. */
export function openFirst(changes: readonly Change[]): readonly Change[] {
  const byNumber = new Map(changes.map((change) => [change.number, change]));
  const rank = ({ state }: Change) => (state === 'open' ? 0 : 1);
  return [...byNumber.values()].toSorted((a, b) => rank(a) - rank(b) || b.number - a.number);
}
