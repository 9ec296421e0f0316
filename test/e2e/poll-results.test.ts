import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import type { Oid } from '../../src/core/model/ref.ts';
import { git, refs, resolve, setRef } from '../support/git-repo.ts';
import { entry, main, openScene, type Scene, waiting, written } from './poll-scene.ts';
import { startWatcher } from './poll-watch.ts';

function show(scene: Scene, ...words: readonly string[]): Promise<string> {
  return git(['--git-dir', scene.repo, 'show', ...words]);
}

function note(scene: Scene, oid: Oid): Promise<string> {
  return git(['--git-dir', scene.repo, 'notes', '--ref=sluice', 'show', oid]);
}

describe.each([
  ['file', (scene: Scene) => scene.repo],
  ['HTTP', (scene: Scene) => scene.server.url(scene.repo)],
] as const)('--result notes (%s)', (_via, address) => {
  test('says in a note of each commit what it came to, and moves no branch', async () => {
    const scene = await openScene();
    const poll = (...words: string[]) => scene.poll(['--result', 'notes', address(scene), '--', ...words]);
    await poll('true');
    const good = await scene.commit({ files: { version: 'good' } });
    expect(await poll('echo', 'all fine')).toMatchObject({ status: 0, runs: [{ state: 'success' }] });
    const bad = await scene.commit({ parent: good, files: { version: 'bad' } });
    expect(await poll('sh', '-c', 'echo broken; exit 3')).toMatchObject({ status: 1 });
    expect(await note(scene, good)).toBe(`sluice: success\nref: ${main}\ncommit: ${good}\nrun: 1\n\nall fine`);
    expect(await note(scene, bad)).toBe(
      `sluice: failure (exit status 3)\nref: ${main}\ncommit: ${bad}\nrun: 2\n\nbroken`,
    );
    expect([...(await refs(scene.repo))].filter(([name]) => name !== 'refs/notes/sluice')).toEqual([[main, bad]]);
    expect(await poll('true')).toMatchObject({ status: 0, events: [] });
  });
});

