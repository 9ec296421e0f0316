import type { Oid } from '../model/ref.ts';

/**
 * What a forge says about a change request. Undefined means "not known", and what is not known never counts in favour.
 * Times are milliseconds since the epoch by the forge's own clock.
 */
export interface TrustFacts {
  /** The commit that is to be run; full object id. */
  readonly head: Oid | undefined;
  /** When the forge received this head. Never the commit's own date, which its author chooses. */
  readonly headSince: number | undefined;
  /** Head and base are in the same repository. */
  readonly internal: boolean | undefined;
  readonly author: Author | undefined;
  readonly labels: readonly LabelFact[] | undefined;
  /** Oldest first. */
  readonly reviews: readonly ReviewFact[] | undefined;
  readonly comments: readonly CommentFact[] | undefined;
  /** Paths that the change request touches, under their old and new names, all of them. */
  readonly changedPaths: readonly string[] | undefined;
}

export interface Person {
  readonly login: string;
  /** Has write access to the base repository (now). */
  readonly canWrite: boolean | undefined;
}

export interface Author {
  readonly login: string;
  /** GitHub's `author_association`, in its own upper-case words; undefined on forges that say no such thing. */
  readonly association: string | undefined;
}

/** Something that a person did to the change request, and what it was done to. */
export interface Given {
  readonly by: Person | undefined;
  readonly at: number | undefined;
  /** The head at that time, where the forge writes it down. */
  readonly commit: Oid | undefined;
}

/** A label that is there now, with its last addition. */
export interface LabelFact extends Given {
  readonly name: string;
}

export interface ReviewFact extends Given {
  readonly state: 'approved' | 'changes-requested' | 'dismissed' | 'commented';
}

/** `at` is when it was written; an edit does not make it newer. */
export interface CommentFact extends Given {
  readonly text: string;
}
