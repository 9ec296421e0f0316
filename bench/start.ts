import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { addChange, bulkHistory, git, isolatedGitEnv, makeBareRepo } from '../test/support/git-repo.ts';
import { tempDir } from '../test/support/temp-dir.ts';
import { measure } from './measure.ts';
import { unpackPackage } from './package.ts';
import { type Goal, type Report, reportOf } from './report.ts';
import { type Contender, pairedRatio, runRounds, type Sample } from './rounds.ts';
import { serve } from './served.ts';

export interface StartOptions {
  readonly rounds: number;
  readonly onRun: (text: string) => void;
}

const bare = 'node -e 0';

interface Call {
  readonly name: string;
  readonly args: readonly string[];
  readonly status: number;
  /** Largest ratio to `node -e 0` that is promised. */
  readonly goal: number;
}

/** What a start of every kind costs, against a Node that does nothing. */
export async function benchStart({ rounds, onRun }: StartOptions): Promise<Report> {
  await using dir = await tempDir('sluice-bench-');
  const launcher = await unpackPackage(dir.path);
  await using served = await serve(dir.path);
  const url = `${served.origin}/unchanged.git`;
  await makeUnchanged(join(dir.path, 'unchanged.git'));
  const cwd = join(dir.path, 'empty');
  await mkdir(cwd);
  const env = isolatedGitEnv({ HOME: cwd, XDG_CACHE_HOME: undefined, NODE_COMPILE_CACHE: join(dir.path, 'compiled') });

  function contender(name: string, kind: Contender['kind'], argv: readonly string[], expected = 0): Contender {
    return {
      name,
      kind,
      async run(): Promise<Sample> {
        const { wallMs, cpuMs, status, stderr } = await measure({ argv: [process.execPath, ...argv], env, cwd });
        return {
          wallMs,
          cpuMs,
          problem: status === expected ? undefined : `status ${status}: ${stderr.slice(0, 200)}`,
        };
      },
    };
  }

  const calls = callsOn(url);
  const contenders = [
    contender(bare, 'limit', ['-e', '0']),
    ...calls.map(({ name, args, status }) => contender(name, 'sluice', [launcher, ...args], status)),
  ];
  // Fills the page cache and V8's compile cache, as every start but the first one on a machine finds them.
  await runRounds(contenders, 2, onRun);
  const results = await runRounds(contenders, rounds, onRun);
  const goals = calls.map(({ name, goal }): Goal => {
    return { what: `${name} to ${bare}`, measured: pairedRatio(results, name, bare), limit: goal, unit: 'x' };
  });
  return reportOf({ title: 'start: whole process, nothing to do', contenders, results }, goals);
}

function callsOn(url: string): readonly Call[] {
  return [
    { name: 'sluice --version', args: ['--version'], status: 0, goal: 1.25 },
    { name: 'sluice --help', args: ['--help'], status: 0, goal: 1.25 },
    { name: 'sluice mirror --help', args: ['mirror', '--help'], status: 0, goal: 1.25 },
    { name: 'sluice mirror (usage error)', args: ['mirror', url, '--update', 'never'], status: 64, goal: 1.5 },
    { name: 'sluice config check', args: ['config', 'check'], status: 0, goal: 1.5 },
    // Up to the first byte: everything is loaded and decided, and nobody answers.
    {
      name: 'sluice mirror (connection refused)',
      args: ['mirror', 'http://127.0.0.1:1/a.git', '--pr', '1', '--retries', '0'],
      status: 69,
      goal: 1.5,
    },
    { name: 'sluice mirror (unchanged, loopback HTTP)', args: ['mirror', url, '--pr', '1'], status: 0, goal: 1.6 },
  ];
}

/** A repository whose change request 1 is mirrored already. */
async function makeUnchanged(repository: string): Promise<void> {
  await makeBareRepo(repository);
  await bulkHistory(repository, { commits: 20, filesPerCommit: 2, branch: 'main' });
  const { oid } = await addChange(repository, 1, { from: 'main' });
  await git(['--git-dir', repository, 'update-ref', 'refs/heads/pr/1', oid]);
}
