import { createHash } from 'node:crypto';
import { lstat, readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { deleteRef, git, setRef } from '../support/git-repo.ts';
import { entry, main, openScene, type Scene } from './poll-scene.ts';

const feature = 'refs/heads/feature/x';

/** How the repository is written on the command line. */
const ways: Readonly<Record<string, (scene: Scene) => Promise<string>>> = {
  'a bare repository': async ({ repo }) => repo,
  'over HTTP': async ({ server, repo }) => server.url(repo),
  'a clone, which stands for its origin': cloned,
};

async function cloned({ root, repo }: Scene): Promise<string> {
  const clone = join(root, 'clone');
  await git(['clone', '--quiet', repo, clone]);
  await git(['branch', 'never-pushed'], { cwd: clone });
  return clone;
}

/** Every file of a directory with its content and time. */
async function contents(dir: string): Promise<ReadonlyMap<string, string>> {
  const found = new Map<string, string>();
  for (const name of (await readdir(dir, { recursive: true })).sort()) {
    const facts = await lstat(join(dir, name));
    const text = facts.isFile() ? await readFile(join(dir, name)) : '';
    found.set(name, `${facts.mtimeMs} ${createHash('sha256').update(text).digest('hex')}`);
  }
  return found;
}

describe.each(Object.entries(ways))('%s', (_name, address) => {
  test('new, moved, force-pushed and deleted refs each run once, and exactly their commit', async () => {
    const scene = await openScene();
    const where = await address(scene);
    expect(await scene.poll([where])).toMatchObject({ status: 0, events: [{ type: 'baseline', refs: 1 }], stderr: '' });

    const second = await scene.commit({ files: { version: 'second' } });
    await setRef(scene.repo, feature, scene.first);
    const found = await scene.poll([where]);
    expect(found).toMatchObject({ status: 0, changes: [`created ${feature}`, `moved ${main}`] });
    expect(found.runs).toMatchObject([
      { ref: feature, newOid: scene.first, state: 'success' },
      { ref: main, oldOid: scene.first, newOid: second, state: 'success' },
    ]);
    expect(await scene.journal()).toEqual([entry(feature, scene.first, 'first'), entry(main, second, 'second')]);
    expect(await scene.poll([where])).toMatchObject({ status: 0, events: [] });

    const pipeline = await git(['--git-dir', scene.repo, 'show', 'main:ci/pipeline.sh']);
    const files = { 'ci/pipeline.sh': pipeline, version: 'rewritten' };
    const forced = await scene.commit({ parents: [], message: 'another history', files });
    await deleteRef(scene.repo, feature);
    const moved = await scene.poll([where]);
    expect(moved).toMatchObject({ status: 0, changes: [`moved ${main}`, `deleted ${feature}`] });
    expect(await scene.journal()).toEqual([entry(main, forced, 'rewritten')]);
    expect(await scene.poll([where])).toMatchObject({ status: 0, events: [] });
    expect(await scene.history()).toMatchObject([
      { ref: feature, kind: 'deleted', state: 'skipped', detail: 'the ref was deleted' },
      { ref: main, kind: 'moved', state: 'success' },
      { ref: main, kind: 'moved', state: 'success' },
      { ref: feature, kind: 'created', state: 'success' },
    ]);
    expect(await readdir(scene.env.TMPDIR ?? '')).toEqual([]);
  });
});

test('--initial run runs every branch once; names are data; a missing origin/HEAD does not matter', async () => {
  const scene = await openScene();
  const odd = ['refs/heads/$(touch$', '{IFS}pwned);`id`/ä'].join('');
  await setRef(scene.repo, odd, scene.first);
  await git(['--git-dir', scene.repo, 'symbolic-ref', 'HEAD', 'refs/heads/gone']);
  const ran = await scene.poll(['--initial', 'run', scene.repo]);
  expect(ran).toMatchObject({ status: 0, changes: [`created ${odd}`, `created ${main}`] });
  expect(await scene.journal()).toEqual([entry(odd, scene.first, 'first'), entry(main, scene.first, 'first')]);
  expect(await scene.poll(['--initial', 'run', scene.repo])).toMatchObject({ status: 0, events: [] });
});

test('--branch, --exclude and --tag say what is watched', async () => {
  const scene = await openScene();
  for (const name of ['heads/feature/a', 'heads/feature/no/b', 'heads/other', 'tags/v1', 'tags/nightly']) {
    await setRef(scene.repo, `refs/${name}`, scene.first);
  }
  const flags = ['--branch', 'feature/**', '--exclude', 'feature/no/*', '--tag', 'v*', '--initial', 'run'];
  const ran = await scene.poll([...flags, scene.repo]);
  expect(ran.changes).toEqual(['created refs/heads/feature/a', 'created refs/tags/v1']);
});

test('a remote that has lost all its branches is believed when it says so twice', async () => {
  const scene = await openScene();
  await scene.poll([scene.repo]);
  await deleteRef(scene.repo, main);
  expect(await scene.poll([scene.repo])).toMatchObject({
    status: 0,
    changes: [],
    events: [{ type: 'doubt', refs: 1 }],
  });
  expect(await scene.poll([scene.repo])).toMatchObject({ status: 0, changes: [`deleted ${main}`] });
});

test('the clone is never touched, wherever in it sluice is started, and its origin may be relative', async () => {
  const scene = await openScene();
  const clone = await cloned(scene);
  await git(['remote', 'set-url', 'origin', '../app.git'], { cwd: clone });
  const before = await contents(clone);
  await scene.poll(['.'], { cwd: clone });
  await setRef(scene.repo, feature, scene.first);
  const ran = await scene.poll(['.'], { cwd: join(clone, 'ci') });
  expect(ran).toMatchObject({ status: 0, changes: [`created ${feature}`], runs: [{ repository: scene.repo }] });
  expect(await contents(clone)).toEqual(before);
});

test('a person reads what was found and what became of it', async () => {
  const scene = await openScene();
  const first = await scene.text(['--once', scene.repo]);
  expect(first).toMatchObject({ status: 0, stderr: '' });
  expect(first.stdout).toBe(
    `${scene.repo}: first sight of 1 ref, which is remembered and not run (--initial run would)\n`,
  );
  const idle = await scene.text(['--once', scene.repo]);
  expect(idle.stdout).toBe(`nothing to run: no watched ref of ${scene.repo} has changed\n`);
  await setRef(scene.repo, feature, scene.first);
  const at = `${scene.repo} feature/x ${scene.first.slice(0, 10)}`;
  const ran = await scene.text(['--once', scene.repo]);
  expect(ran.stdout).toBe(`${scene.repo} feature/x: created, run 1\nrun 1 (${at}) started\nrun 1 (${at}) success\n`);
});
