import type { Authenticate } from './client.ts';
import type { Transport } from './exchange.ts';
import type { KeptAnswers } from './kept-answers.ts';

/**
 * Where connections come from: a `Dispatcher` of undici. Named here by what it is called by, so that the published types of a plugin's
 * forge do not need undici's.
 */
export interface HttpDispatcher {
  dispatch(...args: never[]): boolean;
  close(): Promise<void>;
}

/** What all clients of one process share; every field has a default (`defaultSettings`). */
export interface HttpSettings {
  /** Default `git-sluice`; GitHub refuses requests without one. */
  readonly userAgent?: string;
  /** Limit of one attempt, from connecting to the last byte. Default 30 s. */
  readonly timeoutMs?: number;
  /** Attempts after the first. Default 3. */
  readonly maxRetries?: number;
  /** The longest single wait before a retry; a rate limit that lasts longer is an error at once. Default 60 s. */
  readonly maxWaitMs?: number;
  /** Cap of one decoded body. Default 64 MiB. */
  readonly maxBodyBytes?: number;
  /** Cap of one listing. Default 1000 pages. */
  readonly maxPages?: number;
  /** What carries requests; default: undici over `dispatcher`. */
  readonly transport?: Transport;
  /** Answers that the forge is asked to confirm instead of sending them again (`revalidating`); default: none is kept. */
  readonly kept?: KeptAnswers | undefined;
  /** Where undici's connections come from; default: one agent per client that obeys HTTPS_PROXY, HTTP_PROXY and NO_PROXY. */
  readonly dispatcher?: () => Promise<HttpDispatcher>;
  /** Read only for the proxy variables of the default dispatcher. Default `process.env`. */
  readonly env?: Readonly<Record<string, string | undefined>>;
  /** Milliseconds since the epoch. */
  readonly now?: () => number;
  /** Rejects when the signal aborts. */
  readonly sleep?: (ms: number, signal: AbortSignal | undefined) => Promise<void>;
  /** In [0, 1): spreads retries. */
  readonly random?: () => number;
  /** Told before each wait, so that a person sees why nothing moves. */
  readonly onWait?: (wait: Wait) => void;
  /** Told of each attempt, also of those that are tried again. */
  readonly onAnswer?: (answer: AnswerFacts) => void;
}

/** What there is to count of one attempt. */
export interface AnswerFacts {
  /** 0: no answer came. */
  readonly status: number;
  /** Requests that the forge still allows; undefined when it does not say. */
  readonly remaining: number | undefined;
  /** Which of its limits that is about (GitHub: `core`, `search`, `graphql`); undefined when it has one, or does not say. */
  readonly resource: string | undefined;
}

/** A retry that is about to be waited for. */
export interface Wait {
  readonly purpose: string;
  readonly waitMs: number;
  readonly reason: string;
}

export interface ApiClientOptions extends HttpSettings {
  /** http(s) URL without credentials, query or fragment; its path is a prefix of every request. */
  readonly baseUrl: string;
  readonly authenticate: Authenticate;
  /** Sent with every request, for example `accept` and an API version; lower-case names. */
  readonly headers?: Readonly<Record<string, string>>;
}

export const defaultSettings = {
  userAgent: 'git-sluice',
  timeoutMs: 30_000,
  maxRetries: 3,
  maxWaitMs: 60_000,
  maxBodyBytes: 64 * 1024 * 1024,
  maxPages: 1000,
} as const;

/** The options with every default filled in. */
export type Settings = ApiClientOptions &
  Required<Pick<ApiClientOptions, keyof typeof defaultSettings | 'transport' | 'now' | 'sleep' | 'random'>> & {
    /** `baseUrl`, parsed. */
    readonly base: URL;
  };
