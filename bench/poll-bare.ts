import { Agent, type ClientRequestArgs, type IncomingMessage, request } from 'node:http';
import { Agent as TlsAgent, request as tlsRequest } from 'node:https';
import { buffer } from 'node:stream/consumers';
import { delimPacket, encodePacket, flushPacket } from '../src/core/git/wire/pkt-line.ts';
import { answerParent } from './poll-child.ts';
import type { WatcherAnswer, WatcherQuestion } from './poll-watcher.ts';

/** The least that a look can be in Node: one request on a kept connection, its answer compared with the last one byte for byte. */
const body = Buffer.concat([
  ...['command=ls-refs\n', 'object-format=sha1\n'].map(encodePacket),
  delimPacket,
  encodePacket('ref-prefix refs/heads/\n'),
  flushPacket,
]);
const options: ClientRequestArgs = {
  method: 'POST',
  headers: {
    'git-protocol': 'version=2',
    'content-type': 'application/x-git-upload-pack-request',
    'content-length': body.length,
  },
};
const settings = { keepAlive: true, maxSockets: 64, scheduling: 'lifo' } as const;
const agents = { http: new Agent(settings), https: new TlsAgent({ ...settings, rejectUnauthorized: false }) };
const last = new Map<string, Buffer>();
let urls: readonly string[] = [];

answerParent(async ({ task, cycles }: WatcherQuestion): Promise<WatcherAnswer> => {
  if (task !== undefined) {
    urls = task.urls;
    await Promise.all(urls.map(look));
  }
  const told: string[] = [];
  const start = performance.now();
  const before = process.cpuUsage();
  for (let cycle = 0; cycle < cycles; cycle += 1) {
    const same = await Promise.all(urls.map(look));
    if (same.includes(false)) told.push('an answer has changed');
  }
  const { user, system } = process.cpuUsage(before);
  return {
    wallMs: performance.now() - start,
    cpuMs: (user + system) / 1000,
    rss: process.memoryUsage.rss(),
    told,
  };
});

async function look(url: string): Promise<boolean> {
  const answer = await buffer(await post(`${url}/git-upload-pack`));
  const before = last.get(url);
  last.set(url, answer);
  return before === undefined || before.equals(answer);
}

function post(url: string): Promise<IncomingMessage> {
  return new Promise((resolve, reject) => {
    const outgoing = url.startsWith('https:')
      ? tlsRequest(url, { ...options, agent: agents.https }, resolve)
      : request(url, { ...options, agent: agents.http }, resolve);
    outgoing.on('error', reject).end(body);
  });
}
