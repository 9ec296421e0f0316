import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { createServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { buffer } from 'node:stream/consumers';
import { setTimeout as delay } from 'node:timers/promises';
import { startFakeGitea } from '../test/support/fake-forge/gitea.ts';
import { startFakeGithub } from '../test/support/fake-forge/github.ts';
import type { FakeForge } from '../test/support/fake-forge/server.ts';

/** What the parent is told when the forge is ready. */
export interface GateForge {
  readonly webUrl: string;
  readonly apiUrl: string;
  readonly token: string;
  readonly sha: string;
  readonly number: number;
}

export const benchRepo = 'acme/app';

interface Recorded {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Buffer;
}

/**
 * A process of its own, so that answering is not counted as the client's time. argv: type of the forge, certificate, key, latency in ms.
 * Over TLS it says what the fake forge said when it was asked the same for the first time, after the latency.
 */
if (process.argv[1] === import.meta.filename) await serve();

async function serve(): Promise<void> {
  const [, , type, cert = '', key = '', latencyMs = '100'] = process.argv;
  const fake = await (type === 'gitea' ? startFakeGitea : startFakeGithub)({ pageSize: 100 });
  const { sha, number } = await openChange(fake);
  const recorded = new Map<string, Promise<Recorded>>();
  const pair = { cert: readFileSync(cert), key: readFileSync(key) };
  const origin = new URL(fake.apiUrl).origin;
  const server = createServer(pair, (request, response) => {
    answer(request, response).catch((error: unknown) => response.destroy(error as Error));
  });

  async function answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const sent = await buffer(request);
    const question = `${request.method} ${request.url} ${sent}`;
    const known = recorded.get(question) ?? ask(origin, request, sent);
    recorded.set(question, known);
    const [{ status, headers, body }] = await Promise.all([known, delay(Number(latencyMs))]);
    response.writeHead(status, headers).end(body);
  }

  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const front = `https://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const told: GateForge = {
    webUrl: fake.webUrl.replace(origin, front),
    apiUrl: fake.apiUrl.replace(origin, front),
    token: fake.token,
    sha,
    number,
  };
  process.on('disconnect', () => {
    server.closeAllConnections();
    server.close();
    void fake.close();
  });
  process.send?.(told);
}

/** A change request that is approved and green. */
async function openChange({ state }: FakeForge): Promise<Pick<GateForge, 'sha' | 'number'>> {
  state.addAccount('acme', { kind: 'organization' });
  for (const login of ['ada', 'bob']) state.addAccount(login);
  await state.addRepository(benchRepo);
  for (const login of ['ada', 'bob']) state.members.grant(benchRepo, login, 'write');
  const { number, head } = await state.addChange({ repo: benchRepo, branch: 'fix', author: 'bob' });
  state.about(benchRepo, number).review('ada', 'approved');
  state.checks.add(benchRepo, head.sha, { name: 'ci', state: 'success', app: 'actions' });
  return { sha: head.sha, number };
}

async function ask(origin: string, { method = 'GET', url, headers }: IncomingMessage, sent: Buffer): Promise<Recorded> {
  const { authorization = '', 'content-type': type = 'application/json' } = headers;
  const answer = await fetch(origin + url, {
    method,
    headers: { authorization, 'content-type': type },
    ...(sent.length === 0 ? {} : { body: new Uint8Array(sent) }),
  });
  const kept = ['content-type', 'link', 'x-total-count'].flatMap((name) => {
    const value = answer.headers.get(name);
    return value === null ? [] : [[name, value] as const];
  });
  return { status: answer.status, headers: Object.fromEntries(kept), body: Buffer.from(await answer.arrayBuffer()) };
}
