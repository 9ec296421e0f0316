import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { scriptEnvironment } from '../../../src/core/pipeline/environment.ts';
import { type Isolation, isolate } from '../../../src/core/pipeline/isolation.ts';
import { type RunRequest, runScript } from '../../../src/core/pipeline/run.ts';
import { findScript } from '../../../src/core/pipeline/script.ts';
import type { Workspace } from '../../../src/core/pipeline/workspace.ts';
import { git } from '../../support/git-repo.ts';
import { bubblewrapIsHere, whySkipped } from '../../unit/pipeline/bubblewrap-here.ts';
import { checkOutAt, main, makeSite, type Site } from './site.ts';

/** Finds and runs the script of a checkout, as a command will. */
async function runPipeline(
  site: Site,
  workspace: Workspace,
  isolation: Isolation,
  options: Partial<RunRequest> & { readonly command?: readonly string[] } = {},
) {
  const found = await findScript(workspace.checkout);
  if (found.kind !== 'script') throw new Error(found.problem);
  const { command = found.command, ...rest } = options;
  const facts = { run: '1', event: 'push', repo: site.remote, ref: main, sha: site.tip };
  const launch = isolate(isolation, {
    command,
    env: scriptEnvironment(process.env, { facts, workspace }),
    workspace,
    clientEnv: process.env,
    user: { uid: process.getuid?.() ?? 0, gid: process.getgid?.() ?? 0 },
  });
  return await runScript({ ...rest, launch, workspace, logPath: join(site.root, 'logs', '1.log') });
}

describe.each(['none', 'bubblewrap'] as const)('isolation %s', (isolation) => {
  const absent = isolation === 'bubblewrap' && !bubblewrapIsHere;
  const why = isolation === 'bubblewrap' ? whySkipped : '';

  test.skipIf(absent)(`a script of the commit runs with its history, and all goes afterwards${why}`, async () => {
    const site = await makeSite();
    const { workspace } = await checkOutAt(site);
    expect(await runPipeline(site, workspace, isolation)).toMatchObject({ state: 'success', lastLine: 'run 3' });
    const body = 'git log --format=%s | wc -l; git gc -q; chmod -R 000 . "$HOME" "$TMPDIR"; cd /; echo gone';
    const second = await runPipeline(site, workspace, isolation, { command: ['sh', '-c', body] });
    expect(second).toMatchObject({ state: 'success', lastLine: 'gone' });
    await workspace[Symbol.asyncDispose]();
    expect(await readdir(join(site.root, 'runs'))).toEqual([]);
    const next = await checkOutAt(site);
    expect(next.commit).toBe(site.tip);
  });

  test.skipIf(absent)(`the cache is emptied in the middle of a run${why}`, async () => {
    const site = await makeSite();
    const { workspace } = await checkOutAt(site);
    let emptied: Promise<void> | undefined;
    const empty = async () => {
      await site.ports().withHistory(site.endpoint(), 'sha1', async (repository) => {
        const [ref = ''] = (await repository.git('for-each-ref', '--format=%(refname)')).split('\n');
        await repository.git('update-ref', '-d', ref);
        await repository.git('gc', '--quiet', '--prune=now');
        await git(['hash-object', '-w', '--stdin'], { cwd: workspace.checkout, input: 'go' });
      });
    };
    // It waits for the object that is written into its repository when the cache is empty.
    const wait = 'until git cat-file -e "$1" 2>/dev/null; do sleep 0.05; done; git fsck --strict && git log -p | wc -l';
    const go = await git(['hash-object', '--stdin'], { input: 'go' });
    const result = await runPipeline(site, workspace, isolation, {
      command: ['sh', '-c', `echo ready; ${wait}`, 'x', go],
      onOutput: () => {
        emptied ??= empty();
      },
    });
    await emptied;
    expect(result).toMatchObject({ state: 'success', exitCode: 0 });
    expect(Number(result.lastLine)).toBeGreaterThan(20);
  });
});
