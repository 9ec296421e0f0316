import type { Account } from './account.ts';
import type { Change } from './change.ts';
import type { Check } from './check.ts';
import type { OwnedPart } from './code-owners.ts';
import type { Oid, RefName } from './ref.ts';
import type { ReviewHistory } from './review.ts';

// What the gate knows when it judges: plain data that survives JSON, each fact with the commit or the change request that it is about.

/** What a forge was asked: its answer, or why there is none. Nothing that is unknown ever counts in favour. */
export type Fact<T> = { readonly known: T } | { readonly unknown: UnknownFact };

export interface UnknownFact {
  /** What was being asked: `list the reviews of int:security/app #7`. */
  readonly request: string;
  readonly problem: string;
  /** The next step, a sentence. */
  readonly hint: string | null;
  /** Milliseconds after which asking again makes sense, where the forge said so. */
  readonly retryAfterMs: number | null;
}

/** One ref of a push. */
export interface Push {
  /** `other`: neither a branch nor a tag, such as `refs/notes/x`. */
  readonly kind: 'branch' | 'tag' | 'other';
  readonly ref: RefName;
  /** Short name of a branch or tag; other refs whole. */
  readonly branch: string;
  /** What the ref shall point at; null: it is to be deleted. */
  readonly sha: Oid | null;
}

export interface GateFacts {
  readonly version: 1;
  readonly push: Push;
  readonly forks: readonly ForkFacts[];
}

/** What one internal repository knows of a push. */
export interface ForkFacts {
  /** As the user writes it: `int:security/app`. */
  readonly fork: string;
  /** Its path on the forge. */
  readonly repo: string;
  /** The forge's own word for a change request and its sigil. */
  readonly words: { readonly change: string; readonly sigil: string };
  /** Whether the forge says which app reported a check; undefined: not known. */
  readonly apps?: boolean | undefined;
  /** In the order of asking; the first that found a change request for the push is the last one here. */
  readonly lookups: readonly LookupFacts[];
  /** Of the change requests that may speak for the push. */
  readonly changes: readonly ChangeFacts[];
  /** Of the pushed commit. */
  readonly checks: Fact<readonly Check[]>;
  /** Author, committer and co-authors of the pushed commit. */
  readonly people: Fact<readonly CommitPersonFact[]>;
  /** Those that the policy names, and those that own a part of what a change request brings. */
  readonly teams: readonly TeamFacts[];
}

export interface LookupFacts {
  /** In words: `by branch feature/x`, `by commit 1234567890`, `by label outbound`. */
  readonly by: string;
  readonly found: Fact<readonly Change[]>;
}

export interface ChangeFacts {
  readonly number: number;
  readonly reviews: Fact<ReviewHistory>;
  /** Of the change request's head, when that is not the pushed commit. */
  readonly people: Fact<readonly CommitPersonFact[]>;
  /** Whether the pushed commit is the head or one of its ancestors. */
  readonly contains: Fact<boolean>;
  /** Who must approve what the pushed commit brings to the base branch; left out: nobody asked. */
  readonly codeOwners?: Fact<readonly OwnedPart[]> | undefined;
  /** Whether the pushed commit has all of the base branch in its history; left out: nobody asked. */
  readonly upToDate?: Fact<boolean> | undefined;
}

export interface CommitPersonFact {
  /** Undefined: the forge links the commit's words with no account. */
  readonly account: Account | undefined;
  readonly name: string | undefined;
  readonly email: string | undefined;
}

export interface TeamFacts {
  readonly team: string;
  /** Logins. */
  readonly members: Fact<readonly string[]>;
}
