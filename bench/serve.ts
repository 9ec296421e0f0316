import { spawnSync } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { table } from '../src/core/ui/table.ts';
import type { Scenario } from '../test/support/deliveries/scenario.ts';
import { deliveryOf, headersOf } from '../test/support/deliveries/sign.ts';
import { tempDir } from '../test/support/temp-dir.ts';
import { unpackPackage } from './package.ts';
import { median } from './rounds.ts';
import { type LoadResult, load } from './serve-load.ts';
import { type Server, type ServerKind, serverKinds, startSluice } from './serve-servers.ts';

export interface ServeBenchOptions {
  readonly rounds: number;
  readonly onRun: (text: string) => void;
}

export interface ServeReport {
  readonly title: string;
  readonly lines: readonly string[];
  readonly figures: Readonly<Record<string, unknown>>;
}

const secret = 'the secret of the bench';
const bodyBytes = 20_480;
const seconds = 4;
const levels = [1, 16, 64] as const;
/** Least part of what bare node:http does with as many connections. */
const goals: Readonly<Record<number, number>> = { 1: 0.23, 16: 0.35, 64: 0.45 };
const place = { repo: 'acme/app', webUrl: 'https://github.com', actor: 'octocat' };

/** Accepting deliveries, then what 10,000 queued ones weigh and how long a job waits. Servers on one CPU, the load on another. */
export async function* benchServe(options: ServeBenchOptions): AsyncGenerator<ServeReport> {
  if (spawnSync('wrk', ['--version']).error !== undefined) {
    yield { title: 'serve', lines: ['not measured: wrk is not installed (Debian: apt-get install wrk)'], figures: {} };
    return;
  }
  const pinned = availableParallelism() > 1 && spawnSync('taskset', ['--version']).error === undefined;
  await using dir = await tempDir('sluice-bench-');
  const launcher = await unpackPackage(dir.path);
  const ground = { dir: dir.path, launcher, secret, cpu: pinned ? 0 : undefined };
  const kinds = serverKinds(ground);
  for (const connections of levels) {
    yield await acceptReport(kinds, connections, { ...options, dir: dir.path, cpu: pinned ? 1 : undefined });
  }
  yield await queueReport(() => startSluice(ground, ['sleep', '600']), options);
  yield await delayReport(
    (marks) => startSluice(ground, ['sh', '-c', `date +%s%N > ${marks}/$SLUICE_BRANCH`]),
    dir.path,
    options,
  );
}

async function acceptReport(
  kinds: readonly ServerKind[],
  connections: number,
  { rounds, onRun, dir, cpu }: ServeBenchOptions & { readonly dir: string; readonly cpu: number | undefined },
): Promise<ServeReport> {
  const body = bodyOf(1);
  const headers: Readonly<Record<string, string>> = {
    'content-type': 'application/json',
    'user-agent': 'GitHub-Hookshot/bench',
    ...headersOf('github', 'pull_request', 'bench', body, secret),
  };
  const results = new Map<string, LoadResult[]>();
  for (let round = 1; round <= rounds; round += 1) {
    for (const { name, absent, start } of kinds) {
      if (absent !== undefined) continue;
      onRun(`${connections} connections, round ${round} of ${rounds}: ${name}`);
      await using server = await start();
      const wanted = { url: server.url, headers, body, connections, cpu, dir };
      await load({ ...wanted, seconds: 1 });
      const result = await load({ ...wanted, seconds });
      results.set(name, [...(results.get(name) ?? []), result]);
    }
  }
  const limit = kinds.find(({ kind }) => kind === 'limit')?.name ?? '';
  const ratio = (name: string) =>
    median(
      (results.get(name) ?? []).map(
        ({ perSecond }, at) => perSecond / (results.get(limit)?.[at]?.perSecond ?? Number.NaN),
      ),
    );
  const rows = kinds.map(({ name, absent }) => {
    const all = results.get(name) ?? [];
    if (absent !== undefined) return [name, '-', '-', '-', '-', absent];
    const of = (what: (result: LoadResult) => number) => median(all.map(what));
    const errors = all.reduce((sum, one) => sum + one.errors, 0);
    const rate = Math.round(of(({ perSecond }) => perSecond));
    return [
      name,
      String(rate),
      `${ratio(name).toFixed(2)}x`,
      of(({ p50Ms }) => p50Ms).toFixed(2),
      of(({ p99Ms }) => p99Ms).toFixed(1),
      errors === 0 ? 'yes' : `${errors} errors`,
    ];
  });
  const ours = kinds.find(({ kind }) => kind === 'sluice')?.name ?? '';
  const measured = ratio(ours);
  const goal = goals[connections] ?? 0;
  const p99 = median((results.get(ours) ?? []).map(({ p99Ms }) => p99Ms));
  const verdicts = [goalLine(`sluice to bare node:http`, `${measured.toFixed(2)}x`, `>= ${goal}x`, measured >= goal)];
  if (connections === 16) verdicts.push(goalLine('p99', `${p99.toFixed(1)} ms`, '<= 15 ms', p99 <= 15));
  return {
    title: `serve: ${connections} connections, ${bodyBytes} bytes of a signed pull_request, ids never the same`,
    lines: [table([['', 'per second', 'x limit', 'p50 ms', 'p99 ms', 'ok'], ...rows]), ...verdicts],
    figures: { connections, results: Object.fromEntries(results), ratio: measured },
  };
}

