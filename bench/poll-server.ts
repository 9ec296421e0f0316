import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { createServer, type IncomingMessage, type RequestListener, type ServerResponse } from 'node:http';
import { createServer as createTlsServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { buffer } from 'node:stream/consumers';
import { setTimeout as delay } from 'node:timers/promises';
import { startGitHttpServer } from '../test/support/git-http-server.ts';
import { answerParent } from './poll-child.ts';

/** To the server: first what it serves, then nothing but questions for the traffic. */
export interface ServerQuestion {
  readonly root?: string;
  /** Files in PEM; without them nothing is served over TLS. */
  readonly tls?: { readonly cert: string; readonly key: string } | undefined;
}

export interface ServerAnswer {
  readonly http: string;
  readonly https: string | undefined;
  readonly requests: number;
  /** Body bytes. */
  readonly up: number;
  readonly down: number;
}

interface Recorded {
  readonly status: number;
  readonly type: string;
  readonly body: Buffer;
}

/**
 * Says what `git http-backend` said when it was asked the same for the first time: git's own bytes, without a git process for each
 * request on the cores that the client is measured on. `/<latency in ms>/<name>/<number>` is `<name>.git`, so that one repository on disk
 * is as many remotes as are wanted.
 */
const recorded = new Map<string, Promise<Recorded>>();
const traffic = { requests: 0, up: 0, down: 0 };
let origins: Promise<{ http: string; https: string | undefined }> | undefined;

answerParent(async ({ root = '.', tls }: ServerQuestion) => {
  origins ??= start(root, tls);
  const answer: ServerAnswer = { ...(await origins), ...traffic };
  Object.assign(traffic, { requests: 0, up: 0, down: 0 });
  return answer;
});

async function start(root: string, tls: ServerQuestion['tls']) {
  const backend = await startGitHttpServer(root);
  const listener: RequestListener = (request, response) => {
    replay(backend.origin, request, response).catch((error: unknown) => response.destroy(error as Error));
  };
  const http = `http://127.0.0.1:${await listen(createServer(listener))}`;
  if (tls === undefined) return { http, https: undefined };
  const pair = { cert: readFileSync(tls.cert), key: readFileSync(tls.key) };
  return { http, https: `https://127.0.0.1:${await listen(createTlsServer(pair, listener))}` };
}

async function listen(server: ReturnType<typeof createServer> | ReturnType<typeof createTlsServer>): Promise<number> {
  // Longer than the bench: no connection is to be closed between two looks.
  server.keepAliveTimeout = 600_000;
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return (server.address() as AddressInfo).port;
}

async function replay(backend: string, request: IncomingMessage, response: ServerResponse): Promise<void> {
  const [, latencyMs, name, rest] = /^\/(\d+)\/([\w-]+)\/\d+(\/.*)$/.exec(request.url ?? '') ?? [];
  if (rest === undefined) return void response.writeHead(404).end();
  const sent = await buffer(request);
  const protocol = String(request.headers['git-protocol'] ?? '');
  const key = [request.method, name, rest, protocol, sent.toString('latin1')].join(' ');
  const answer = recorded.get(key) ?? record(`${backend}/${name}.git${rest}`, request, sent);
  recorded.set(key, answer);
  const { status, type, body } = await answer;
  if (latencyMs !== '0') await delay(Number(latencyMs));
  traffic.requests += 1;
  traffic.up += sent.length;
  traffic.down += body.length;
  response.writeHead(status, { 'content-type': type, 'content-length': body.length, 'cache-control': 'no-cache' });
  response.end(body);
}

async function record(url: string, { method = 'GET', headers }: IncomingMessage, sent: Buffer): Promise<Recorded> {
  const passed = Object.entries(headers).filter(([name]) => /^(git-protocol|content-(type|encoding))$/.test(name));
  const body = method === 'GET' ? null : new Uint8Array(sent);
  const answer = await fetch(url, { method, headers: Object.fromEntries(passed) as Record<string, string>, body });
  return {
    status: answer.status,
    type: answer.headers.get('content-type') ?? '',
    body: Buffer.from(await answer.arrayBuffer()),
  };
}
