import type { RunEvent } from '../config/config.ts';
import type { RefName } from '../model/ref.ts';
import type { RepoName } from './repo-pattern.ts';

/** How one entry of `repositories:` is mirrored, as far as routing needs it. */
export interface MirrorRule {
  /** The entry's own name when it is mirrored into itself; undefined: a repository of no forge, which sends no deliveries. */
  readonly to: RepoName | undefined;
  /** Undefined: change requests are not mirrored. */
  readonly changes: { readonly includeInternal: boolean } | undefined;
  /** Whether this branch, tag or other ref of the source is mirrored. */
  readonly selects: (ref: RefName) => boolean;
  /** Whether the mapping may have made this ref of the destination. */
  readonly owns: (ref: RefName) => boolean;
}

export interface RunRule {
  readonly name: string;
  readonly on: readonly RunEvent[];
  /** By short name: of the branch or tag, of a change request's base. */
  readonly runsFor: (name: string) => boolean;
}

/** What is configured for one entry of `repositories:`; its name may be a pattern. */
export interface RepositoryRules {
  readonly repo: RepoName;
  readonly mirror: MirrorRule | undefined;
  readonly runs: readonly RunRule[];
  /** Pushes that sluice itself made run scripts too. */
  readonly runMirrored: boolean;
  /** Outcomes of scripts are set as commit statuses. */
  readonly reports: boolean;
}

/** Everything that routing a delivery of one source depends on. */
export interface RouteRules {
  readonly own: RepositoryRules;
  /** Of all entries, this one among them: a repository may be another one's mirror. */
  readonly all: readonly RepositoryRules[];
  /** Names of the files in the hooks directory. */
  readonly scripts: readonly string[];
}
