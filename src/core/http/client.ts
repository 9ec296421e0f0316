import type { CallOptions } from '../forges/forge.ts';

/**
 * One request to a forge's API, as data. `path` starts with `/`, is appended to the client's base URL and is already
 * percent-encoded; the path of a next page may carry its own query string.
 */
export interface ApiRequest<T> extends CallOptions {
  readonly method?: 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE';
  readonly path: string;
  readonly query?: Readonly<Record<string, string | number | boolean | undefined>>;
  /** Sent as JSON. */
  readonly body?: unknown;
  /** Decodes the parsed JSON body; a throw becomes "the answer is malformed". */
  readonly decode: (value: unknown) => T;
  /** Statuses (202 and 206, too) that are an answer and not a failure, for example 404 for "does not exist"; `value` is then undefined. */
  readonly accept?: readonly number[];
  /** True for a POST or PATCH that may be carried out twice without harm, so that it is retried like a read. */
  readonly idempotent?: boolean;
  /** What is being done, for messages: "list open pull requests of acme/app". */
  readonly purpose: string;
}

export interface ApiAnswer<T> {
  readonly status: number;
  /** Lower-case names. */
  readonly headers: Readonly<Record<string, string>>;
  /** Undefined for an accepted status or an empty body. */
  readonly value: T | undefined;
  /** The forge's own words when an accepted status is a failure ("name already exists on this account"), one redacted line. */
  readonly refusal: string | undefined;
}

/** The rest of a listing: the next page's path and query, or undefined on the last page. Must stay on the client's host. */
export type NextPage<T> = (
  answer: ApiAnswer<T>,
  request: ApiRequest<T>,
) => Pick<ApiRequest<T>, 'path' | 'query'> | undefined;

/**
 * The only way to a forge's API: adds authentication, retries what may pass (network faults, 5xx, 429 and rate-limited 403
 * when Retry-After or x-ratelimit-reset is near) and maps the rest to SluiceError codes: 401/403 → denied,
 * 404/410 → not-found, 429 or rate-limited 403 → rate-limited, 5xx, 202, 206, network and malformed answers → unavailable (it and
 * rate-limited with retryAfterMs where the forge says it), time-out → timed-out, any other 4xx → usage, an aborted signal →
 * its SluiceError reason or interrupted.
 */
export interface ApiClient {
  readonly baseUrl: string;
  send<T>(request: ApiRequest<T>): Promise<ApiAnswer<T>>;
  /** All pages, in order. Refuses a page that leads to another host or was seen before. */
  sendAll<T>(request: ApiRequest<readonly T[]>, next: NextPage<readonly T[]>): Promise<readonly T[]>;
  /** The same with a page that is not a bare list (`{ values, next }`): `items` takes the list out of it. */
  sendPages<P, T>(request: ApiRequest<P>, next: NextPage<P>, items: (page: P) => readonly T[]): Promise<readonly T[]>;
}

/** Headers that authenticate one request; asked anew before each attempt, so short-lived tokens may rotate. */
export type Authenticate = (options?: CallOptions) => Promise<Readonly<Record<string, string>>>;
