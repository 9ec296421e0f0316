import type { Oid, RefName } from '../model/ref.ts';
import type { JobState, OutcomeState } from './states.ts';

/** A delivery as it is stored: with headers and bytes exactly as received. */
export interface NewDelivery {
  /** The forge's id, the same for a redelivery. Unique for a source. */
  readonly guid: string;
  readonly source: string;
  /** The forge's own word for the event. */
  readonly event: string;
  /** As the configuration writes it; undefined: it is of no configured repository, or of none. */
  readonly repo: string | undefined;
  /** Milliseconds since the epoch, as all times here: for people only, the order is that of the ids. */
  readonly receivedAt: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Uint8Array;
  /** Why there is nothing to do; undefined when there is. */
  readonly reason: string | undefined;
}

export interface Delivery extends Omit<NewDelivery, 'body'> {
  readonly bytes: number;
  /** How often it came again under the same id. */
  readonly repeats: number;
}

export type Queue = 'mirror' | 'script' | 'status' | 'judge' | 'report';

/** What a job is about, for pages, filters and statuses; the handler may correct it when it knows better. */
export interface Subject {
  /** As the configuration writes it: `gh:acme/app`. */
  readonly repo: string;
  readonly event: string;
  readonly ref?: RefName | undefined;
  /** Short name of the branch or tag. */
  readonly branch?: string | undefined;
  readonly sha?: Oid | undefined;
  /** Number of the change request. */
  readonly change?: number | undefined;
}

export interface Patience {
  /** Most attempts, the first one included. */
  readonly attempts: number;
  /** Before the second; doubled for each further one, up to `longestMs`, ±10 %. */
  readonly delayMs: number;
  readonly longestMs: number;
}

export interface NewJob {
  /** Which of its delivery's jobs it is: the same rule of the same delivery is the same job. */
  readonly rule: string;
  readonly queue: Queue;
  /** What people call it: the script, the command, what is mirrored. */
  readonly name: string;
  readonly subject: Subject;
  /** Jobs of one lane run one at a time, in the order in which they came; one that waits for its next attempt holds up the rest. */
  readonly lane?: string | undefined;
  /** A newer job of the same key takes the place of those that have not begun (and wait for a person). */
  readonly key?: string | undefined;
  /** It also ends one of its key that is running, unless that works on the same commit. */
  readonly endsRunning?: boolean | undefined;
  /** What its handler needs; kept as JSON. */
  readonly data: object;
  readonly patience: Patience;
  /** Nothing to remember once it has succeeded (a status that was sent). */
  readonly forget?: boolean | undefined;
  /** Not before so many milliseconds from now. */
  readonly delayMs?: number | undefined;
}

export interface JobRow extends Pick<NewJob, 'rule' | 'queue' | 'name' | 'subject' | 'lane' | 'key'> {
  /** Decimal number; a later job has a larger one. */
  readonly id: string;
  /** As JSON gives it back: `undefined` is left out. */
  readonly data: unknown;
  readonly state: JobState;
  /** While running: what it shall end as, whatever comes of it. */
  readonly stop: 'cancelled' | 'superseded' | undefined;
  readonly attempt: number;
  readonly attempts: number;
  readonly queuedAt: number;
  readonly startedAt: number | undefined;
  readonly finishedAt: number | undefined;
  /** When the next attempt may start. */
  readonly notBefore: number | undefined;
  readonly lastLine: string;
  readonly detail: string;
  readonly delivery: string | undefined;
  readonly supersededBy: string | undefined;
  /** What `started` said of the processes that work on it. */
  readonly processes: string | undefined;
  /** Somebody asked for exactly this one again: its commit is not to be replaced by a newer one. */
  readonly pinned: boolean;
  /** The commit that its follow-ups were last about while it was not settled (it ran or waited); undefined: none is left unsettled. */
  readonly told: Oid | undefined;
}

/** A job that is being worked on. */
export interface Job extends JobRow {
  /** Aborted with a SluiceError when it is cancelled, superseded, or the server stops. */
  readonly signal: AbortSignal;
  /**
   * Durable when it resolves: the work proper begins now, on this commit, by these processes. To be awaited before anything is done
   * that a later process would have to undo.
   */
  started(facts: { readonly sha?: Oid | undefined; readonly processes?: string | undefined }): Promise<void>;
}

export interface JobOutcome {
  readonly state: OutcomeState;
  readonly lastLine?: string | undefined;
  /** One sentence: why it is in this state and what to do. */
  readonly detail?: string | undefined;
  readonly sha?: Oid | undefined;
}

/** An outcome ends the job. A retryable SluiceError is tried again as far as its patience goes; anything else thrown is an `error`. */
export type RunJob = (job: Job) => Promise<JobOutcome>;

export interface WorkOptions {
  readonly queues: readonly Queue[];
  /** Most jobs at one time. */
  readonly concurrency: number;
  /** Most of one repository. */
  readonly perRepository: number;
}

export interface Worker {
  /** Begins nothing more, lets jobs go on so long, ends the rest and puts them back into the queue. */
  stop(graceMs: number): Promise<void>;
}

