import { join } from 'node:path';
import { scriptEnvironment } from '../../src/core/pipeline/environment.ts';
import { type Isolation, isolate } from '../../src/core/pipeline/isolation.ts';
import { runScript } from '../../src/core/pipeline/run.ts';
import { openWorkspace } from '../../src/core/pipeline/workspace.ts';

// A process that runs one script and is killed by pipeline-kill.test.ts: `node pipeline-runner.ts ROOT ISOLATION BODY`.
// It prints the identity of the group as JSON, then 'running' when the script has said something.
const [root = '', isolation = 'none', body = ''] = process.argv.slice(2);
await using workspace = await openWorkspace(join(root, 'runs'));
const launch = isolate(isolation as Isolation, {
  command: ['sh', '-c', body],
  env: scriptEnvironment(process.env, { facts: { run: '1', event: 'push', repo: 'x' }, workspace }),
  workspace,
  clientEnv: process.env,
  user: { uid: process.getuid?.() ?? 0, gid: process.getgid?.() ?? 0 },
});
await runScript({
  launch,
  workspace,
  logPath: join(root, 'run.log'),
  graceMs: 1_000,
  onStarted: (group) => void process.stdout.write(`${JSON.stringify(group)}\n`),
  onOutput: () => void process.stdout.write('running\n'),
});
