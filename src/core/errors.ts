/**
 * The one table of outcomes. `exit` is the process status (`sluice help exit-statuses`), `http` the status a server route
 * answers with, `retryable` says whether the same call may succeed later without anybody changing anything.
 */
export const errorTable = {
  usage: { exit: 64, http: 400, retryable: false },
  'not-found': { exit: 69, http: 404, retryable: false },
  unavailable: { exit: 69, http: 503, retryable: true },
  'timed-out': { exit: 69, http: 504, retryable: true },
  internal: { exit: 70, http: 500, retryable: false },
  locked: { exit: 75, http: 409, retryable: true },
  'rate-limited': { exit: 75, http: 429, retryable: true },
  denied: { exit: 77, http: 403, retryable: false },
  config: { exit: 78, http: 500, retryable: false },
  interrupted: { exit: 130, http: 503, retryable: true },
} as const satisfies Record<string, { exit: number; http: number; retryable: boolean }>;

export type ErrorCode = keyof typeof errorTable;

/** Exit statuses of answers (not failures), and the one list that `--help`, README and completion print. */
export const exitStatuses = [
  [0, 'done, approved, or nothing to do'],
  [1, 'a definite no: the gate refuses, a pipeline script failed, a ref was refused'],
  [2, 'could not decide (the gate fails closed; never a yes)'],
  [64, 'wrong usage (flag, argument)'],
  [69, 'a remote or forge is unavailable after retries, or a repository does not exist'],
  [70, 'a bug in sluice'],
  [75, 'try again later: lock held by another run, rate limit'],
  [77, 'not allowed: bad credentials, missing scope'],
  [78, 'the configuration is invalid, or Node.js is too old'],
  [130, 'interrupted by SIGINT (143: by SIGTERM)'],
] as const;

/** A status that a command may end with by itself; interrupts are added by the program. */
export type ExitStatus = 0 | 1 | 2 | 64 | 69 | 70 | 75 | 77 | 78;

export interface ErrorDetails {
  /** What the reader can do next, one sentence. */
  readonly hint?: string;
  /** Several findings under one headline, for example every problem of a configuration. */
  readonly problems?: readonly string[];
  /** Milliseconds after which a retry makes sense (from Retry-After or x-ratelimit-reset). */
  readonly retryAfterMs?: number;
  /** Overrides the table, for example 143 after SIGTERM or a child's own status. */
  readonly exit?: number;
  readonly cause?: unknown;
}

/**
 * The only error class that crosses a room's border. The message says what was being done, to what, and what went wrong;
 * `hint` says the next step. Refusals that are part of a report (a ref that the remote rejects) are values, not errors.
 */
export class SluiceError extends Error {
  override readonly name = 'SluiceError';
  readonly code: ErrorCode;
  readonly hint: string | undefined;
  readonly problems: readonly string[];
  readonly retryAfterMs: number | undefined;
  readonly exit: number;

  constructor(code: ErrorCode, message: string, details: ErrorDetails = {}) {
    super(message, details.cause === undefined ? undefined : { cause: details.cause });
    this.code = code;
    this.hint = details.hint;
    this.problems = details.problems ?? [];
    this.retryAfterMs = details.retryAfterMs;
    this.exit = details.exit ?? errorTable[code].exit;
  }

  get retryable(): boolean {
    return errorTable[this.code].retryable;
  }
}

/**
 * Any thrown value as a SluiceError; what is none is a bug in sluice (exit 70). A plugin may have its own copy of the class, or only
 * an error with its shape: `name` and a `code` of the table.
 */
export function toSluiceError(error: unknown): SluiceError {
  if (error instanceof SluiceError) return error;
  if (!(error instanceof Error)) return new SluiceError('internal', String(error), { cause: error });
  const { code, hint } = error as { code?: unknown; hint?: unknown };
  const known = error.name === 'SluiceError' && typeof code === 'string' && Object.hasOwn(errorTable, code);
  if (!known) return new SluiceError('internal', error.message, { cause: error });
  return new SluiceError(code as ErrorCode, error.message, {
    cause: error,
    ...(typeof hint === 'string' ? { hint } : {}),
  });
}
