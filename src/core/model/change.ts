import type { Oid } from './ref.ts';

/**
 * A change request: GitHub's and Gitea's pull request, GitLab's merge request, Bitbucket's pull request.
 * The code says "change" everywhere; the forge's own word is printed to people.
 */
export interface Change {
  readonly number: number;
  readonly title: string;
  readonly state: 'open' | 'closed' | 'merged';
  readonly draft: boolean;
  /** Login of the author; empty when the account was deleted. */
  readonly author: string;
  /** Page for people. */
  readonly url: string;
  readonly head: ChangeSide;
  readonly base: ChangeSide;
  /** True when head and base live in the same repository. */
  readonly internal: boolean;
}

export interface ChangeSide {
  /** `owner/name` (GitLab: the full path with groups); undefined when the fork was deleted or is not visible. */
  readonly repo: string | undefined;
  /** Short branch name. */
  readonly branch: string;
  /** Full object id, lower case; undefined where the forge gives only an abbreviation (Bitbucket Cloud). */
  readonly sha: Oid | undefined;
}
