import { type JobState, jobStates } from '../jobs/states.ts';
import type { Oid, RefName } from '../model/ref.ts';

/**
 * What the pages, the API and the metrics read of the store, and what they may ask of it. A "run" is a job as people see it: one thing
 * that was done, or is to be done, because of one delivery (or of a reconciliation). Times are milliseconds since the epoch. Texts come
 * from forges, branches and scripts: nobody has made them harmless.
 */

/** In the order in which people shall see them. */
export const runStates = jobStates;

/**
 * `queued`: will start by itself, also between two attempts. `waiting`: until a person does something, which `detail` says.
 * `failure`: the script or the remote said no. `error`: it could not be tried, or sluice failed. The rest says itself.
 */
export type RunState = JobState;

export interface RunView {
  /** Of the job; fit for a URL after percent-encoding. */
  readonly id: string;
  /** What does the work: `mirror`, `script`, `status`, … */
  readonly kind: string;
  /** As the configuration writes it, for example `gh:acme/app`. */
  readonly repo: string;
  readonly ref: RefName | undefined;
  /** Short name of the branch or tag; undefined where there is none. */
  readonly branch: string | undefined;
  readonly sha: Oid | undefined;
  /** Page of the commit at the forge; made from the configuration, http(s) only. */
  readonly commitUrl: string | undefined;
  readonly change: ChangeLink | undefined;
  /** Script or configured command, or what is mirrored: the name that statuses carry too. */
  readonly name: string;
  /** The event that led to it, for example `push`, or `reconcile`. */
  readonly event: string;
  readonly state: RunState;
  readonly queuedAt: number;
  readonly startedAt: number | undefined;
  readonly finishedAt: number | undefined;
  /** When the next attempt may start; only while `queued`. */
  readonly notBefore: number | undefined;
  /** Last line of the output; empty when there is none. */
  readonly lastLine: string;
  /** One sentence that says why it is in this state and what to do; empty when the state says it all. */
  readonly detail: string;
  /** 1 for the first; 0 before it. */
  readonly attempt: number;
  readonly attempts: number;
  /** Given up for good and never replaced: it is on the list of dead letters until somebody retries it. */
  readonly dead: boolean;
  /** The delivery that led to it; undefined for reconciliation. */
  readonly delivery: string | undefined;
  /** The newer run that took its place. */
  readonly supersededBy: string | undefined;
  /** Bytes of log at hand; 0: none. Undefined: this kind of run never writes one, or it was removed after its time. */
  readonly logBytes: number | undefined;
}

export interface ChangeLink {
  readonly number: number;
  readonly title: string;
  /** Page of the change request; http(s) only. */
  readonly url: string | undefined;
  /** The forge's own word: `pull request`, `merge request`. */
  readonly word: string;
}

/** Newest first. `next` is the cursor of the following page; undefined on the last. */
export interface Page<T> {
  readonly items: readonly T[];
  readonly next: string | undefined;
}

export interface PageRequest {
  /** A cursor of an earlier answer, from a URL and thus perhaps made up: one that cannot be read means the first page. */
  readonly before?: string | undefined;
  readonly limit: number;
}

export interface RunFilter extends PageRequest {
  /** Exact. */
  readonly repo?: string | undefined;
  /** Exact short name. */
  readonly branch?: string | undefined;
  readonly states?: readonly RunState[] | undefined;
  /** Only those that led from this delivery. */
  readonly delivery?: string | undefined;
  /** Only dead letters. */
  readonly dead?: boolean | undefined;
}

/** Bytes of a log as they are in its file, and what is known about the whole. */
export interface LogPart {
  readonly offset: number;
  /** At most what was asked for; empty at or beyond the end. */
  readonly bytes: Uint8Array;
  /** Bytes in the whole log now. */
  readonly size: number;
  /** True when nobody writes to it any more. Asked before reading, so that with `true` these bytes are final. */
  readonly ended: boolean;
}

/** `accepted`: jobs were made. `ignored`: authentic, but nothing to do, which `reason` explains. */
export type DeliveryResult = 'accepted' | 'ignored';

/** `duplicate`: it came more than once, whatever became of it. */
export const deliveryResults = ['accepted', 'ignored', 'duplicate'] as const satisfies readonly (
  | DeliveryResult
  | 'duplicate'
)[];

