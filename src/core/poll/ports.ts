import type { SluiceError } from '../errors.ts';
import type { CallOptions } from '../forges/forge.ts';
import type { Endpoint } from '../git/endpoint.ts';
import type { Oid, RefName, RemoteRef } from '../model/ref.ts';
import type { KnownRef } from './plan.ts';
import type { ResultKind, WatchedRepository } from './repository.ts';
import type { FinalState, ProcessGroup, Run } from './run.ts';

/** The refs of a remote. */
export interface Listing {
  /** More than the prefixes ask for may come back; undefined: the answer is the one that `unlessDigest` names. */
  readonly refs: readonly RemoteRef[] | undefined;
  /** Names this answer; undefined where the transport has no cheap one (git ls-remote). */
  readonly digest: string | undefined;
}

/** Lists the refs whose names begin with one of the prefixes. Its failures are SluiceErrors, with `retryAfterMs` where the server said so. */
export type ListRefsIfChanged = (
  endpoint: Endpoint,
  prefixes: readonly RefName[],
  call: { readonly signal: AbortSignal; readonly unlessDigest: string | undefined },
) => Promise<Listing>;

/** The head of an open change request, with the verdict of `core/trust` for exactly this commit. */
export interface ChangeHead {
  /** Unique for the change request: `refs/pull/7/head`; never under refs/heads/ or refs/tags/. */
  readonly ref: RefName;
  readonly oid: Oid;
  readonly number: number;
  /** Who must do what before it may run; undefined: trusted. */
  readonly blocked: string | undefined;
}

export interface ChangeHeads {
  readonly heads: readonly ChangeHead[];
  /** Heads of open change requests about which nothing can be said this time; nothing is concluded about them. */
  readonly undecided: ReadonlySet<RefName>;
  /** False: some of them are to be told at a later look, so a first sight is not over yet. */
  readonly complete: boolean;
  /** What kept it from being said, where somebody can do something about it. */
  readonly failure: SluiceError | undefined;
}

/** The heads of all open change requests of a repository; `known`: what the state holds of them, should somebody want to know. */
export type ListChangeHeads = (
  repository: WatchedRepository,
  known: () => ReadonlyMap<RefName, KnownRef>,
  call: { readonly signal: AbortSignal },
) => Promise<ChangeHeads>;

export interface PipelineRequest {
  readonly repository: WatchedRepository;
  readonly run: Run;
  /** Aborted to end the script; its reason is a SluiceError. */
  readonly signal: AbortSignal;
  /** To be called when the script is about to start: what a later process needs to find it again. Not for a run that is skipped. */
  readonly onStart: (started: Started) => void;
}

export interface Started {
  readonly group: ProcessGroup | undefined;
  /** Path of the log file; the same for every attempt of a run. */
  readonly log: string | undefined;
}

export interface PipelineOutcome {
  readonly state: Exclude<FinalState, 'superseded'>;
  readonly exitStatus?: number | undefined;
  readonly log?: string | undefined;
  readonly lastLine?: string | undefined;
  readonly detail?: string | undefined;
}

/**
 * Runs the script of one commit in its own checkout and waits until its whole process group has ended. A script's failure is an outcome;
 * what is thrown means that it could not be run, and a retryable SluiceError that it may be tried again.
 */
export type RunPipeline = (request: PipelineRequest) => Promise<PipelineOutcome>;

/** Ends what a sluice that died has left running; does nothing when the group is gone or another one has its number. */
export type KillOrphan = (group: ProcessGroup) => Promise<void>;

/** `blocked`: not run because nobody vouched for it; `pending`: the script has started. */
export type ReportPhase = 'blocked' | 'pending' | 'final';

export interface Report {
  /** The same for every attempt to send it, and for no other report: what makes sending twice harmless. */
  readonly key: string;
  readonly kind: ResultKind;
  readonly phase: ReportPhase;
  readonly run: Run;
}

export interface ReportReceipt {
  /** The commit that a `commit` report put on top of the branch; it is not a change to be run. */
  readonly ownCommit?: Oid | undefined;
}

/** Sends one report. A retryable SluiceError is tried again; any other is a refusal for good. */
export type SendReport = (
  repository: WatchedRepository,
  report: Report,
  call: Required<CallOptions>,
) => Promise<ReportReceipt>;

/** What the loops need of the world: all of it given, so that a test decides what time it is. */
export interface World {
  /** Milliseconds since the epoch; only written down, never compared. */
  readonly now: () => number;
  /** In [0, 1). */
  readonly random: () => number;
  /** Resolves after so many milliseconds, or at once when the signal is aborted; never rejects. */
  readonly wait: (ms: number, signal: AbortSignal) => Promise<void>;
}