describe('--result commit', () => {
  const words = (scene: Scene) => ['--result', 'commit', scene.server.url(scene.repo)];

  test('puts ci/result on top of the branch, which is no change to be run', async () => {
    const scene = await openScene();
    await scene.poll(words(scene));
    const tested = await scene.commit({ files: { version: 'second' } });
    expect(await scene.poll(words(scene))).toMatchObject({ status: 0, runs: [{ newOid: tested, state: 'success' }] });
    const result = await resolve(scene.repo, main);
    expect(await resolve(scene.repo, `${result}^`)).toBe(tested);
    expect(await show(scene, `${result}:ci/result`)).toBe(`sluice: success\nref: ${main}\ncommit: ${tested}\nrun: 1`);
    expect(await show(scene, '-s', '--format=%B', result)).toContain(`Sluice-Result: ${tested}`);
    expect(await scene.poll(words(scene))).toMatchObject({ status: 0, events: [] });
    expect(await resolve(scene.repo, main)).toBe(result);
    expect(await scene.journal()).toEqual([entry(main, tested, 'second')]);

    const next = await scene.commit({ parent: result, files: { version: 'third' } });
    const ran = await scene.poll(words(scene));
    expect(ran).toMatchObject({ status: 0, runs: [{ oldOid: result, newOid: next, state: 'success' }] });
    expect(await resolve(scene.repo, `${main}^`)).toBe(next);
    expect(await scene.journal()).toEqual([entry(main, next, 'third')]);
  });

  test('leaves it out when another commit has come meanwhile, which then gets its own', async () => {
    const scene = await openScene();
    await scene.poll(words(scene));
    const { words: script, begun, go } = waiting(scene);
    const tested = await scene.commit({ files: { version: 'second' } });
    const watcher = startWatcher(scene, [...words(scene), '--', ...script]);
    await written(begun);
    const newer = await scene.commit({ parent: tested, files: { version: 'third' } });
    await writeFile(go, '');
    expect(await watcher.next('run-finished')).toMatchObject({ run: { newOid: tested, state: 'success' } });
    expect(await watcher.next('report-sent')).toMatchObject({ run: 1, kind: 'commit' });
    expect(await watcher.next('run-finished')).toMatchObject({ run: { newOid: newer, state: 'success' } });
    expect(await watcher.next('report-sent')).toMatchObject({ run: 2, kind: 'commit' });
    await watcher.stop();
    const log = await git(['--git-dir', scene.repo, 'log', '--format=%H %s', main]);
    const [result = '', ...rest] = log.split('\n');
    expect(result).toMatch(/ ci: success$/);
    expect(rest).toEqual([`${newer} more`, `${tested} more`, `${scene.first} first`]);
    expect(await scene.poll(words(scene))).toMatchObject({ status: 0, events: [] });
  });

  test('and a commit on top of it before the next look: that one runs', async () => {
    const scene = await openScene();
    await scene.poll(words(scene));
    await scene.commit({ files: { version: 'second' } });
    await scene.poll(words(scene));
    const above = await scene.commit({ parent: await resolve(scene.repo, main), files: { version: 'third' } });
    const ran = await scene.poll(words(scene));
    expect(ran).toMatchObject({ changes: [`moved ${main}`], runs: [{ newOid: above, state: 'success' }] });
  });

  test('two watchers of one branch do not answer each other', async () => {
    const scene = await openScene();
    const other = [...words(scene), '--state-dir', join(scene.root, 'other')];
    await scene.poll(words(scene));
    await scene.poll(other);
    const tested = await scene.commit({ files: { version: 'second' } });
    await scene.poll(words(scene));
    const result = await resolve(scene.repo, main);
    expect(await resolve(scene.repo, `${result}^`)).toBe(tested);
    // For the other one the tested commit is new, and the result on top of it is where it finds it.
    expect(await scene.poll(other)).toMatchObject({ runs: [{ newOid: result, state: 'success' }] });
    const second = await resolve(scene.repo, main);
    expect(await resolve(scene.repo, `${second}^`)).toBe(result);
    const answer = await scene.poll(words(scene));
    expect(answer.runs).toMatchObject([{ newOid: second, state: 'skipped', detail: 'a result commit of sluice' }]);
    for (const args of [other, words(scene)]) expect((await scene.poll(args)).events).toEqual([]);
    expect(await resolve(scene.repo, main)).toBe(second);
  });

  test('a commit that only claims to be a result is run', async () => {
    const scene = await openScene();
    await scene.poll(words(scene));
    const message = `ci: success\n\nSluice-Result: ${scene.first}\n`;
    const forged = await scene.commit({ message, files: { version: 'evil', 'ci/result': 'x' } });
    expect(await scene.poll(words(scene))).toMatchObject({ runs: [{ newOid: forged, state: 'success' }] });
    expect(await scene.journal()).toEqual([entry(main, forged, 'evil')]);
  });

  test('a tag gets none; a push that is refused is noted in the run', async () => {
    const scene = await openScene();
    await scene.poll([...words(scene), '--tag', '*']);
    await setRef(scene.repo, 'refs/tags/v1', scene.first);
    const before = await refs(scene.repo);
    const tagged = await scene.poll([...words(scene), '--tag', '*']);
    expect(tagged).toMatchObject({ status: 0, runs: [{ ref: 'refs/tags/v1', state: 'success' }] });
    expect(await refs(scene.repo)).toEqual(before);

    scene.server.options.auth = { users: {}, anonymousRead: true };
    const oid = await scene.commit({ files: { version: 'second' } });
    const refused = await scene.poll([...words(scene), '--tag', '*']);
    expect(refused).toMatchObject({ status: 77, runs: [{ state: 'success' }] });
    expect(refused.events.at(-1)).toMatchObject({ type: 'report-failed', final: true, fault: { code: 'denied' } });
    expect((await scene.history())[0]?.reportProblems).toEqual([expect.stringMatching(/^commit: /)]);
    expect(await resolve(scene.repo, main)).toBe(oid);
  });
});

test('several results of one run, and a configuration that asks for them', async () => {
  const scene = await openScene();
  const config = join(scene.root, 'sluice.yaml');
  const repository = `{ repo: ${scene.repo}, name: app, poll: { run: [echo, hello], result: [notes, commit] } }`;
  await writeFile(config, `repositories:\n  - ${repository}\n`);
  await scene.poll(['-c', config]);
  const oid = await scene.commit({ files: { version: 'second' } });
  const ran = await scene.poll(['-c', config]);
  expect(ran).toMatchObject({ status: 0, runs: [{ repository: 'app', state: 'success', lastLine: 'hello' }] });
  expect(await note(scene, oid)).toContain('hello');
  expect(await show(scene, `${main}:ci/result`)).toContain('hello');
  await scene.commit({ files: { version: 'third' } });
  expect(await scene.poll(['-c', config, '--result', 'none', 'app'])).toMatchObject({ runs: [{ results: [] }] });
});
