/** Whom a forge asks about a path. No API says whose account an address belongs to. */
export type CodeOwner =
  | { readonly kind: 'login'; readonly login: string }
  /** `org/team`. */
  | { readonly kind: 'team'; readonly team: string }
  | { readonly kind: 'email'; readonly email: string };

/** Who must approve a part of what a change brings; any of the owners may. */
export interface OwnedPart {
  /** As the forge writes it: the pattern of CODEOWNERS, on GitLab with its section. */
  readonly name: string;
  /** What of the change is in it; empty where the forge does not say. */
  readonly paths: readonly string[];
  /** Approvals by owners that are needed, at least one. */
  readonly required: number;
  /** Empty: the forge lets none of them approve. */
  readonly owners: readonly CodeOwner[];
}
