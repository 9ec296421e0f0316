import type { Change } from '../model/change.ts';
import type { RefName } from '../model/ref.ts';
import type { CommitStatus } from '../model/status.ts';
import type { CallOptions } from './call-options.ts';
import type {
  ChangeSearchRole,
  ChecksRole,
  CodeOwnersRole,
  CommitsRole,
  DiscussionRole,
  MembersRole,
  ReviewsRole,
  SurveyRole,
} from './review-roles.ts';
import type { HooksRole, WebhooksRole } from './webhooks-role.ts';

export type { CallOptions };

export type ForgeType = 'github' | 'gitlab' | 'gitea' | 'bitbucket' | 'bitbucket-datacenter';

/**
 * A forge is a set of small optional roles. A role that a forge does not have is absent, so the caller can say by name
 * what is missing ("bitbucket-datacenter cannot …") and the type checker makes sure that it does.
 * Repositories are named by their path on the forge: `owner/name`; `group/sub/name` on GitLab; `PROJECT/slug` on
 * Bitbucket Data Center (`~user/slug` for personal ones).
 */
export interface Forge {
  readonly type: ForgeType | (string & {});
  /** The configured alias, for messages: `gh`, `lab`, … */
  readonly alias: string;
  /** Origin (and path prefix) of the web pages, without a trailing slash: `https://github.com`. */
  readonly webUrl: string;
  /** Base of the API, without a trailing slash: `https://api.github.com`. */
  readonly apiUrl: string;
  /** The forge's own words, for people: `pull request` with `#12`, `merge request` with `!12`. */
  readonly words: { readonly change: string; readonly sigil: '#' | '!' };
  /** HTTPS URL for git, built from the configuration and the path, never from a payload. */
  cloneUrl(repo: string): string;
  /** The repository path of a git URL (http, ssh or scp-like) that points at this forge, else undefined. */
  repoOf(gitUrl: string): string | undefined;
  /**
   * What git sends over HTTP(S) for this repository (a GitHub App has another token for every owner); undefined when the
   * alias has no credential. Ask anew for each run of git: it may end after an hour.
   * `bearer` is for servers that take `Authorization: Bearer`; otherwise the pair is used for Basic authentication.
   */
  gitCredential(repo: string, options?: CallOptions): Promise<GitCredential | undefined>;
  readonly changes?: ChangesRole;
  readonly repositories?: RepositoriesRole;
  readonly statuses?: StatusesRole;
  readonly changeSearch?: ChangeSearchRole;
  readonly reviews?: ReviewsRole;
  readonly checks?: ChecksRole;
  readonly commits?: CommitsRole;
  readonly members?: MembersRole;
  readonly discussion?: DiscussionRole;
  readonly codeOwners?: CodeOwnersRole;
  readonly survey?: SurveyRole;
  readonly webhooks?: WebhooksRole;
  readonly hooks?: HooksRole;
}

export type GitCredential =
  | { readonly kind: 'basic'; readonly username: string; readonly password: string }
  | { readonly kind: 'bearer'; readonly token: string };

export interface ChangesRole {
  /** Every open change request of the repository, all pages, in ascending order of number. */
  listOpen(repo: string, options?: CallOptions): Promise<readonly Change[]>;
  /** One change request; undefined when it does not exist. */
  find(repo: string, number: number, options?: CallOptions): Promise<Change | undefined>;
  /**
   * Where git finds the head's commit: a ref of the base repository (`refs/pull/12/head`), or, on forges without such refs
   * (Bitbucket Cloud), a branch of the head's own repository. Undefined when that repository is gone.
   */
  headLocation(repo: string, change: Change): { readonly repo: string; readonly ref: RefName } | undefined;
}

export interface Repository {
  readonly path: string;
  readonly private: boolean;
  readonly defaultBranch: string | undefined;
}

export interface RepositoriesRole {
  /** Undefined when it does not exist or the credential may not see it. */
  find(repo: string, options?: CallOptions): Promise<Repository | undefined>;
  /** Creates an empty repository. One that exists already is success with `created: false`. */
  create(
    repo: string,
    want: { readonly private: boolean; readonly description?: string },
    options?: CallOptions,
  ): Promise<{ readonly repository: Repository; readonly created: boolean }>;
}

export interface StatusesRole {
  /** Longest description that the forge takes, in UTF-16 units (code points never are more than those); `set` cuts longer ones. */
  readonly descriptionLimit: number;
  /**
   * Sets the status of one context on a commit; the same context again replaces it. Setting it twice does no harm, so it is
   * retried like a read. What the forge has no room for is cut (description, context) or left out (target URL), and known
   * secrets are blanked out. Throws SluiceError: `not-found` for an unknown commit or repository, `denied` with the needed
   * permission in its hint, `usage` for an abbreviated sha, an empty context or a target URL that is not plain http(s).
   */
  set(repo: string, status: CommitStatus, options?: CallOptions): Promise<void>;
}
