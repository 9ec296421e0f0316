import type { Change } from '../model/change.ts';

/**
 * Each change once, in ascending order of number. Pages are cut anew for every request, so one that is reopened while a
 * listing is read may come twice.
 */
export function eachOnce(changes: readonly Change[]): readonly Change[] {
  const byNumber = new Map(changes.map((change) => [change.number, change]));
  return [...byNumber.values()].toSorted((a, b) => a.number - b.number);
}
