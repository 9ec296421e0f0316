import type { Change } from '../model/change.ts';
import type { Check } from '../model/check.ts';
import type { Oid, RefName } from '../model/ref.ts';
import type { CommitStatus } from '../model/status.ts';
import type { MirrorData, ScriptData } from './job-data.ts';
import type { RepoName } from './repo-pattern.ts';

// What the handlers need of the world; the composition root fills it. Every call may take time and throws SluiceErrors.

/** A change request as its forge describes it now. */
export interface FoundChange {
  readonly change: Change;
  /** Full id of its head; undefined: it cannot be read (the fork is gone), and `problem` says so. */
  readonly head: Oid | undefined;
  readonly problem: string | undefined;
}

/** Undefined: there is no such change request. */
export type FindChange = (repo: RepoName, number: number, signal: AbortSignal) => Promise<FoundChange | undefined>;

export interface Verdict {
  readonly trusted: boolean;
  /** Who must do what before it is; empty for a yes. */
  readonly missing: string;
}

/** Whether code of this change request, as of this commit, may be mirrored or run. */
export type Judge = (
  question: {
    readonly repo: RepoName;
    readonly change: Change;
    readonly head: Oid;
    readonly purpose: 'mirror' | 'run';
  },
  signal: AbortSignal,
) => Promise<Verdict>;

/** What a branch or tag points to now; undefined: it is not there. */
export type FindTip = (repo: RepoName, ref: RefName, signal: AbortSignal) => Promise<Oid | undefined>;

export interface MirrorOrder {
  readonly repo: RepoName;
  readonly what: MirrorData['what'];
  /** For an open change request: the only commit that may be written. Undefined: it is not open, so its mirror goes. */
  readonly head?: Oid | undefined;
  readonly change?: Change | undefined;
}

export interface MirrorResult {
  /** One sentence for people: `pr/7 created`. */
  readonly summary: string;
  /** What the destination refused, in its own words. */
  readonly refused: readonly string[];
  /** A sentence for the log of the run, one for each ref. */
  readonly lines: readonly string[];
}

export type MirrorNow = (order: MirrorOrder, signal: AbortSignal) => Promise<MirrorResult>;

export interface ScriptOrder {
  /** Id of the run. */
  readonly run: string;
  readonly data: ScriptData;
  /** Undefined for a deleted ref. */
  readonly sha: Oid | undefined;
  readonly delivery: string | undefined;
  readonly payload: Uint8Array;
  readonly signal: AbortSignal;
  /** To be awaited before the script begins: what a later process needs to end it. */
  readonly onStart: (processes: string) => Promise<void>;
}

export interface ScriptResult {
  readonly state: 'success' | 'failure' | 'error' | 'timed-out' | 'cancelled' | 'skipped';
  readonly lastLine: string;
  readonly detail: string;
}

export type RunScript = (order: ScriptOrder) => Promise<ScriptResult>;

export type SetStatus = (repo: RepoName, status: CommitStatus, signal: AbortSignal) => Promise<void>;

/** What a repository's forge says of one check now; undefined: nothing, or the forge cannot be asked. */
export type FindCheck = (
  repo: RepoName,
  check: { readonly sha: Oid; readonly name: string },
  signal: AbortSignal,
) => Promise<Check | undefined>;
