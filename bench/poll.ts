import { openGround, type PollGround } from './poll-ground.ts';
import { cpuRatio, type PollGoal, type PollReport } from './poll-report.ts';
import { lsRemote, reread, runScene, type Scene, sluice } from './poll-scenes.ts';
import { bareNode, onceName, runOnce, runShipped } from './poll-shipped.ts';
import { pairedRatio } from './rounds.ts';

export interface PollBenchOptions {
  readonly rounds: number;
  readonly onRun: (text: string) => void;
}

const plain = { fixture: 'small', tls: false, latencyMs: 0, reread: false } as const;
const large = { ...plain, repositories: 1, cycles: 10, warmCycles: 30, peerLooks: 3 } as const;

interface Planned extends Scene {
  goals(report: PollReport, earlier: readonly PollReport[]): readonly PollGoal[];
}

const scenes: readonly Planned[] = [
  {
    ...plain,
    title: '1 repository, HTTP',
    repositories: 1,
    cycles: 300,
    warmCycles: 3000,
    peerLooks: 10,
    goals: (report) => [lookGoal(report)],
  },
  {
    ...plain,
    title: '100 repositories, HTTP',
    repositories: 100,
    cycles: 10,
    warmCycles: 30,
    peerLooks: 10,
    goals: (report) => [lookGoal(report)],
  },
  {
    ...plain,
    title: '1000 repositories, HTTP',
    repositories: 1000,
    cycles: 3,
    warmCycles: 5,
    peerLooks: 10,
    goals: (report) => [lookGoal(report), cycleGoal(report, 250)],
  },
  {
    ...plain,
    title: '1000 repositories, TLS',
    tls: true,
    repositories: 1000,
    cycles: 3,
    warmCycles: 5,
    peerLooks: 10,
    goals: (report) => [
      lookGoal(report),
      ratioGoal('CPU of a look to git ls-remote over TLS', cpuRatio(report.results, sluice, lsRemote), 0.005),
      cycleGoal(report, 250),
    ],
  },
  {
    ...plain,
    title: '1000 repositories, HTTP, answers after 80 ms',
    latencyMs: 80,
    repositories: 1000,
    cycles: 1,
    warmCycles: 1,
    peerLooks: 0,
    goals: (report) => [cycleGoal(report, 1600)],
  },
  {
    ...large,
    title: '1 repository with 50000 branches, HTTP',
    fixture: 'branches',
    reread: true,
    goals: ({ results }) => [
      ratioGoal('CPU of an unchanged look to one that reads the answer', cpuRatio(results, sluice, reread), 0.25),
    ],
  },
  {
    ...large,
    title: '1 repository with 50000 refs elsewhere, HTTP',
    fixture: 'elsewhere',
    cycles: 100,
    warmCycles: 300,
    peerLooks: 10,
    // The prefix must keep all of them on the server: as many bytes as without them.
    goals: (report, earlier) => [
      ratioGoal('bytes down to the same repository without them', downOf(report) / downOf(earlier[0]), 1),
    ],
  },
];

/** What watching costs while nothing changes, and yields a report per scene. */
export async function* benchPoll({ rounds, onRun }: PollBenchOptions): AsyncGenerator<PollReport> {
  onRun('making the repositories');
  await using ground = await openGround();
  const done: PollReport[] = [];
  for (const scene of scenes) {
    if (scene.tls && !ground.tls) {
      process.stderr.write('no openssl, so nothing is measured over TLS\n');
      continue;
    }
    const report = await runScene(ground, scene, { rounds, onRun });
    const judged = { ...report, goals: scene.goals(report, done) };
    done.push(judged);
    yield judged;
  }
  yield* wholeProcesses(ground, { rounds, onRun });
}

async function* wholeProcesses(ground: PollGround, { rounds, onRun }: PollBenchOptions): AsyncGenerator<PollReport> {
  const report = await runOnce(ground, { rounds: rounds * 3, onRun });
  yield {
    ...report,
    goals: [ratioGoal('wall time to node -e 0', pairedRatio(report.results, onceName, bareNode), 1.6)],
  };
  onRun('sluice poll --interval 5s: 25 seconds');
  const shipped = await runShipped(ground, 1000, 3);
  if (shipped === undefined) return;
  const rss = shipped.rows[0]?.rss ?? Number.NaN;
  yield {
    ...shipped,
    goals: [
      { what: 'CPU of a look', measured: shipped.rows[0]?.cpuMs ?? Number.NaN, limit: 0.2, unit: 'ms' },
      { what: 'largest resident memory', measured: rss, limit: 120_000_000, unit: 'bytes' },
    ],
  };
}

function lookGoal({ rows }: PollReport): PollGoal {
  const measured = rows.find(({ name }) => name === sluice)?.cpuMs ?? Number.NaN;
  return { what: 'CPU of a look', measured, limit: 0.2, unit: 'ms' };
}

function cycleGoal({ rows }: PollReport, limit: number): PollGoal {
  const measured = (rows.find(({ name }) => name === sluice)?.wallMs ?? Number.NaN) * 1000;
  return { what: 'wall time of a cycle of 1000', measured, limit, unit: 'ms' };
}

function ratioGoal(what: string, measured: number, limit: number): PollGoal {
  return { what, measured, limit, unit: 'x' };
}

function downOf(report: PollReport | undefined): number {
  return report?.rows.find(({ name }) => name === sluice)?.down ?? Number.NaN;
}
