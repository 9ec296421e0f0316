import type { IncomingMessage, ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { createFaultPlan, type FaultRule } from './faults.ts';
import { sendFaulty } from './faulty-answer.ts';
import { createHookBook, type HookBook } from './hooks.ts';
import type { ForgeState } from './state.ts';
import { type Tagging, tagged } from './tags.ts';

/** One request as a fake forge's handler sees it. */
export interface FakeCall {
  readonly method: string;
  /** Absolute, on the fake's own origin; `pathname` is still percent-encoded. */
  readonly url: URL;
  /** Lower-case names. */
  readonly headers: Readonly<Record<string, string>>;
  /** Parsed JSON, or undefined. */
  readonly body: unknown;
  /** The handler passes every pointer to a next page through this, so that a fault may bend it. */
  nextPage(real: string): string;
}

export interface FakeAnswer {
  readonly status: number;
  readonly headers?: Readonly<Record<string, string>>;
  /** Sent as JSON; left out: an empty body. */
  readonly body?: unknown;
}

export interface LoggedRequest extends Pick<FakeCall, 'method' | 'url' | 'headers' | 'body'> {
  /** The fake's own answer; undefined when a fault took its place. */
  readonly answer: FakeAnswer | undefined;
}

/** What a forge's file hands to `startFakeForge`. */
export interface FakeForgeParts {
  readonly state: ForgeState;
  /** The token that the fake accepts; the canary of the "never in an error" tests. */
  readonly token: string;
  /** Path prefix of the API on the fake's origin: `/api/v4`; default none. */
  readonly apiPath?: string;
  /** Path prefix of the web pages; default none. */
  readonly webPath?: string;
  /** The forge's native answer, failures and 404 included; checking the credential in `headers` is a part of it. */
  handle(call: FakeCall): FakeAnswer | Promise<FakeAnswer>;
}

export interface FakeForge extends Pick<FakeForgeParts, 'state' | 'token'> {
  /** `http://127.0.0.1:PORT` plus the prefix. */
  readonly webUrl: string;
  readonly apiUrl: string;
  readonly requests: readonly LoggedRequest[];
  /** Webhooks that were registered through the API; they really send. */
  readonly webhooks: HookBook;
  fail(rule: FaultRule): void;
  /** From now on answers have entity tags, and 304 says that one still stands; before, there are none. */
  tag(tagging: Tagging): void;
  /** Ends every fault. */
  heal(): void;
  close(): Promise<void>;
}

/** Starts a fake forge on a free loopback port. */
export async function startFakeForge(build: (origin: string) => FakeForgeParts): Promise<FakeForge> {
  const http = process.getBuiltinModule('node:http');
  const requests: LoggedRequest[] = [];
  const faults = createFaultPlan();
  let tagging: Tagging | undefined;
  const server = http.createServer((request, response) => {
    answer(request, response).catch((error: unknown) => {
      response.writeHead(599, { 'content-type': 'text/plain' });
      response.end(`the fake itself failed: ${error instanceof Error ? error.stack : String(error)}`);
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const parts = build(origin);
  const webhooks = createHookBook(parts.token);

  async function answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const url = new URL(request.url ?? '/', origin);
    const method = request.method ?? 'GET';
    const body = await readJson(request);
    const headers = headersOf(request);
    const fault = faults.take(method, url.pathname + url.search);
    const nextPage = (real: string): string => {
      if (fault?.kind !== 'next-page') return real;
      return fault.url === 'self' ? url.href : fault.url;
    };
    const bent = fault !== undefined && fault.kind !== 'next-page';
    // A request that is answered by a fault must not change the state: the real server never saw it.
    const blind = fault?.kind === 'answer' || fault?.kind === 'reset' || fault?.kind === 'hang';
    const call = { method, url, headers, body, nextPage };
    const whole = blind ? undefined : ((await webhooks.answer(call)) ?? (await parts.handle(call)));
    const real = bent || whole === undefined || tagging === undefined ? whole : tagged(call, whole, tagging);
    requests.push({ method, url, headers, body, answer: bent ? undefined : real });
    if (fault !== undefined && bent) sendFaulty(response, fault, real);
    else if (real !== undefined) sendAnswer(response, real);
  }

  return {
    state: parts.state,
    token: parts.token,
    webUrl: origin + (parts.webPath ?? ''),
    apiUrl: origin + (parts.apiPath ?? ''),
    requests,
    webhooks,
    fail: faults.add,
    tag(wanted) {
      tagging = wanted;
    },
    heal: faults.clear,
    async close() {
      server.closeAllConnections();
      await new Promise<void>((resolve) => server.close(() => resolve()));
      await parts.state.close();
    },
  };
}

export function sendAnswer(response: ServerResponse, answer: FakeAnswer): void {
  const text = answer.body === undefined ? '' : JSON.stringify(answer.body);
  const type = text === '' ? {} : { 'content-type': 'application/json; charset=utf-8' };
  response.writeHead(answer.status, { ...type, ...answer.headers });
  response.end(text);
}

function headersOf(request: IncomingMessage): Record<string, string> {
  return Object.fromEntries(Object.entries(request.headers).map(([name, value]) => [name, String(value)]));
}

async function readJson(request: IncomingMessage): Promise<unknown> {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk as Buffer);
  const text = Buffer.concat(chunks).toString();
  return text === '' ? undefined : JSON.parse(text);
}
