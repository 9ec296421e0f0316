import { execFileSync } from 'node:child_process';
import { parseArgs } from 'node:util';
import { pollText } from './poll-report.ts';
import { machineText, reportText } from './report.ts';

const usage = `Usage: npm run bench -- mirror [--rounds N] [--repo PATH [--pr N]] [--task A,B,C,D] [--json]
       npm run bench -- start  [--rounds N] [--json]
       npm run bench -- poll   [--rounds N] [--json]
       npm run bench -- gate   [--rounds N] [--latency MS] [--json]
       npm run bench -- serve  [--rounds N] [--json]

mirror  change requests over smart HTTP, against git's own ways and against the least that is possible
start   start-up of every kind of call, against node -e 0
poll    looking at repositories that have not changed, against git's own ways and against bare requests
serve   accepting signed deliveries, against other receivers and against bare node:http; memory; time to a job
gate    asking a forge that takes its time, against bare requests and a script of curls

--repo PATH   a repository with refs/pull/*/head instead of the one that the bench makes; it is only read
--task LIST   only these tasks (docs/benchmarks.md)
--latency MS  of every answer of the forge (default: 100)

It measures and judges nothing: the exit status is 0 whatever the times are.`;

const { positionals, values } = parseArgs({
  allowPositionals: true,
  options: {
    rounds: { type: 'string' },
    repo: { type: 'string' },
    pr: { type: 'string' },
    task: { type: 'string' },
    latency: { type: 'string' },
    json: { type: 'boolean', default: false },
    help: { type: 'boolean', short: 'h', default: false },
  },
});
const [name] = positionals;
const onRun = (text: string) => void process.stderr.write(process.stderr.isTTY ? `\r\x1b[K${text}` : '');
const rounds = values.rounds === undefined ? undefined : Number(values.rounds);

const benches = {
  mirror: mirrorReports,
  start: startReports,
  poll: pollReports,
  gate: gateReports,
  serve: serveReports,
};
const reports = Object.entries(benches).find(([known]) => known === name)?.[1];

if (values.help || reports === undefined || (rounds !== undefined && !(rounds >= 1))) {
  console.error(usage);
  process.exitCode = values.help ? 0 : 64;
} else {
  const all: object[] = [];
  const machine = machineText(execFileSync('git', ['--version'], { encoding: 'utf8' }).trim());
  if (!values.json) console.log(machine);
  for await (const { report, text } of reports()) {
    onRun('');
    all.push(report);
    if (!values.json) console.log(`\n${text}`);
  }
  if (values.json) console.log(JSON.stringify({ bench: name, machine, reports: all }, null, 2));
}

interface Shown {
  readonly report: object;
  readonly text: string;
}

async function* mirrorReports(): AsyncGenerator<Shown> {
  const { benchMirror } = await import('./mirror.ts');
  const reports = benchMirror({
    rounds: rounds ?? 7,
    repo: values.repo,
    number: values.pr === undefined ? undefined : Number(values.pr),
    tasks: values.task?.toUpperCase().split(','),
    onRun,
  });
  for await (const report of reports) yield { report, text: reportText(report) };
}

async function* startReports(): AsyncGenerator<Shown> {
  const { benchStart } = await import('./start.ts');
  const report = await benchStart({ rounds: rounds ?? 21, onRun });
  yield { report, text: reportText(report) };
}

async function* pollReports(): AsyncGenerator<Shown> {
  const { benchPoll } = await import('./poll.ts');
  for await (const report of benchPoll({ rounds: rounds ?? 5, onRun })) yield { report, text: pollText(report) };
}

async function* serveReports(): AsyncGenerator<Shown> {
  const { benchServe } = await import('./serve.ts');
  for await (const report of benchServe({ rounds: rounds ?? 3, onRun })) {
    yield { report, text: `# ${report.title}\n${report.lines.join('\n')}` };
  }
}

async function* gateReports(): AsyncGenerator<Shown> {
  const { benchGate } = await import('./gate.ts');
  const report = await benchGate({ rounds: rounds ?? 11, latencyMs: Number(values.latency ?? 100), onRun });
  yield { report, text: reportText(report) };
}