export interface Accepted {
  /** This id was here before, and nothing of it had to be done again. */
  readonly duplicate: boolean;
  /** Jobs that were put into the queue: new ones, and those that had failed. */
  readonly queued: number;
}

/** Newest first; `before` is the id of the last one of the page before. */
export interface JobQuery {
  readonly queues?: readonly Queue[] | undefined;
  readonly repo?: string | undefined;
  readonly branch?: string | undefined;
  readonly change?: number | undefined;
  readonly key?: string | undefined;
  readonly states?: readonly JobState[] | undefined;
  readonly delivery?: string | undefined;
  /** Only those of whose key there is no newer one. */
  readonly newest?: boolean | undefined;
  readonly before?: string | undefined;
  readonly limit: number;
}

export interface DeliveryQuery {
  readonly source?: string | undefined;
  readonly repo?: string | undefined;
  /** `accepted`: jobs were made of it; `ignored`: none; `duplicate`: it came more than once. */
  readonly result?: 'accepted' | 'ignored' | 'duplicate' | undefined;
  readonly before?: string | undefined;
  readonly limit: number;
}

export interface StoredDelivery extends Delivery {
  /** Its place among all, for `before`. */
  readonly seq: string;
  readonly jobs: Readonly<Partial<Record<JobState, number>>>;
}

/** Of those that were given up only the ones that no newer job of their key has replaced. */
export interface QueueCount {
  readonly queue: Queue;
  readonly state: JobState;
  readonly count: number;
  readonly oldestAt: number;
}

export interface RepositoryCounts {
  readonly repo: string;
  readonly queued: number;
  readonly running: number;
  /** Given up, and not replaced by a newer job of their key. */
  readonly dead: number;
  readonly lastEnded: JobRow | undefined;
  readonly lastDeliveryAt: number | undefined;
}

/** With what listeners need to tell whether it concerns them, so that a flood of deliveries costs them nothing. */
export type StoreChange =
  | { readonly kind: 'run'; readonly id: string; readonly state: JobState; readonly repo: string }
  | { readonly kind: 'delivery'; readonly id: string };

/** A refusal is a value. */
export type Asked = 'done' | 'not-found' | 'not-possible';

export interface Pruned {
  /** Jobs that are gone now, whose logs may go too. */
  readonly jobs: readonly string[];
  readonly deliveries: number;
  readonly bodies: number;
}

/**
 * What is to be queued in the same transaction in which a job begins (`started`) or ends: its statuses. Pure; a job of it must not have
 * follow-ups of its own.
 */
export type FollowUps = (row: JobRow) => readonly NewJob[];

/**
 * The durable queue with its history. Writes are on the disk when they resolve, whole or not at all; a full or read-only disk is
 * SluiceError `unavailable` (HTTP 503), and the same call may succeed later.
 */
export interface JobStore extends AsyncDisposable {
  /** Atomic: the delivery, its jobs, and what they supersede. */
  accept(delivery: NewDelivery, jobs: readonly NewJob[]): Promise<Accepted>;
  /** The jobs of a stored delivery as if it had just come: also those that have ended run again. Resolves to how many. */
  replay(guid: string, jobs: readonly NewJob[]): Promise<number>;
  /** Jobs of no delivery. Resolves to their ids. */
  enqueue(jobs: readonly NewJob[]): Promise<readonly string[]>;
  work(options: WorkOptions, run: RunJob): Worker;
  /**
   * Cleans up after a process that did not end by itself; before `work`. `end` stops what is left of a job's processes; then the job is
   * queued again, or given up when it has had its attempts. Resolves to the jobs that were found.
   */
  recover(end: (row: JobRow) => Promise<void>): Promise<readonly JobRow[]>;
  /** A queued, waiting or running one ends as `cancelled`. */
  cancel(id: string, detail: string): Promise<Asked>;
  /** One that has ended goes back into the queue. */
  retry(id: string, options: { readonly pinned: boolean }): Promise<Asked>;
  find(id: string): Promise<JobRow | undefined>;
  list(query: JobQuery): Promise<readonly JobRow[]>;
  delivery(guid: string): Promise<StoredDelivery | undefined>;
  /** Undefined: there is none, or no longer. */
  body(guid: string): Promise<Uint8Array | undefined>;
  /** The body of the very delivery that led to this job, also where another source sent one under the same id. */
  payload(job: string): Promise<Uint8Array | undefined>;
  deliveries(query: DeliveryQuery): Promise<readonly StoredDelivery[]>;
  counts(): Promise<readonly QueueCount[]>;
  repositories(repos: readonly string[]): Promise<readonly RepositoryCounts[]>;
  /** Every repository of which a delivery is kept. */
  knownRepositories(): Promise<readonly string[]>;
  /** A small text under a name, for what has to survive a restart (when this server was last alive). */
  remember(name: string, value: string): Promise<void>;
  recall(name: string): Promise<string | undefined>;
  /** Forgets what has ended, deliveries and bodies that are older than these times; not what waits for a person, nor its delivery. */
  prune(before: { readonly jobs: number; readonly bodies: number }): Promise<Pruned>;
  /** Told of everything that changes, after it is durable; returns how to stop listening. */
  subscribe(listener: (change: StoreChange) => void): () => void;
}
