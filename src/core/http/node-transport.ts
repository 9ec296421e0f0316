import type { Agent, ClientRequest, IncomingMessage, RequestOptions } from 'node:http';
import { type AnswerHead, attempt } from './attempt.ts';
import { lazyDispatcher } from './dispatcher.ts';
import type { Exchange, Transport } from './exchange.ts';
import { undiciTransport } from './undici-transport.ts';

/**
 * Through node:http(s), for processes that ask a few things and end: undici costs them 70 ms to load and as much again at exit
 * (docs/decisions.md). Where the environment names a proxy, undici serves after all.
 */
export function nodeTransport(env: Readonly<Record<string, string | undefined>>): Transport {
  const throughProxy = undiciTransport(lazyDispatcher(env));
  const clients = new Map<string, Client>();
  return (exchange) => {
    const { protocol } = exchange.url;
    if (namesProxy(protocol, env)) return throughProxy(exchange);
    const client = clients.get(protocol) ?? clientFor(protocol);
    clients.set(protocol, client);
    return attempt(exchange, (one, signal) => send(client, one, signal));
  };
}

interface Client {
  readonly agent: Agent;
  request(url: URL, options: RequestOptions, onAnswer: (answer: IncomingMessage) => void): ClientRequest;
}

// Static imports would touch the lazy getters of node:http, which load a second HTTP client (26 ms).
function clientFor(protocol: string): Client {
  const { request, Agent } =
    protocol === 'https:' ? process.getBuiltinModule('node:https') : process.getBuiltinModule('node:http');
  return { request, agent: new Agent({ keepAlive: true }) };
}

/** Whether undici would look at a proxy for this scheme at all; NO_PROXY is its business. The lower-case name wins, as in curl. */
function namesProxy(protocol: string, env: Readonly<Record<string, string | undefined>>): boolean {
  if (protocol === 'http:') return Boolean(env.http_proxy ?? env.HTTP_PROXY);
  // Without a proxy of its own, https goes through that of http (EnvHttpProxyAgent of undici).
  return Boolean(env.https_proxy ?? env.HTTPS_PROXY) || Boolean(env.http_proxy ?? env.HTTP_PROXY);
}

function send({ agent, request }: Client, exchange: Exchange, signal: AbortSignal): Promise<AnswerHead> {
  const { url, method, body } = exchange;
  const length = body === undefined ? {} : { 'content-length': String(Buffer.byteLength(body)) };
  return new Promise((resolve, reject) => {
    const sent = request(url, { agent, method, signal, headers: { ...exchange.headers, ...length } }, (answer) => {
      resolve({ status: answer.statusCode ?? 0, headers: answer.headersDistinct, body: answer });
    });
    sent.on('error', reject);
    sent.end(body);
  });
}
