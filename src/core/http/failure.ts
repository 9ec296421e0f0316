/**
 * How an attempt can end without an answer.
 * `unreachable`: nothing was sent, for certain. `broken`: the connection ended in the middle, so the request may have been
 * carried out. `untrusted`: TLS was refused, which no retry mends.
 */
export interface Failure {
  readonly kind: 'unreachable' | 'broken' | 'timed-out' | 'too-large' | 'untrusted' | 'aborted';
  readonly detail: string;
}

interface NetworkError {
  readonly code?: unknown;
  readonly syscall?: unknown;
  readonly message?: unknown;
  readonly errors?: readonly NetworkError[];
}

/** What undici, node:net or node:tls threw, sorted. */
export function failureOf(thrown: unknown): Failure {
  const error = firstError(thrown);
  const code = typeof error.code === 'string' ? error.code : '';
  const detail = [code, error.message].filter((part) => typeof part === 'string' && part !== '').join(': ');
  if (isTlsCode(code)) return { kind: 'untrusted', detail };
  if (neverSent(error, code)) return { kind: 'unreachable', detail };
  return { kind: 'broken', detail: detail === '' ? String(thrown) : detail };
}

// A host with several addresses fails with an AggregateError, one error for each address tried.
function firstError(thrown: unknown): NetworkError {
  if (typeof thrown !== 'object' || thrown === null) return {};
  const error = thrown as NetworkError;
  return error.errors?.[0] ?? error;
}

function neverSent({ syscall, message }: NetworkError, code: string): boolean {
  if (syscall === 'connect' || syscall === 'getaddrinfo' || code === 'UND_ERR_CONNECT_TIMEOUT') return true;
  // undici aborts with this sentence when the proxy refuses the tunnel: "Proxy response (407) !== 200 when HTTP Tunneling".
  return typeof message === 'string' && message.startsWith('Proxy response');
}

function isTlsCode(code: string): boolean {
  return /^(ERR_TLS_|ERR_SSL_|CERT_|EPROTO$|UNABLE_TO_|DEPTH_ZERO_SELF_SIGNED|SELF_SIGNED|UND_ERR_PRX_TLS$)/.test(code);
}
