import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { createServer, type IncomingHttpHeaders, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo, Socket } from 'node:net';
import { isAbsolute, relative } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { setTimeout as delay } from 'node:timers/promises';
import { type CgiHead, cgiBody, httpBackend, startCgi } from './git-cgi.ts';
import { authenticatedUser, challenge, type GitHttpAuth } from './git-http-auth.ts';
import { killGroup } from './run-git.ts';

/** One request as the server saw it; the counters and `status` go on changing until it is answered. */
export interface ServedRequest {
  readonly method: string;
  /** Decoded, without the query. */
  readonly path: string;
  readonly query: string;
  readonly service: 'git-upload-pack' | 'git-receive-pack' | undefined;
  readonly headers: IncomingHttpHeaders;
  /** 1 for the first TCP connection, 2 for the second, … */
  readonly connectionId: number;
  /** Body bytes from the client, as sent (gzip not unpacked). */
  bytesUp: number;
  /** Body bytes to the client. */
  bytesDown: number;
  /** Undefined until (or unless) a header was sent. */
  status: number | undefined;
  /** What git-http-backend said, for people who debug a test. */
  stderr: string;
}

/**
 * What goes wrong with a request:
 * - `{ status }` answers instead of git.
 * - `'hang'` takes the request and never answers; `close()` ends it.
 * - `'reset'` sends TCP RST at once.
 * - `{ cutAfterBytes: n }` closes the connection after n body bytes of the answer (a shorter answer arrives whole). On a push,
 *   git may have moved the ref by then: the client cannot know.
 * - `{ cutUploadAfterBytes: n }` closes the connection once n body bytes have come from the client.
 * - `{ latencyMs }` waits, then serves.
 */
export type Fault =
  | 'hang'
  | 'reset'
  | CannedAnswer
  | { readonly cutAfterBytes: number }
  | { readonly cutUploadAfterBytes: number }
  | { readonly latencyMs: number };

export interface CannedAnswer {
  readonly status: number;
  readonly body?: string;
  readonly headers?: Readonly<Record<string, string>>;
}

/** May be changed while the server runs; each request looks at them once, when it arrives. */
export interface GitHttpOptions {
  /** Without it everybody may fetch and push. */
  auth?: GitHttpAuth | undefined;
  /** Asked before authentication. */
  fault?: ((request: ServedRequest) => Fault | undefined | Promise<Fault | undefined>) | undefined;
  /** Ignores Git-Protocol, as servers before git 2.18 do. */
  protocolV0Only?: boolean;
}

export interface GitHttpServer extends AsyncDisposable {
  /** Without a trailing slash: `http://127.0.0.1:41234`. */
  readonly origin: string;
  /** URL of a repository, given by its absolute path under the root or relative to it. */
  url(repo: string): string;
  readonly options: GitHttpOptions;
  /** In order of arrival; tests may empty it (`requests.length = 0`). */
  readonly requests: ServedRequest[];
  /** TCP connections accepted so far. */
  readonly connections: number;
  /** Ends all connections and git children, and waits for them. */
  close(): Promise<void>;
}

