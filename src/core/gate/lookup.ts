import type { Change } from '../model/change.ts';
import type { LookupFacts, UnknownFact } from '../model/gate-facts.ts';
import type { Oid } from '../model/ref.ts';
import { isKnown } from './facts.ts';

/** Which of the change requests that were found speak for a push. */
export type Choice =
  /**
   * Each of them must pass: two open ones for one head may have been reviewed by different people for different reasons. `speaks`: they
   * are open and have the pushed commit; else they only come nearest.
   */
  | { readonly kind: 'found'; readonly changes: readonly Change[]; readonly speaks: boolean }
  /** A lookup failed before one was found. */
  | { readonly kind: 'unknown'; readonly unknown: UnknownFact }
  /** `others`: found, but not of this repository or for this push. */
  | { readonly kind: 'none'; readonly others: readonly Change[] };

export interface ChoiceScope {
  /** Path of the repository that was asked. */
  readonly repo: string;
  /** The pushed commit. */
  readonly sha: Oid;
  /** Whether the pushed commit is the head or an ancestor of it; undefined: not known. Only asked where ancestors are allowed. */
  readonly contains?: ((change: Change) => boolean | undefined) | undefined;
}

/**
 * The lookups in order: the first that finds an open change request of this repository with the pushed commit for a head decides. Without
 * one, what comes nearest is judged, so that the verdict can say what is wrong with it: an open one with another head, then a closed or
 * merged one of exactly this commit, or of nobody knows which.
 */
export function chooseChanges(lookups: readonly LookupFacts[], scope: ChoiceScope): Choice {
  const open: (readonly Change[])[] = [];
  const ended: (readonly Change[])[] = [];
  const others: Change[] = [];
  for (const { found } of lookups) {
    if (!isKnown(found)) return { kind: 'unknown', unknown: found.unknown };
    const own = found.known.filter((change) => isOwn(change, scope.repo));
    const speaking = speakers(own, scope);
    if (speaking.length > 0) return { kind: 'found', changes: speaking, speaks: true };
    open.push(own.filter(({ state }) => state === 'open'));
    // Of one whose head the forge does not tell whole nobody knows that it is not this one.
    ended.push(own.filter(({ state, head }) => state !== 'open' && (head.sha ?? scope.sha) === scope.sha));
    others.push(...found.known);
  }
  const nearest = [...open, ...ended].find((changes) => changes.length > 0);
  return nearest === undefined ? { kind: 'none', others } : { kind: 'found', changes: nearest, speaks: false };
}

/** Head and base are both in the repository: who may open a branch of this name elsewhere has no say here. */
export function isOwn({ head, base }: Change, repo: string): boolean {
  return sameRepo(head.repo, repo) && sameRepo(base.repo ?? repo, repo);
}

/** The open ones that have, or may have, the pushed commit for a head. */
function speakers(own: readonly Change[], { sha, contains }: ChoiceScope): readonly Change[] {
  const open = own.filter(({ state }) => state === 'open');
  const exact = open.filter(({ head }) => head.sha === sha || head.sha === undefined);
  if (exact.length > 0 || contains === undefined) return exact;
  return open.filter((change) => contains(change) !== false);
}

/** Paths on forges differ in case only by how they are written. */
export function sameRepo(a: string | undefined, b: string): boolean {
  return a !== undefined && a.toLowerCase() === b.toLowerCase();
}
