import type { IncomingMessage, ServerOptions as NodeOptions, RequestListener, Server } from 'node:http';
import type { Server as TlsServer } from 'node:https';
import type { Socket } from 'node:net';
import { declaredLength } from './body.ts';
import type { ServerLimits } from './options.ts';
import type { KeyPair } from './tls.ts';

export type AnyServer = Server | TlsServer;

/** How often connections are looked at for a limit of time. */
const checkMs = 2000;

/** Node's server with every limit set, so that no sender can hold more than its share, and none for ever. */
export function createHttpServer(
  listener: RequestListener,
  limits: ServerLimits,
  pair: KeyPair | undefined,
): AnyServer {
  const options: NodeOptions = {
    maxHeaderSize: limits.headerBytes,
    headersTimeout: limits.headersMs,
    requestTimeout: limits.requestMs,
    keepAliveTimeout: limits.keepAliveMs,
    connectionsCheckingInterval: Math.min(checkMs, limits.headersMs, limits.requestMs),
    noDelay: true,
  };
  // Static imports of these two cost every start of the program 26 ms.
  const server =
    pair === undefined
      ? process.getBuiltinModule('node:http').createServer(options, listener)
      : process
          .getBuiltinModule('node:https')
          // The limits above count from the end of the handshake, for which Node by itself would wait two minutes.
          .createServer({ ...options, ...pair, minVersion: 'TLSv1.2', handshakeTimeout: limits.headersMs }, listener);
  server.maxConnections = limits.connections;
  server.maxHeadersCount = 200;
  // Who asks before sending a body that is too large gets the answer at once, and sends nothing.
  server.on('checkContinue', (request: IncomingMessage, response) => {
    if (!(declaredLength(request) > limits.bodyBytes)) response.writeContinue();
    server.emit('request', request, response);
  });
  // Nothing here can be upgraded to; Node would otherwise leave such a connection open.
  server.on('upgrade', (_request: IncomingMessage, socket: Socket) => socket.destroy());
  server.on('connect', (_request: IncomingMessage, socket: Socket) => socket.destroy());
  return server;
}

const lingerMs = 1000;

const statusLines: Readonly<Record<string, string>> = {
  HPE_HEADER_OVERFLOW: '431 Request Header Fields Too Large',
  HPE_CHUNK_EXTENSIONS_OVERFLOW: '413 Content Too Large',
  ERR_HTTP_REQUEST_TIMEOUT: '408 Request Timeout',
};

/** What is no HTTP request gets a short answer and the end of its connection. */
export function refuseBadRequest(error: NodeJS.ErrnoException, socket: Socket): void {
  if (error.code === 'ECONNRESET' || !socket.writable || socket.destroyed) {
    socket.destroy();
    return;
  }
  const line = statusLines[error.code ?? ''] ?? '400 Bad Request';
  const body = JSON.stringify({ error: line.slice(4).toLowerCase() });
  socket.end(
    `HTTP/1.1 ${line}\r\nContent-Type: application/json\r\nContent-Length: ${body.length}\r\nConnection: close\r\n\r\n${body}`,
  );
  // What is still on its way is thrown away for a moment: unread, it would reset the connection before the answer is read.
  socket.removeAllListeners('data');
  socket.on('data', () => undefined);
  const end = setTimeout(() => socket.destroy(), lingerMs);
  socket.once('end', () => socket.destroy());
  socket.once('close', () => clearTimeout(end));
}
