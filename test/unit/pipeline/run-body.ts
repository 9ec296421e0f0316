import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { scriptEnvironment } from '../../../src/core/pipeline/environment.ts';
import type { IsolationRequest } from '../../../src/core/pipeline/isolation/request.ts';
import { type Isolation, isolate } from '../../../src/core/pipeline/isolation.ts';
import { type RunRequest, type RunResult, runScript } from '../../../src/core/pipeline/run.ts';
import { openWorkspace, type Workspace } from '../../../src/core/pipeline/workspace.ts';

export interface BodyOptions extends Partial<Omit<RunRequest, 'workspace' | 'launch'>> {
  readonly isolation?: Isolation;
  readonly isolationRequest?: Partial<IsolationRequest>;
  /** Default: sh with the body. */
  readonly command?: readonly string[];
  readonly prepare?: (workspace: Workspace) => Promise<void>;
}

export interface BodyReport {
  readonly result: RunResult;
  readonly log: Buffer;
  /** Gone by now. */
  readonly workspace: Workspace;
}

/** Runs the text of a shell script in a workspace below `root`, which is removed afterwards. */
export async function runBody(root: string, body: string, options: BodyOptions = {}): Promise<BodyReport> {
  await using workspace = await openWorkspace(join(root, 'runs'));
  const logPath = options.logPath ?? join(root, 'logs', 'run.log');
  const script = join(workspace.checkout, 'body.sh');
  await writeFile(script, body);
  await options.prepare?.(workspace);
  const launch = isolate(options.isolation ?? 'none', {
    command: options.command ?? ['sh', script],
    env: scriptEnvironment(process.env, { facts: { run: '1', event: 'push', repo: 'gh:acme/app' }, workspace }),
    workspace,
    clientEnv: process.env,
    user: { uid: process.getuid?.() ?? 0, gid: process.getgid?.() ?? 0 },
    ...options.isolationRequest,
  });
  const { isolation: _, isolationRequest: __, command: ___, prepare: ____, ...run } = options;
  const result = await runScript({ graceMs: 5_000, ...run, launch, workspace, logPath });
  return { result, log: await readFile(logPath).catch(() => Buffer.alloc(0)), workspace };
}
