import { type ChildProcessWithoutNullStreams, spawn } from 'node:child_process';
import type { IncomingMessage } from 'node:http';
import { join } from 'node:path';
import { git, isolatedGitEnv } from './run-git.ts';

let execPath: Promise<string> | undefined;

/** git-http-backend is not on PATH: it lives beside git's other programs. */
export async function httpBackend(): Promise<string> {
  execPath ??= git(['--exec-path']);
  return join(await execPath, 'git-http-backend');
}

export interface CgiCall {
  readonly program: string;
  readonly root: string;
  /** Decoded, with a leading slash. */
  readonly path: string;
  readonly query: string;
  readonly user: string | undefined;
  /** Value of Git-Protocol that git shall see; undefined = protocol version 0. */
  readonly protocol: string | undefined;
}

/** Starts git-http-backend (RFC 3875) in its own process group; the caller moves the bytes and ends it. */
export function startCgi(call: CgiCall, request: IncomingMessage): ChildProcessWithoutNullStreams {
  const { headers } = request;
  const env = isolatedGitEnv({
    GIT_PROJECT_ROOT: call.root,
    GIT_HTTP_EXPORT_ALL: '1',
    GIT_PROTOCOL: call.protocol,
    GATEWAY_INTERFACE: 'CGI/1.1',
    SERVER_PROTOCOL: `HTTP/${request.httpVersion}`,
    REQUEST_METHOD: request.method,
    PATH_INFO: call.path,
    QUERY_STRING: call.query,
    CONTENT_TYPE: headers['content-type'],
    // Absent for chunked bodies: node takes the chunks apart, and http-backend then reads to the end of its stdin.
    CONTENT_LENGTH: headers['content-length'],
    // http-backend unpacks gzip itself; it looks at this name only.
    HTTP_CONTENT_ENCODING: headers['content-encoding'],
    REMOTE_ADDR: request.socket.remoteAddress,
    REMOTE_USER: call.user,
  });
  return spawn(call.program, [], { env, detached: true });
}

export interface CgiHead {
  readonly status: number;
  readonly headers: readonly (readonly [string, string])[];
}

/**
 * Splits a CGI answer: calls `onHead` once with its header, then yields the body. Throws when the program ended without a
 * complete header.
 */
export async function* cgiBody(stdout: AsyncIterable<Buffer>, onHead: (head: CgiHead) => void): AsyncGenerator<Buffer> {
  let pending: Buffer | undefined = Buffer.alloc(0);
  for await (const chunk of stdout) {
    if (pending === undefined) {
      yield chunk;
      continue;
    }
    pending = Buffer.concat([pending, chunk]);
    const end = pending.indexOf('\r\n\r\n');
    if (end < 0) continue;
    onHead(parseHead(pending.subarray(0, end).toString('latin1')));
    const rest = pending.subarray(end + 4);
    pending = undefined;
    if (rest.length > 0) yield rest;
  }
  if (pending !== undefined) throw new Error('git-http-backend ended without a header');
}

function parseHead(text: string): CgiHead {
  const fields = text.split('\r\n').map((line): [string, string] => {
    const colon = line.indexOf(':');
    return [line.slice(0, colon), line.slice(colon + 1).trim()];
  });
  const status = fields.find(([name]) => name.toLowerCase() === 'status')?.[1];
  return {
    status: status === undefined ? 200 : Number.parseInt(status, 10),
    headers: fields.filter(([name]) => name.toLowerCase() !== 'status'),
  };
}
