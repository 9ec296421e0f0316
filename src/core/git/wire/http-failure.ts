import type { IncomingHttpHeaders } from 'node:http';
import { SluiceError } from '../../errors.ts';

/** An HTTP status other than 200 as an error. `purpose` says what was being done, to what. */
export function statusFailure(
  purpose: string,
  answer: { readonly status: number; readonly headers: IncomingHttpHeaders },
  now: number = Date.now(),
): SluiceError {
  const { status, headers } = answer;
  const failed = `${purpose}: HTTP status ${status}`;
  const retryAfterMs = retryAfter(headers['retry-after'], now);
  const pause = retryAfterMs === undefined ? {} : { retryAfterMs };
  if (status === 401) {
    return new SluiceError('denied', failed, {
      hint: 'Give a token that may use this repository, or check that it is still valid.',
    });
  }
  if (status === 403) {
    return new SluiceError('denied', failed, {
      hint: 'The credential lacks a permission, or the repository is read-only.',
    });
  }
  if (status === 404 || status === 410) {
    return new SluiceError('not-found', failed, {
      hint: 'The repository does not exist, or the credential may not see it.',
    });
  }
  if (status === 413) {
    return new SluiceError('denied', failed, {
      hint: 'The server or a proxy before it refuses request bodies of this size (nginx: client_max_body_size).',
    });
  }
  if (status === 429) return new SluiceError('rate-limited', failed, { hint: 'Try again later.', ...pause });
  if (status >= 500) return new SluiceError('unavailable', failed, { hint: 'Try again later.', ...pause });
  return new SluiceError('not-found', failed, {
    hint: 'Check that the URL is that of a git repository served over HTTP.',
  });
}

/** A failure below HTTP (DNS, TCP, TLS, a connection cut short) as an error. */
export function networkFailure(purpose: string, cause: unknown): SluiceError {
  const code = errorCode(cause);
  const why = cause instanceof Error && cause.message !== '' ? cause.message : code;
  return new SluiceError('unavailable', `${purpose}: ${why}`, { cause, hint: networkHint(code) });
}

export function timeOut(purpose: string, what: string, ms: number): SluiceError {
  return new SluiceError('timed-out', `${purpose}: ${what} within ${ms / 1000} s`, {
    hint: 'The server hangs or is overloaded; try again later.',
  });
}

/** The error of an aborted signal: the reason itself when the one who aborted gave a fitting one. */
export function abortFailure(purpose: string, signal: AbortSignal): SluiceError {
  const { reason } = signal;
  if (reason instanceof SluiceError) return reason;
  if (reason instanceof DOMException && reason.name === 'TimeoutError') {
    return new SluiceError('timed-out', `${purpose}: the time limit was reached`, {
      hint: 'Allow more time, or try again later.',
    });
  }
  return new SluiceError('interrupted', `${purpose}: interrupted`);
}

export function errorCode(error: unknown): string {
  if (error instanceof AggregateError) return errorCode(error.errors[0]);
  return error instanceof Error && 'code' in error ? String(error.code) : 'unknown error';
}

function networkHint(code: string): string {
  if (/CERT|ISSUER|SIGNED/.test(code)) {
    return 'Node.js trusts its own list of authorities: set NODE_EXTRA_CA_CERTS to a file, or NODE_USE_SYSTEM_CA=1.';
  }
  if (code === 'ENOTFOUND') return 'Check the host name in the URL.';
  return 'Check the network and that the server is up, then try again.';
}

/** RFC 9110, section 10.2.3: seconds, or a date. */
function retryAfter(value: string | undefined, now: number): number | undefined {
  if (value === undefined) return undefined;
  if (/^\d+$/.test(value)) return Number(value) * 1000;
  const date = Date.parse(value);
  return Number.isNaN(date) ? undefined : Math.max(0, date - now);
}
