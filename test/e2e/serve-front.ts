import { createServer, type IncomingMessage, request, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { onTestFinished } from 'vitest';

/** A known address in front of a server that listens on another port after each start, as a reverse proxy is. */
export interface Front {
  /** `http://127.0.0.1:PORT`. */
  readonly url: string;
  /** Where requests go; a promise lets them wait for a server that starts. Undefined: nobody answers. */
  target: string | Promise<string> | undefined;
}

export async function openFront(): Promise<Front> {
  const server = createServer((incoming, answer) => {
    forward(front.target, incoming, answer).catch(() => incoming.socket.destroy());
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  onTestFinished(async () => {
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
  });
  const front: Front = { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, target: undefined };
  return front;
}

async function forward(target: Front['target'], incoming: IncomingMessage, answer: ServerResponse): Promise<void> {
  if (target === undefined) throw new Error('nobody answers');
  const { promise, resolve, reject } = Promise.withResolvers<IncomingMessage>();
  const { method, headers, url = '/' } = incoming;
  const outgoing = request(new URL(url, await target), { method, headers, agent: false }, resolve);
  outgoing.on('error', reject);
  incoming.pipe(outgoing);
  const answered = await promise;
  answer.writeHead(answered.statusCode ?? 502, answered.headers);
  answered.pipe(answer);
}
