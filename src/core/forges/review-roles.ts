import type { Account } from '../model/account.ts';
import type { Change } from '../model/change.ts';
import type { Check } from '../model/check.ts';
import type { OwnedPart } from '../model/code-owners.ts';
import type { Oid } from '../model/ref.ts';
import type { ReviewHistory } from '../model/review.ts';
import type { CallOptions } from './call-options.ts';

// What `gate` and the trust policies ask. All of them fail closed: an answer that is missing, partial or malformed is a SluiceError,
// never an empty list.

/** What a pusher knows about the change request that speaks for a commit. */
export type ChangeQuery =
  /** The head's branch, in the repository `headRepo` (default: the base repository itself). */
  | { readonly kind: 'branch'; readonly branch: string; readonly headRepo?: string | undefined }
  /** Change requests whose head is this commit, or that contain it. */
  | { readonly kind: 'commit'; readonly sha: Oid }
  | { readonly kind: 'label'; readonly label: string };

/** Finds change requests of any state whose base is the repository; the open ones first, then the newest. All pages. */
export interface ChangeSearchRole {
  search(repo: string, query: ChangeQuery, options?: CallOptions): Promise<readonly Change[]>;
}

export interface ReviewsRole {
  list(repo: string, change: Change, options?: CallOptions): Promise<ReviewHistory>;
}

export interface ChecksRole {
  /** True: the forge itself says which app reported a check. Elsewhere no app can ever have reported one. */
  readonly vouchesForApps?: true;
  /** Every check of the commit on this repository and no other. An unknown commit has none. */
  list(repo: string, sha: Oid, options?: CallOptions): Promise<readonly Check[]>;
}

/** Author, committer and co-authors of one commit, as far as the forge links them with accounts. */
export interface CommitPerson {
  readonly account: Account | undefined;
  /** As the commit itself says; chosen by whoever wrote it. */
  readonly name: string | undefined;
  readonly email: string | undefined;
}

export interface CommitsRole {
  /** Undefined: the repository has no such commit. */
  people(repo: string, sha: Oid, options?: CallOptions): Promise<readonly CommitPerson[] | undefined>;
  /** Whether `ancestor` is `descendant` or can be reached from it; undefined: one of them is not there. */
  isAncestor(repo: string, ancestor: Oid, descendant: Oid, options?: CallOptions): Promise<boolean | undefined>;
  /** The commit that the branch of exactly this name is at now, never that of a tag; undefined: there is no such branch. */
  tip(repo: string, branch: string, options?: CallOptions): Promise<Oid | undefined>;
}

export interface MembersRole {
  /** Whether this person may push to the repository now. Asked with a credential that may see it, else SluiceError `denied`. */
  canWrite(repo: string, login: string, options?: CallOptions): Promise<boolean>;
  /** Logins of a team's members: `org/team` (GitHub, Gitea), a group's path (GitLab), a group's name (Bitbucket). Undefined: no such team. */
  team?(team: string, options?: CallOptions): Promise<readonly string[] | undefined>;
}

/** Who owns what a change request brings, by the file CODEOWNERS of its base branch. */
export interface CodeOwnersRole {
  /**
   * Of everything that the commit brings to the base branch of the change, which parts have owners; none of them: no owned path is touched.
   * Undefined: the base branch has no CODEOWNERS file. What cannot be told of exactly this commit is a SluiceError.
   */
  list(repo: string, change: Change, sha: Oid, options?: CallOptions): Promise<readonly OwnedPart[] | undefined>;
}

/** Something that a person did to a change request. */
export interface Deed {
  readonly by: Account | undefined;
  /** Milliseconds since the epoch by the forge's clock. */
  readonly at: number | undefined;
  /** The head at that time, where the forge writes it down. */
  readonly commit: Oid | undefined;
}

/** What people said and did beside reviews, for the trust policies. */
export interface DiscussionRole {
  /** The labels that are on it now, each with its last addition. */
  labels?(repo: string, number: number, options?: CallOptions): Promise<readonly (Deed & { readonly name: string })[]>;
  /** Oldest first; `at` is when it was written, not edited. */
  comments(repo: string, number: number, options?: CallOptions): Promise<readonly (Deed & { readonly text: string })[]>;
  /** When the forge received the present head (never the commit's own date); undefined: it does not tell. */
  headSince(repo: string, change: Change, options?: CallOptions): Promise<number | undefined>;
  /** Every path that it touches, under old and new names. */
  changedPaths(repo: string, number: number, options?: CallOptions): Promise<readonly string[]>;
  /** The forge's word for the author's relation to the repository, upper case (`MEMBER`); only where there is such a word. */
  association?(repo: string, number: number, options?: CallOptions): Promise<string | undefined>;
}

/** What a survey is asked to bring along. */
export interface SurveyNeeds {
  readonly reviews: boolean;
  readonly checks: boolean;
  readonly people: boolean;
}

/**
 * A change request with what was asked of it; reviews, checks and people are of `change.head.sha`. What is undefined did not come along
 * (not asked for, or too long of a change that is not open): the role says it.
 */
export interface SurveyedChange {
  readonly change: Change;
  readonly reviews: ReviewHistory | undefined;
  readonly checks: readonly Check[] | undefined;
  readonly people: readonly CommitPerson[] | undefined;
}

/**
 * One request instead of many, where the forge offers it (GitHub's GraphQL). A server that has no such thing answers undefined, and the
 * roles are asked one by one. What did not fit on the first page of an open change is asked for before it resolves.
 */
export interface SurveyRole {
  survey(
    repo: string,
    query: ChangeQuery,
    needs: SurveyNeeds,
    options?: CallOptions,
  ): Promise<readonly SurveyedChange[] | undefined>;
}