export interface DeliveryView {
  /** The forge's delivery id; fit for a URL after percent-encoding. */
  readonly guid: string;
  readonly source: string;
  /** The forge's own word, for example `pull_request`. */
  readonly event: string;
  readonly repo: string | undefined;
  readonly receivedAt: number;
  readonly result: DeliveryResult;
  /** Why there is nothing to do; empty when there is. */
  readonly reason: string;
  readonly bytes: number;
  /** How often the forge sent it again under the same id. */
  readonly repeats: number;
  /** Jobs made of it, by state. */
  readonly runs: Readonly<Partial<Record<RunState, number>>>;
}

export interface DeliveryDetail extends DeliveryView {
  /** As received and not yet redacted: the pages do that. Lower-case names. */
  readonly headers: Readonly<Record<string, string>>;
  /** As received; undefined once it was removed after its time. */
  readonly body: Uint8Array | undefined;
}

export interface DeliveryFilter extends PageRequest {
  readonly source?: string | undefined;
  readonly repo?: string | undefined;
  readonly result?: (typeof deliveryResults)[number] | undefined;
}

export interface RepositoryHealth {
  readonly repo: string;
  /** Page of the repository at its forge; http(s) only. */
  readonly url: string | undefined;
  /**
   * `ok`: the last thing worked. `failing`: the last finished run did not. `unreachable`: the forge or remote does not answer.
   * `quiet`: nothing was ever received.
   */
  readonly health: 'ok' | 'failing' | 'unreachable' | 'quiet';
  /** One sentence for people: what is wrong and the next step; empty when all is well. */
  readonly detail: string;
  readonly lastDeliveryAt: number | undefined;
  readonly lastRun: { readonly id: string; readonly state: RunState; readonly at: number } | undefined;
  readonly lastReconciledAt: number | undefined;
  readonly queued: number;
  readonly running: number;
  readonly dead: number;
}

/** One gauge line of the queue, for `/metrics`. */
export interface QueueDepth {
  readonly kind: string;
  readonly state: 'queued' | 'waiting' | 'running' | 'dead';
  readonly count: number;
  /** Age of the oldest of them. */
  readonly oldestMs: number | undefined;
}

/** `kind` and `id` of something that has changed; `log` says that the log of a run has grown or ended. May name more than changed. */
export interface Changed {
  readonly kind: 'run' | 'log' | 'delivery' | 'repository';
  readonly id: string;
}

/** Reads of the store. Everything but `changes` answers within a time limit of its own, or throws SluiceError('unavailable'). */
export interface ServeReads {
  runs(filter: RunFilter): Promise<Page<RunView>>;
  run(id: string): Promise<RunView | undefined>;
  /** `offset` 0 … size, `limit` in bytes, at most 1 MiB. Undefined: no such run, or one without a log. */
  log(id: string, range: { readonly offset: number; readonly limit: number }): Promise<LogPart | undefined>;
  /**
   * Whatever changes from the call on (not from the first `next`), until the signal aborts; then it ends without an error. A slow
   * reader loses repeated names, never the last one of an id.
   */
  changes(signal: AbortSignal): AsyncIterable<Changed>;
  deliveries(filter: DeliveryFilter): Promise<Page<DeliveryView>>;
  delivery(guid: string): Promise<DeliveryDetail | undefined>;
  /** All that are configured, in the order of the configuration. */
  repositories(): Promise<readonly RepositoryHealth[]>;
  /** Names of webhook sources, in the order of the configuration. */
  sources(): Promise<readonly string[]>;
  queue(): Promise<readonly QueueDepth[]>;
  /** Resolves when the store takes writes; throws SluiceError with the reason otherwise. Asked by `/readyz`. */
  writable(): Promise<void>;
}

/** A refusal is a value: `conflict` means that the state does not allow it (any more), and `reason` says so in a sentence. */
export type ActionOutcome =
  | { readonly done: true; readonly message: string }
  | { readonly done: false; readonly refused: 'not-found' | 'conflict'; readonly reason: string };

/** What somebody with permission may ask for. `by` names who did, for the log. */
export interface ServeActions {
  /** A finished run goes back into the queue. */
  retry(id: string, by: string): Promise<ActionOutcome>;
  /** A queued, waiting or running one ends as `cancelled`. */
  cancel(id: string, by: string): Promise<ActionOutcome>;
  /** The stored bytes are handled as if they had just come. */
  replay(guid: string, by: string): Promise<ActionOutcome>;
}
