import { chmod } from 'node:fs/promises';
import type { Server as TlsServer } from 'node:https';
import { setTimeout as sleep } from 'node:timers/promises';
import { createLineCounter } from '../web/log/line-count.ts';
import type { ReadLog } from '../web/log/parts.ts';
import { createAccess } from './access.ts';
import { createApp } from './app.ts';
import { openChangeHub } from './change-hub.ts';
import type { ServerContext } from './context.ts';
import { createEventStreams } from './event-stream.ts';
import type { AnyServer } from './http-server.ts';
import { clearStaleSocket, type ListenAddress, listenError, parseListen } from './listen-address.ts';
import type { ServerOptions } from './options.ts';
import { createPeerOf } from './peer.ts';
import type { ServerPorts } from './ports.ts';
import { readKeyPair, reloadKeyPair } from './tls.ts';

export interface RunningServer {
  /** Where it listens: `http://127.0.0.1:8080`, `https://[::]:443`, `unix:/run/sluice.sock`. */
  readonly address: string;
  /** Undefined for a unix socket. */
  readonly port: number | undefined;
  /** Takes no more connections, answers what was accepted, ends live streams; after `limits.stopMs` it ends what is left. */
  close(): Promise<void>;
}

/** The web server of `sluice serve`: webhooks in, pages, API and metrics out. Throws SluiceError when it cannot listen. */
export async function startServer(options: ServerOptions, ports: ServerPorts): Promise<RunningServer> {
  const listen = parseListen(options.listen);
  const { tls, limits } = options;
  const pair = tls === undefined ? undefined : await readKeyPair(tls);
  const stop = new AbortController();
  const streams = createEventStreams(limits.streams);
  const readLog: ReadLog = (id, range) => ports.reads.log(id, range);
  const context: ServerContext = {
    options,
    ports,
    access: createAccess(options.access),
    peerOf: createPeerOf(options.trustProxy),
    prefix: options.baseUrl === undefined ? '' : new URL(options.baseUrl).pathname.replace(/\/+$/, ''),
    hub: openChangeHub(ports, stop.signal),
    streams,
    readLog,
    counter: createLineCounter(readLog),
    isStopping: () => stop.signal.aborted,
  };
  const { instance, server } = await createApp(context, pair);
  try {
    await listenOn(server, listen, options.listen);
  } catch (error) {
    stop.abort();
    await instance.close();
    throw error;
  }
  const unwatch = tls === undefined ? undefined : reloadKeyPair(server as TlsServer, tls, ports.log);
  let closing: Promise<void> | undefined;
  return {
    ...addressOf(server, listen, tls !== undefined),
    close() {
      closing ??= (async () => {
        stop.abort();
        unwatch?.();
        streams.endAll();
        await closeGently(server, limits.stopMs);
        await instance.close();
      })();
      return closing;
    },
  };
}

async function listenOn(server: AnyServer, listen: ListenAddress, text: string): Promise<void> {
  if (listen.kind === 'unix') {
    await clearStaleSocket(listen.path);
    await listening(server, { path: listen.path }, text);
    // Connecting takes the right to write: until here nobody but the owner has it.
    await chmod(listen.path, 0o660);
    return;
  }
  const { host, port } = listen;
  await listening(server, host === undefined ? { port } : { host, port }, text);
}

async function listening(server: AnyServer, where: { path: string } | { host?: string; port: number }, text: string) {
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  const failed = (error: NodeJS.ErrnoException) => reject(listenError(text, error));
  server.once('error', failed);
  server.listen({ ...where, backlog: 1024 }, () => resolve());
  await promise;
  server.off('error', failed);
}

const sweepMs = 50;

/** Connections end as they become idle; Node by itself keeps one open that was busy when the server was closed. */
async function closeGently(server: AnyServer, limitMs: number): Promise<void> {
  const closed = new AbortController();
  const done = Promise.withResolvers<void>();
  server.close(() => {
    closed.abort();
    done.resolve();
  });
  const sweep = setInterval(() => server.closeIdleConnections(), sweepMs);
  await Promise.race([done.promise, sleep(limitMs, undefined, { signal: closed.signal }).catch(() => undefined)]);
  clearInterval(sweep);
  server.closeAllConnections();
  await done.promise;
}

function addressOf(server: AnyServer, listen: ListenAddress, secure: boolean): Pick<RunningServer, 'address' | 'port'> {
  const bound = server.address();
  if (listen.kind === 'unix' || bound === null || typeof bound === 'string')
    return { address: `unix:${listen.kind === 'unix' ? listen.path : ''}`, port: undefined };
  const host = bound.family === 'IPv6' ? `[${bound.address}]` : bound.address;
  return { address: `${secure ? 'https' : 'http'}://${host}:${bound.port}`, port: bound.port };
}
