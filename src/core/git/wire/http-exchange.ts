import type { ClientRequest, IncomingHttpHeaders, IncomingMessage, OutgoingHttpHeaders } from 'node:http';
import { SluiceError, toSluiceError } from '../../errors.ts';
import type { Connections } from './connections.ts';
import { abortFailure, errorCode, networkFailure, timeOut } from './http-failure.ts';
import type { Answer, ExchangeOptions, RequestBody, Traffic } from './transport.ts';

const sliceBytes = 64 * 1024;

export interface HttpLimits {
  /** Milliseconds until a new connection must stand (DNS, TCP and TLS together). */
  readonly connectTimeoutMs: number;
  /** Milliseconds without a byte in the direction that the server is responsible for. */
  readonly idleTimeoutMs: number;
}

export interface HttpRequest extends ExchangeOptions, HttpLimits {
  readonly method: 'GET' | 'POST';
  readonly url: URL;
  readonly headers: OutgoingHttpHeaders;
  readonly body?: RequestBody;
  /** True when sending it twice does no harm (it only reads, and the body is no stream). */
  readonly repeatable: boolean;
  /** What is being done, to what; begins every error. */
  readonly purpose: string;
  readonly connections: Connections;
}

export interface HttpAnswer {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly body: Answer;
  /** Gives the answer up unread. */
  discard(): void;
}

/**
 * One HTTP request, whatever its status. Resolves when the headers of the answer are there, which may be before the request
 * body is sent whole (a server may refuse early); the rest of the body is then sent while the answer is read.
 */
export async function exchange(request: HttpRequest): Promise<HttpAnswer> {
  if (request.signal?.aborted) throw abortFailure(request.purpose, request.signal);
  const first = openExchange(request);
  try {
    return await first.answer();
  } catch (error) {
    // A kept-alive connection that the server closed just as it was used again: a new one will do.
    if (!first.stale() || !request.repeatable) throw error;
    return openExchange(request).answer();
  }
}

function openExchange(request: HttpRequest) {
  const { purpose, signal, connectTimeoutMs, idleTimeoutMs, traffic } = request;
  const outgoing = start(request);
  let incoming: IncomingMessage | undefined;
  let failure: SluiceError | undefined;
  let stale = false;
  const arrival = Promise.withResolvers<IncomingMessage>();
  const upload = Promise.withResolvers<void>();
  let uploaded = false;

  /** The first failure wins; it ends both directions, and whoever waits for one of them gets to see it. */
  function fail(error: SluiceError): void {
    failure ??= error;
    incoming?.destroy();
    outgoing.destroy(failure);
    // Said directly, because a request that still waits for a free connection reports its end only when it gets one.
    arrival.reject(failure);
    finishUpload();
    detach();
  }
  function detach(): void {
    signal?.removeEventListener('abort', onAbort);
  }
  function finishUpload(): void {
    uploaded = true;
    upload.resolve();
  }
  function onAbort(): void {
    if (signal) fail(abortFailure(purpose, signal));
  }
  const failConnect = () => fail(timeOut(purpose, 'no connection', connectTimeoutMs));
  const failIdle = () => fail(timeOut(purpose, 'the server sent and took nothing', idleTimeoutMs));

  signal?.addEventListener('abort', onAbort, { once: true });
  outgoing.once('response', (response) => {
    incoming = response;
    arrival.resolve(response);
  });
  // `on`, not `once`: a socket may report more than one error, and an unheard one would end the process.
  outgoing.on('error', (error) => {
    stale = incoming === undefined && failure === undefined && outgoing.reusedSocket && connectionLost(error);
    failure ??= networkFailure(purpose, error);
    finishUpload();
    arrival.reject(failure);
  });

  async function answer(): Promise<HttpAnswer> {
    try {
      void connected(outgoing, connectTimeoutMs, failConnect)
        .then(() => send(outgoing, request.body, { traffic, idle: (wait) => within(idleTimeoutMs, wait, failIdle) }))
        .catch((error: unknown) => fail(toSluiceError(error)))
        .finally(finishUpload);
      const response = await blamed(arrival.promise);
      const { statusCode = 0, headers } = response;
      return {
        status: statusCode,
        headers,
        body: read(response),
        discard: () => fail(networkFailure(purpose, 'given up')),
      };
    } catch (error) {
      detach();
      outgoing.destroy();
      throw error;
    }
  }

  /** Waits for the server; the idle limit runs only once the request is sent, since until then it is not the server's turn. */
  async function blamed<T>(work: Promise<T>): Promise<T> {
    if (!uploaded) await Promise.race([work, upload.promise]);
    return within(idleTimeoutMs, work, failIdle);
  }

  async function* read(response: IncomingMessage): AsyncGenerator<Buffer> {
    const chunks: AsyncIterator<Buffer> = decoded(response)[Symbol.asyncIterator]();
    let whole = false;
    try {
      for (;;) {
        const { done, value } = await blamed(chunks.next());
        if (done) break;
        if (traffic) traffic.received += value.length;
        yield value;
      }
      whole = true;
    } catch (error) {
      throw failure ?? networkFailure(purpose, error);
    } finally {
      detach();
      // An answer that is over ends the upload too: the server will not look at the rest.
      if (!whole || !uploaded) {
        response.destroy();
        outgoing.destroy();
        finishUpload();
      }
    }
  }

  return { answer, stale: () => stale };
}

