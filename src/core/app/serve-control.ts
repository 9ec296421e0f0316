import { chmod, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import type { IncomingMessage } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { type ErrorCode, SluiceError, toSluiceError } from '../errors.ts';
import type { ServeActions, ServeReads } from '../serve/read-model.ts';

/** What `sluice jobs` and `sluice deliveries` ask of a store, or of the server that has it open. */
export type Operator = Pick<ServeReads, 'runs' | 'run' | 'log' | 'deliveries' | 'delivery'> & ServeActions;

const methods = ['runs', 'run', 'log', 'deliveries', 'delivery', 'retry', 'cancel', 'replay'] as const;
type Method = (typeof methods)[number];

/** sun_path holds 108 bytes (unix(7)). */
const longestSocketPath = 100;
const limitMs = 30_000;

export interface ControlServer extends AsyncDisposable {
  readonly socket: string;
}

/** Where the commands find the server: a file for this user alone, which names a socket in a directory for this user alone. */
function controlFile(dataDir: string): string {
  return join(dataDir, 'control.json');
}

/** Lets commands of the same user on this machine talk to this server. Who can reach the socket could as well write the store. */
export async function startControl(dataDir: string, operator: Operator): Promise<ControlServer> {
  const near = join(dataDir, 'control.sock');
  const far =
    Buffer.byteLength(near) > longestSocketPath ? await mkdtemp(join(tmpdir(), 'sluice-control-')) : undefined;
  const socket = far === undefined ? near : join(far, 'control.sock');
  // The store is ours alone, so a socket that is there was left behind.
  await rm(socket, { force: true });
  const { createServer } = process.getBuiltinModule('node:http');
  const server = createServer((request, response) => {
    void answer(request, operator).then(({ status, body }) => {
      response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body, bytesToJson));
    });
  });
  await new Promise<void>((resolve, reject) => server.once('error', reject).listen(socket, resolve));
  // The directory may be somebody's who shares it; only the file's own mode is always ours.
  await chmod(socket, 0o600);
  await writeFile(controlFile(dataDir), JSON.stringify({ socket }), { mode: 0o600 });
  return {
    socket,
    async [Symbol.asyncDispose]() {
      await rm(controlFile(dataDir), { force: true });
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
      if (far !== undefined) await rm(far, { recursive: true, force: true });
    },
  };
}

async function answer(request: IncomingMessage, operator: Operator): Promise<{ status: number; body: unknown }> {
  try {
    const { method, args } = JSON.parse(await text(request)) as { method: Method; args: readonly unknown[] };
    if (!methods.includes(method)) throw new SluiceError('usage', `there is no ${JSON.stringify(method)}`);
    const call = operator[method] as (...given: readonly unknown[]) => Promise<unknown>;
    return { status: 200, body: { value: await call(...args) } };
  } catch (thrown) {
    const { code, message, hint } = toSluiceError(thrown);
    return { status: 500, body: { error: { code, message, hint } } };
  }
}

/** The running server of this data directory; undefined: none runs. */
export async function connectControl(dataDir: string): Promise<Operator | undefined> {
  const socket = await readFile(controlFile(dataDir), 'utf8').then(socketIn, () => undefined);
  if (socket === undefined) return undefined;
  const ask = async (method: Method, args: readonly unknown[]) => await askServer(socket, { method, args });
  // A file that was left behind by kill -9 names a socket that nobody answers.
  const lives = await ask('run', ['0']).then(
    () => true,
    (error: unknown) => !(error instanceof SluiceError && error.code === 'unavailable'),
  );
  if (!lives) return undefined;
  const all = methods.map((method) => [method, (...args: readonly unknown[]) => ask(method, args)]);
  return Object.fromEntries(all) as Operator;
}

/** Undefined: it was cut off while it was written. */
function socketIn(text: string): string | undefined {
  return /^\{"socket":"/.test(text) && text.endsWith('}') ? (JSON.parse(text) as { socket: string }).socket : undefined;
}

async function askServer(socket: string, call: { method: Method; args: readonly unknown[] }): Promise<unknown> {
  const { request } = process.getBuiltinModule('node:http');
  const { promise, resolve, reject } = Promise.withResolvers<IncomingMessage>();
  const sent = request(
    { socketPath: socket, method: 'POST', path: '/', signal: AbortSignal.timeout(limitMs) },
    resolve,
  );
  sent.once('error', (cause) => {
    reject(new SluiceError('unavailable', `the running sluice serve does not answer at ${socket}`, { cause }));
  });
  sent.end(JSON.stringify(call));
  const { value, error } = JSON.parse(await text(await promise), bytesFromJson) as {
    value?: unknown;
    error?: { readonly code: ErrorCode; readonly message: string; readonly hint?: string };
  };
  if (error === undefined) return value;
  throw new SluiceError(error.code, error.message, error.hint === undefined ? {} : { hint: error.hint });
}

interface BytesJson {
  readonly $bytes: string;
}

/** A Buffer has turned itself into `{type, data}` before the replacer sees it. */
function bytesToJson(_key: string, value: unknown): unknown {
  if (value instanceof Uint8Array) return { $bytes: Buffer.from(value).toString('base64') } satisfies BytesJson;
  const { type, data } = (value ?? {}) as { readonly type?: unknown; readonly data?: unknown };
  if (type === 'Buffer' && Array.isArray(data)) return { $bytes: Buffer.from(data).toString('base64') };
  return value;
}

function bytesFromJson(_key: string, value: unknown): unknown {
  const { $bytes } = (value ?? {}) as Partial<BytesJson>;
  return typeof $bytes === 'string' ? Buffer.from($bytes, 'base64') : value;
}
