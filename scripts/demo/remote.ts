import { join } from 'node:path';
import { refs } from '../../test/support/git-repo.ts';
import { runGit } from '../../test/support/run-git.ts';
import { tempDir } from '../../test/support/temp-dir.ts';
import { openStage, type Stage } from './stage.ts';

const shownRefs = 15;

/** A repository of the user's, read only: mirrored into a bare repository in a temporary directory, with the user's own git set-up. */
export async function remoteDemo(url: string, number: number | undefined): Promise<readonly string[]> {
  await using dir = await tempDir('sluice-demo-');
  const env = { ...process.env, XDG_CACHE_HOME: join(dir.path, 'cache') } as Record<string, string>;
  const stage = openStage({ cwd: process.cwd(), env });
  const target = join(dir.path, 'mirror.git');
  const chosen = number ?? (await newestChange(url, env));
  const selection = chosen === undefined ? [] : ['--pr', String(chosen)];
  stage.scene(`From ${url} into a throw-away repository; ${url} is only read`);
  stage.say(
    chosen === undefined ? 'It shows no change requests, so all branches and tags:' : whichChange(chosen, number),
  );
  const args = ['mirror', url, target, '--create', ...selection];
  await stage.sluice(args, { status: 0, says: [/created|nothing to do/] });
  if (stage.failures.length === 0) await showResult(stage, target, args);
  return stage.failures;
}

function whichChange(chosen: number, asked: number | undefined): string {
  return asked === undefined
    ? `Its newest change request is ${chosen} (--pr N chooses another):`
    : `Change request ${asked}:`;
}

async function showResult(stage: Stage, target: string, args: readonly string[]): Promise<void> {
  const all = [...(await refs(target))];
  stage.say('The throw-away repository now has:');
  for (const [name, oid] of all.slice(0, shownRefs)) stage.say(`  ${oid.slice(0, 10)} ${name}`);
  if (all.length > shownRefs) stage.say(`  … and ${all.length - shownRefs} more`);
  stage.say('');
  stage.say('A second run finds nothing to do:');
  await stage.sluice(args, { status: 0, says: [/nothing to do/] });
  const fsck = await runGit(['--git-dir', target, 'fsck', '--connectivity-only']);
  stage.check(fsck.status === 0, 'git fsck finds the mirror whole');
}

/** The highest number among the heads of change requests; undefined when the server shows none, or cannot be asked. */
async function newestChange(url: string, env: Readonly<Record<string, string>>): Promise<number | undefined> {
  const patterns = ['refs/pull/*/head', 'refs/merge-requests/*/head', 'refs/pull-requests/*/from'];
  const listed = await runGit(['ls-remote', '--', url, ...patterns], { env: { ...env, GIT_TERMINAL_PROMPT: '0' } });
  const numbers = [...listed.stdout.matchAll(/\trefs\/[a-z-]+\/(\d+)\//g)].map(([, number]) => Number(number));
  return numbers.length === 0 ? undefined : Math.max(...numbers);
}
