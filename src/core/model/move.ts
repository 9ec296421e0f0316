import type { Oid } from './ref.ts';

/** A ref that moves from `old` to `new`; is it a fast-forward? */
export interface Move {
  readonly old: Oid;
  readonly new: Oid;
}

export type Ancestry = 'ancestor' | 'diverged' | 'unknown';

/** Names a move in maps. */
export function moveKey(move: Move): string {
  return `${move.old}..${move.new}`;
}
