import type { Failure } from './failure.ts';

/** One request as it goes over the wire. */
export interface Exchange {
  readonly method: 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE';
  readonly url: URL;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string | undefined;
  /** From connecting to the last byte. */
  readonly timeoutMs: number;
  readonly maxBodyBytes: number;
  readonly signal: AbortSignal | undefined;
}

/** A whole answer, of any status. */
export interface RawAnswer {
  readonly kind: 'answer';
  readonly status: number;
  /** Lower-case names; repeated ones joined by a comma. */
  readonly headers: Readonly<Record<string, string>>;
  readonly text: string;
}

export type Outcome = RawAnswer | Failure;

/** Sends once. What goes wrong on the way is a value, so that the retry policy can judge it; redirects are answers. */
export type Transport = (exchange: Exchange) => Promise<Outcome>;
