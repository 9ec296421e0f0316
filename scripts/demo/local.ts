import { isolatedGitEnv, refs } from '../../test/support/git-repo.ts';
import { tempDir } from '../../test/support/temp-dir.ts';
import { type DemoForge, openDemoForge } from './forge.ts';
import { openStage, type Stage } from './stage.ts';

/** The main job on this machine alone: everything is made in a temporary directory and removed again. */
export async function localDemo(): Promise<readonly string[]> {
  await using dir = await tempDir('sluice-demo-');
  await using forge = await openDemoForge(dir.path);
  // Nothing of this machine's configuration: the demo shows the same everywhere.
  const env = isolatedGitEnv({ XDG_CACHE_HOME: `${dir.path}/cache`, GITHUB_TOKEN: undefined, GH_TOKEN: undefined });
  const stage = openStage({ cwd: dir.path, env });
  await introduce(stage, forge);
  await sameRepository(stage, forge);
  await otherRepository(stage, forge);
  await forcedPush(stage, forge);
  await refusal(stage, forge);
  return stage.failures;
}

async function introduce(stage: Stage, { server, upstream, fork }: DemoForge): Promise<void> {
  stage.scene('An upstream repository, a fork, and a pull request');
  stage.say(`Ann's fork ${server.url(fork)} has a branch fix-guide.`);
  stage.say(`She opened pull request 1 of ${server.url(upstream)} with it.`);
  await showRefs(stage, upstream, 'git serves the upstream over smart HTTP, with these refs:');
}

async function sameRepository(stage: Stage, { server, upstream }: DemoForge): Promise<void> {
  const args = ['mirror', server.url(upstream), '--pr', '1'];
  stage.scene('The same repository: the pull request becomes a branch, so that its CI sees it');
  stage.say('First only the plan:');
  await stage.sluice([...args, '--dry-run'], {
    status: 0,
    says: [/^created +refs\/pull\/1\/head → pr\/1 /m, /dry run/],
  });
  stage.check(!(await refs(upstream)).has('refs/heads/pr/1'), 'a dry run changes nothing');
  stage.say('');
  stage.say('Now it happens:');
  await stage.sluice(args, { status: 0, says: [/^created +refs\/pull\/1\/head → pr\/1 /m] });
  await showRefs(stage, upstream, 'The repository now has:');
  const now = await refs(upstream);
  stage.check(now.get('refs/heads/pr/1') === now.get('refs/pull/1/head'), 'pr/1 is the head of the pull request');
  stage.say('');
  stage.say('Again, as cron would:');
  await stage.sluice(args, { status: 0, says: [/nothing to do, everything is up to date \(1 unchanged\)/] });
}

async function otherRepository(stage: Stage, { server, upstream, mirror }: DemoForge): Promise<void> {
  stage.scene('Another repository: only what it lacks travels');
  server.requests.length = 0;
  await stage.sluice(['mirror', server.url(upstream), server.url(mirror), '--pr', '1'], {
    status: 0,
    says: [/^created +refs\/pull\/1\/head → pr\/1 /m],
  });
  const up = server.requests.reduce((sum, request) => sum + request.bytesUp, 0);
  const down = server.requests.reduce((sum, request) => sum + request.bytesDown, 0);
  stage.say('');
  stage.say(`The server counted ${server.requests.length} requests, ${up} bytes up and ${down} bytes down.`);
  await showRefs(stage, mirror, 'The mirror now has:');
  stage.check((await refs(mirror)).has('refs/heads/pr/1'), 'the mirror has pr/1');
}

async function forcedPush(stage: Stage, forge: DemoForge): Promise<void> {
  const { server, upstream, mirror } = forge;
  stage.scene('Ann rewrites her branch');
  await forge.amendChange();
  await stage.sluice(['mirror', server.url(upstream), server.url(mirror), '--pr', '1'], {
    status: 0,
    says: [/^forced +refs\/pull\/1\/head → pr\/1 +[0-9a-f]+\.\.[0-9a-f]+$/m],
  });
  const head = (await refs(upstream)).get('refs/pull/1/head');
  stage.check((await refs(mirror)).get('refs/heads/pr/1') === head, 'the mirror has the new head');
}

async function refusal(stage: Stage, forge: DemoForge): Promise<void> {
  const { server, upstream, mirror } = forge;
  stage.scene('A refusal: somebody committed on the mirror, and its commit is not thrown away');
  await forge.divergeMirror();
  const before = (await refs(mirror)).get('refs/heads/main');
  await stage.sluice(['mirror', server.url(upstream), server.url(mirror), '--branch', 'main'], {
    status: 1,
    says: [/^refused +main → main +not a fast-forward/m],
  });
  stage.check((await refs(mirror)).get('refs/heads/main') === before, 'a refused branch stays as it was');
}

async function showRefs(stage: Stage, repo: string, title: string): Promise<void> {
  stage.say('');
  stage.say(title);
  for (const [name, oid] of await refs(repo)) stage.say(`  ${oid.slice(0, 10)} ${name}`);
}