/** Serves every repository under `root` over smart HTTP, by git's own git-http-backend, on a free port of 127.0.0.1. */
export async function startGitHttpServer(root: string, options: GitHttpOptions = {}): Promise<GitHttpServer> {
  const program = await httpBackend();
  const requests: ServedRequest[] = [];
  const connectionIds = new WeakMap<Socket, number>();
  const children = new Set<ChildProcess>();
  let connections = 0;

  const server = createServer((request, response) => {
    const record = recordOf(request, connectionIds.get(request.socket) ?? 0);
    if (record === undefined) return void response.writeHead(400).end('malformed path\n');
    requests.push(record);
    handle({ program, root, options, children }, { request, response, record }).catch((error: unknown) => {
      record.stderr += `${error}\n`;
      if (response.headersSent) response.destroy();
      else answer({ request, response, record }, { status: 500, body: `${error}\n` });
    });
  });
  // Longer than any test: a connection that the server closes while idle would race with the client's next request.
  server.keepAliveTimeout = 120_000;
  server.on('connection', (socket) => {
    connections += 1;
    connectionIds.set(socket, connections);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;

  async function close(): Promise<void> {
    if (!server.listening) return;
    const closed = once(server, 'close');
    server.close();
    server.closeAllConnections();
    const ended = [...children].map((child) => once(child, 'close'));
    for (const child of children) killGroup(child);
    await Promise.all([closed, ...ended]);
  }

  return {
    origin,
    options,
    requests,
    get connections() {
      return connections;
    },
    url(repo) {
      const path = isAbsolute(repo) ? relative(root, repo) : repo;
      return `${origin}/${path.split('/').map(encodeURIComponent).join('/')}`;
    },
    close,
    [Symbol.asyncDispose]: close,
  };
}

function recordOf(request: IncomingMessage, connectionId: number): ServedRequest | undefined {
  const [rawPath = '', query = ''] = (request.url ?? '').split('?', 2);
  let path: string;
  try {
    path = decodeURIComponent(rawPath);
  } catch {
    return undefined;
  }
  const service = /(?:^|=|\/)(git-(?:upload|receive)-pack)$/.exec(query === '' ? path : query)?.[1];
  return {
    method: request.method ?? '',
    path,
    query,
    service: service as ServedRequest['service'],
    headers: request.headers,
    connectionId,
    bytesUp: 0,
    bytesDown: 0,
    status: undefined,
    stderr: '',
  };
}

interface Site {
  readonly program: string;
  readonly root: string;
  readonly options: GitHttpOptions;
  readonly children: Set<ChildProcess>;
}

interface Exchange {
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
  readonly record: ServedRequest;
}

async function handle(site: Site, exchange: Exchange): Promise<void> {
  const { auth, protocolV0Only } = site.options;
  const { request, response, record } = exchange;
  const fault = await site.options.fault?.(record);
  if (fault === 'hang') return void request.resume();
  if (fault === 'reset') return void request.socket.resetAndDestroy();
  if (fault !== undefined && 'status' in fault) return answer(exchange, fault);
  if (fault !== undefined && 'latencyMs' in fault) await delay(fault.latencyMs);

  const user = auth === undefined ? undefined : authenticatedUser(auth, request.headers.authorization);
  if (auth !== undefined && user === undefined && !(auth.anonymousRead && record.service === 'git-upload-pack')) {
    return answer(exchange, {
      status: 401,
      headers: { 'WWW-Authenticate': challenge(auth) },
      body: 'credential needed\n',
    });
  }
  if (response.destroyed) return;

  const protocol = protocolV0Only ? undefined : request.headers['git-protocol']?.toString();
  const { program, root } = site;
  const child = startCgi({ program, root, path: record.path, query: record.query, user, protocol }, request);
  site.children.add(child);
  child.once('close', () => site.children.delete(child));
  child.once('error', (error) => {
    record.stderr += `${error.message}\n`;
  });
  response.once('close', () => {
    // Only while it lives: the number of a group that has ended may belong to somebody else.
    if (!response.writableFinished && site.children.has(child)) killGroup(child);
  });
  child.stderr.setEncoding('utf8').on('data', (chunk: string) => {
    record.stderr += chunk;
  });

  const uploadLimit = fault !== undefined && 'cutUploadAfterBytes' in fault ? fault.cutUploadAfterBytes : Infinity;
  request.on('data', (chunk: Buffer) => {
    record.bytesUp += chunk.length;
    if (record.bytesUp >= uploadLimit) request.socket.destroy();
  });
  request.pipe(child.stdin);
  // git may answer before it has read everything; the rest is read away so that the client sees the answer.
  child.stdin.on('error', () => request.unpipe(child.stdin).resume());

  const downLimit = fault !== undefined && 'cutAfterBytes' in fault ? fault.cutAfterBytes : Infinity;
  await relay(exchange, child.stdout, downLimit);
}

/** Passes git's answer on, and closes the connection when more than `limit` bytes of it would reach the client. */
async function relay(
  { request, response, record }: Exchange,
  stdout: AsyncIterable<Buffer>,
  limit: number,
): Promise<void> {
  function onHead(head: CgiHead): void {
    record.status = head.status;
    response.writeHead(head.status, head.headers.flat());
  }
  async function* metered(): AsyncGenerator<Buffer> {
    for await (const chunk of cgiBody(stdout, onHead)) {
      const part = chunk.subarray(0, limit - record.bytesDown);
      record.bytesDown += part.length;
      if (part.length === chunk.length) {
        yield part;
        continue;
      }
      // The callback comes when the kernel has the bytes; only then does the client get them before the end.
      await new Promise((resolve) => response.write(part, resolve));
      request.socket.destroy();
      return;
    }
  }
  try {
    await pipeline(metered, response);
  } catch (error) {
    // A client that went away (or was cut off) is no fault of the server.
    if (!response.destroyed) throw error;
  }
}

function answer({ request, response, record }: Exchange, { status, body = '', headers = {} }: CannedAnswer): void {
  record.status = status;
  record.bytesDown = Buffer.byteLength(body);
  request.on('data', (chunk: Buffer) => {
    record.bytesUp += chunk.length;
  });
  response.writeHead(status, { 'Content-Type': 'text/plain', ...headers }).end(body);
}