/** Memory with deliveries that wait behind one job that does not end. */
async function queueReport(start: () => Promise<Server>, { onRun }: ServeBenchOptions): Promise<ServeReport> {
  const count = 10_000;
  await using server = await start();
  const before = await server.rss();
  const began = performance.now();
  let next = 0;
  await Promise.all(
    Array.from({ length: 16 }, async () => {
      while (next < count) {
        next += 1;
        if (next % 500 === 0) onRun(`queued ${next} of ${count}`);
        await post(server, next);
      }
    }),
  );
  const wallMs = performance.now() - began;
  const busy = await server.rss();
  // They lie there: what the work left behind is given back meanwhile.
  await sleep(15_000);
  const after = await server.rss();
  const limit = 150_000_000;
  const mb = (bytes: number) => `${(bytes / 1e6).toFixed(0)} MB`;
  return {
    title: `serve: memory with ${count} queued deliveries of ${bodyBytes} bytes, each to a branch of its own`,
    lines: [
      `started: ${mb(before)}; right after the last: ${mb(busy)}; 15 s later: ${mb(after)} (posted in ${(wallMs / 1000).toFixed(1)} s by one Node process)`,
      goalLine('memory', mb(after), `<= ${mb(limit)}`, after <= limit),
    ],
    figures: { before, busy, after, count },
  };
}

/** From the 202 to the first line of the job's command. */
async function delayReport(
  start: (marks: string) => Promise<Server>,
  dir: string,
  { onRun }: ServeBenchOptions,
): Promise<ServeReport> {
  await using server = await start(dir);
  const delays: number[] = [];
  for (let number = 1; number <= 20; number += 1) {
    onRun(`job ${number} of 20`);
    await post(server, number);
    const answered = BigInt(Date.now()) * 1_000_000n;
    const mark = join(dir, `topic-${number}`);
    let text = '';
    while (text === '') {
      await sleep(2);
      text = (await readFile(mark, 'utf8').catch(() => '')).trim();
    }
    delays.push(Number(BigInt(text) - answered) / 1e6);
  }
  const sorted = delays.toSorted((a, b) => a - b);
  return {
    title: 'serve: from the 202 to the first line of the command that it leads to, one at a time',
    lines: [`median ${median(delays).toFixed(0)} ms, longest ${sorted.at(-1)?.toFixed(0)} ms (of ${delays.length})`],
    figures: { delays },
  };
}

/** A push to a branch of its own, which needs nobody at the forge. */
async function post(server: Server, number: number): Promise<void> {
  const push: Scenario = {
    kind: 'push',
    ref: `refs/heads/topic-${number}`,
    after: number.toString(16).padStart(40, 'a'),
  };
  const body = padded(deliveryOf('github', push, { place, secret }).body);
  const headers = headersOf('github', 'push', randomUUID(), body, secret);
  const answer = await fetch(server.url, { method: 'POST', headers, body: new Uint8Array(body) });
  if (answer.status !== 202) throw new Error(`a delivery was answered ${answer.status}: ${await answer.text()}`);
  await answer.arrayBuffer();
}

/** An opened change request of the repository itself. */
function bodyOf(number: number): Buffer {
  const change = { number, headRepo: place.repo, headBranch: `topic-${number}`, headSha: 'a'.repeat(40) };
  return padded(deliveryOf('github', { kind: 'change', action: 'opened', change }, { place, secret }).body);
}

/** Of the size that such payloads usually have. */
function padded(body: Buffer): Buffer {
  const payload = { ...JSON.parse(body.toString()), padding: '' };
  const missing = bodyBytes - Buffer.byteLength(JSON.stringify(payload));
  return Buffer.from(JSON.stringify({ ...payload, padding: 'x'.repeat(Math.max(0, missing)) }));
}

function goalLine(what: string, measured: string, goal: string, met: boolean): string {
  return `${met ? 'met   ' : 'MISSED'}  ${what}: ${measured} (goal ${goal})`;
}
