import type { CheckEvent } from '../model/event.ts';
import type { Oid, RefName } from '../model/ref.ts';
import type { StatusState } from '../model/status.ts';
import type { RepoName } from './repo-pattern.ts';
import type { ScriptEvent } from './script-name.ts';

// What the jobs of each queue carry, as JSON. Jobs outlive the process, and may be those of an older sluice: keys are only added.

/** Queue `mirror`. Everything else is read afresh: the refs, the change request, the configuration. */
export interface MirrorData {
  readonly repo: RepoName;
  readonly what: { readonly change: number } | { readonly ref: RefName } | 'everything';
  /** For pages only. */
  readonly title?: string | undefined;
  /** Whether statuses are set. */
  readonly reports?: boolean | undefined;
}

/** Queue `script`. */
export interface ScriptData {
  readonly repo: RepoName;
  readonly event: ScriptEvent;
  /** A file of the hooks directory, or the command of this name in the configuration. */
  readonly script: { readonly hook: string } | { readonly run: string };
  readonly ref: RefName;
  /** As the delivery says; what is run is what the ref points to now. Undefined: it was deleted. */
  readonly sha: Oid | undefined;
  readonly before: Oid | undefined;
  readonly change?: ChangeFacts | undefined;
  /** Whether statuses are set. */
  readonly reports: boolean;
}

/** Of a change request, for the arguments of a script. */
export interface ChangeFacts {
  readonly number: number;
  readonly title: string;
  /** The fork; undefined when it is gone. */
  readonly headRepo: string | undefined;
  readonly headBranch: string;
  readonly baseBranch: string;
}

/** Queue `status`. */
export interface StatusData {
  readonly repo: RepoName;
  readonly sha: Oid;
  readonly state: StatusState;
  readonly context: string;
  readonly description: string;
  readonly ref?: RefName | undefined;
  /** The run whose page is its target; undefined: `url`. */
  readonly run?: string | undefined;
  readonly url?: string | undefined;
  /** Of that run, for the log and the pages. */
  readonly delivery?: string | undefined;
}

/** Queue `report`: what a CI said of a mirrored commit, for the repository that it came from. */
export interface ReportData {
  readonly from: RepoName;
  readonly to: RepoName;
  readonly check: Pick<CheckEvent, 'sha' | 'name' | 'state' | 'description'> & { readonly url?: string | undefined };
}

/** Queue `judge`: runs of this change request that wait for a person are to be judged anew. */
export interface JudgeData {
  readonly repo: RepoName;
  readonly change: number;
}
