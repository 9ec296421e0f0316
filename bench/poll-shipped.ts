import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFile } from 'node:fs/promises';
import { setTimeout as delay } from 'node:timers/promises';
import { measure } from './measure.ts';
import type { PollGround } from './poll-ground.ts';
import { type PollReport, pollReportOf } from './poll-report.ts';
import { lsRemote, sluice } from './poll-scenes.ts';
import { type Contender, runRounds, type Sample } from './rounds.ts';

export const onceName = 'sluice poll --once';
export const bareNode = 'node -e 0';

/** The program as it is published, from start to end, with one repository that has not changed. */
export async function runOnce(
  ground: PollGround,
  options: { readonly rounds: number; readonly onRun: (text: string) => void },
): Promise<PollReport> {
  const [url = ''] = ground.urls({ fixture: 'small', repositories: 1, tls: false, latencyMs: 0 });
  const cwd = await ground.newDir('once');
  const poll = [ground.launcher, 'poll', '--once', '--quiet', '--state-dir', cwd, url];

  function contender(name: string, kind: Contender['kind'], argv: readonly string[]): Contender {
    return {
      name,
      kind,
      async run(): Promise<Sample> {
        await ground.takeTraffic();
        const { wallMs, cpuMs, status, stderr } = await measure({ argv, env: ground.env, cwd });
        const traffic = await ground.takeTraffic();
        const problem = status === 0 ? undefined : `status ${status}: ${stderr.slice(0, 200)}`;
        return { wallMs, cpuMs, traffic, problem };
      },
    };
  }

  const contenders = [
    contender(onceName, 'sluice', [process.execPath, ...poll]),
    contender(lsRemote, 'peer', ['git', 'ls-remote', '--heads', url]),
    contender(bareNode, 'limit', [process.execPath, '-e', '0']),
  ];
  // The first sight, V8's compile cache and the page cache.
  await runRounds(contenders, 2, options.onRun);
  const results = await runRounds(contenders, options.rounds, (text) => options.onRun(`--once: ${text}`));
  return pollReportOf({
    title: 'sluice poll --once: one repository, unchanged, HTTP',
    unit: 'whole process',
    contenders,
    results,
  });
}

const intervalMs = 5_000;
const ticksPerSecond = 100;

/**
 * The published program with its own timers, at the shortest interval it allows; one window and no rounds, because a cycle takes as long as
 * the interval says. Undefined where there is no /proc.
 */
export async function runShipped(
  ground: PollGround,
  repositories: number,
  cycles: number,
): Promise<PollReport | undefined> {
  if (process.platform !== 'linux') return undefined;
  const urls = ground.urls({ fixture: 'small', repositories, tls: false, latencyMs: 0 });
  const cwd = await ground.newDir('shipped');
  const flags = ['--quiet', '--interval', `${intervalMs / 1000}s`, '--state-dir', cwd];
  await ground.takeTraffic();
  const child = spawn(process.execPath, [ground.launcher, 'poll', ...flags, ...urls], {
    env: ground.env,
    cwd,
    stdio: ['ignore', 'ignore', 'inherit'],
  });
  const exited = once(child, 'exit');
  try {
    await firstSight(ground, repositories);
    // One cycle to be warm.
    await delay(intervalMs);
    await ground.takeTraffic();
    const before = await cpuOf(child.pid);
    await delay(intervalMs * cycles);
    const cpuMs = (await cpuOf(child.pid)) - before;
    const { requests, up, down, advert } = await ground.takeTraffic();
    const rss = await rssOf(child.pid);
    const name = `${sluice} --interval 5s`;
    const sample: Sample = {
      wallMs: Number.NaN,
      cpuMs: cpuMs / requests,
      traffic: { requests: 1, up: up / requests, down: down / requests, advert },
      // They come in waves, each a little more than the interval after the last; the first and the last may be cut.
      problem: requests >= repositories * (cycles - 1) ? undefined : `only ${requests} looks`,
    };
    return pollReportOf({
      title: `sluice poll: ${repositories} repositories, HTTP, as a daemon with its own timers`,
      unit: `per repository and cycle, ${requests} looks`,
      contenders: [{ name, kind: 'sluice', run: async () => sample }],
      results: new Map([[name, [sample]]]),
      rss: new Map([[name, rss]]),
    });
  } finally {
    child.kill('SIGTERM');
    await exited;
  }
}

/** Until every repository was asked for its capabilities and for its refs. */
async function firstSight(ground: PollGround, repositories: number): Promise<void> {
  let requests = 0;
  const limit = AbortSignal.timeout(60_000);
  while (requests < repositories * 2) {
    limit.throwIfAborted();
    await delay(200);
    requests += (await ground.takeTraffic()).requests;
  }
}

/** User and system time of one process in milliseconds, proc_pid_stat(5). */
async function cpuOf(pid: number | undefined): Promise<number> {
  const stat = await readFile(`/proc/${pid}/stat`, 'utf8');
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  return ((Number(fields[11]) + Number(fields[12])) * 1000) / ticksPerSecond;
}

/** The most that was ever resident, in bytes. */
async function rssOf(pid: number | undefined): Promise<number> {
  const status = await readFile(`/proc/${pid}/status`, 'utf8');
  return Number(/^VmHWM:\s+(\d+) kB$/m.exec(status)?.[1]) * 1024;
}