function start(request: HttpRequest): ClientRequest {
  const { url, method, body } = request;
  const client =
    url.protocol === 'https:' ? process.getBuiltinModule('node:https') : process.getBuiltinModule('node:http');
  const headers = body instanceof Uint8Array ? { ...request.headers, 'content-length': body.length } : request.headers;
  try {
    return client.request(url, { method, headers, agent: request.connections.agent(url.protocol) });
  } catch (cause) {
    // Node's own words name the header, not its value.
    throw new SluiceError('config', `${request.purpose}: ${cause instanceof Error ? cause.message : cause}`, {
      hint: 'A token may contain neither a line end nor another control character; check the file or variable it comes from.',
    });
  }
}

/**
 * Resolves when the connection stands (at once for one that is used again) or the request has failed. The limit begins when
 * the agent has assigned a socket: waiting for a free connection is not the server's fault.
 */
function connected(outgoing: ClientRequest, ms: number, expire: () => void): Promise<void> {
  return new Promise((resolve) => {
    outgoing.once('close', resolve);
    outgoing.once('socket', (socket) => {
      if (!socket.connecting) return resolve();
      const timer = setTimeout(expire, ms);
      const stop = () => {
        clearTimeout(timer);
        resolve();
      };
      socket.once('encrypted' in socket ? 'secureConnect' : 'connect', stop);
      outgoing.once('close', stop);
    });
  });
}

interface SendOptions {
  readonly traffic: Traffic | undefined;
  /** Puts the idle limit on a wait for the server. */
  idle<T>(wait: Promise<T>): Promise<T>;
}

async function send(outgoing: ClientRequest, body: RequestBody | undefined, options: SendOptions): Promise<void> {
  if (body instanceof Uint8Array && body.length <= sliceBytes) {
    if (options.traffic) options.traffic.sent += body.length;
    outgoing.end(body);
    return;
  }
  // More bytes at hand are cut up, so that a slow line is seen to move and is not taken for a hanging server.
  for await (const chunk of body instanceof Uint8Array ? slices(body) : (body ?? [])) {
    if (outgoing.destroyed) return;
    if (options.traffic) options.traffic.sent += chunk.length;
    if (!outgoing.write(chunk)) await options.idle(drained(outgoing));
  }
  outgoing.end();
}

function* slices(bytes: Uint8Array): Generator<Uint8Array> {
  for (let at = 0; at < bytes.length; at += sliceBytes) yield bytes.subarray(at, at + sliceBytes);
}

function drained(outgoing: ClientRequest): Promise<void> {
  if (outgoing.destroyed || !outgoing.writableNeedDrain) return Promise.resolve();
  return new Promise((resolve) => {
    const done = () => {
      outgoing.off('drain', done).off('close', done);
      resolve();
    };
    outgoing.once('drain', done).once('close', done);
  });
}

function decoded(response: IncomingMessage): AsyncIterable<Buffer> {
  if (response.headers['content-encoding'] !== 'gzip') return response;
  const { pipeline } = process.getBuiltinModule('node:stream');
  const { createGunzip } = process.getBuiltinModule('node:zlib');
  // The callback is there so that a failure becomes an error of the returned stream and not of the process.
  return pipeline(response, createGunzip(), () => {});
}

async function within<T>(ms: number, work: Promise<T>, expire: () => void): Promise<T> {
  const timer = setTimeout(expire, ms);
  try {
    return await work;
  } finally {
    clearTimeout(timer);
  }
}

function connectionLost(error: unknown): boolean {
  return ['ECONNRESET', 'EPIPE', 'ECONNABORTED'].includes(errorCode(error));
}
