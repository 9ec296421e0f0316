import { rename } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, describe, expect, onTestFinished, test } from 'vitest';
import { type Fault, startGitHttpServer } from '../support/git-http-server.ts';
import { commit, deleteRef, git, makeBareRepo, setRef } from '../support/git-repo.ts';
import { startSshServer } from '../support/ssh-server.ts';
import { tempDir } from '../support/temp-dir.ts';
import { entry, main, openScene, type Scene, waiting, written } from './poll-scene.ts';
import { startWatcher } from './poll-watch.ts';

const sshRoot = await tempDir();
const ssh = await startSshServer(sshRoot.path);
afterAll(async () => {
  await ssh?.close();
  await sshRoot[Symbol.asyncDispose]();
});

/** What the next listing of refs says; the rest is served. */
function bend({ server }: Scene, fault: Fault): void {
  let bent = false;
  server.options.fault = ({ method }) => {
    if (method !== 'POST' || bent) return undefined;
    bent = true;
    return fault;
  };
}

const canned = { status: 200, headers: { 'Content-Type': 'application/x-git-upload-pack-result' } } as const;

/** A body that a server of protocol version 2 could send for ls-refs. */
function listing(...lines: readonly string[]): Fault {
  const packets = lines.map((line) => `${(Buffer.byteLength(line) + 5).toString(16).padStart(4, '0')}${line}\n`);
  return { ...canned, body: `${packets.join('')}0000` };
}

test.skipIf(ssh === undefined)('over SSH', async () => {
  const scene = await openScene();
  const url = ssh?.url(scene.repo) ?? '';
  const poll = () => scene.poll([url], { env: ssh?.env ?? {} });
  expect(await poll()).toMatchObject({ status: 0, events: [{ type: 'baseline', refs: 1 }] });
  const oid = await scene.commit({ files: { version: 'second' } });
  await setRef(scene.repo, 'refs/heads/feature/x', scene.first);
  expect(await poll()).toMatchObject({ status: 0, changes: ['created refs/heads/feature/x', `moved ${main}`] });
  expect(await scene.journal()).toEqual([
    entry('refs/heads/feature/x', scene.first, 'first'),
    entry(main, oid, 'second'),
  ]);
});

/** URLs of copies of the scene's repository, one for each fault, whose looks have been a baseline. */
async function faultyCopies(scene: Scene, faults: Readonly<Record<string, Fault>>): Promise<readonly string[]> {
  const names = Object.keys(faults);
  const repos = names.map((name) => join(scene.root, `${name}.git`));
  for (const repo of repos) await git(['clone', '-q', '--bare', scene.repo, repo]);
  const urls = repos.map((repo) => scene.server.url(repo));
  await scene.poll(urls);
  scene.server.options.fault = ({ path }) => faults[/^\/([\w-]+)\.git\//.exec(path)?.[1] ?? ''];
  return urls;
}

describe('a remote that cannot be asked', () => {
  test.each<[string, number, Fault]>([
    ['wants a credential', 77, { status: 401, headers: { 'WWW-Authenticate': 'Basic realm="x"' } }],
    ['forbids it', 77, { status: 403 }],
    ['asks for patience', 75, { status: 429, headers: { 'Retry-After': '3600' } }],
    ['has nothing of that name', 69, { status: 404 }],
  ])('%s: exit %i, nothing is forgotten, and the next look finds the change', async (_what, status, fault) => {
    const scene = await openScene();
    const url = scene.server.url(scene.repo);
    await scene.poll([url]);
    const oid = await scene.commit({ files: { version: 'second' } });
    scene.server.options.fault = () => fault;
    const failed = await scene.poll([url]);
    expect(failed).toMatchObject({ status, changes: [], runs: [] });
    expect(failed.events).toMatchObject([{ type: 'look-failed', repository: url }]);
    scene.server.options.fault = undefined;
    expect(await scene.poll([url])).toMatchObject({ status: 0, runs: [{ newOid: oid, state: 'success' }] });
  });

  test('all kinds of trouble at one time: exit 69, nobody else is held up, and nothing is forgotten', async () => {
    const scene = await openScene();
    const urls = await faultyCopies(scene, {
      broken: { status: 500 },
      reset: 'reset',
      page: { status: 200, headers: { 'Content-Type': 'text/html' }, body: '<html>Log in</html>' },
    });
    const gone = await makeBareRepo(join(scene.root, 'gone.git'));
    await commit(gone, { message: 'only', ref: main });
    const down = await startGitHttpServer(scene.root);
    const all = [...urls, gone, down.url(scene.repo), scene.repo];
    await scene.poll([gone, down.url(scene.repo), scene.repo]);
    await rename(gone, `${gone}.away`);
    await down.close();
    const oid = await scene.commit({ files: { version: 'second' } });
    const ran = await scene.poll(all);
    expect(ran).toMatchObject({ status: 69, runs: [{ repository: scene.repo, newOid: oid, state: 'success' }] });
    const failed = ran.events.flatMap((event) => (event.type === 'look-failed' ? [event.repository] : []));
    expect(failed.sort()).toEqual(all.slice(0, -1).sort());
    expect(ran.changes).toEqual([`moved ${main}`]);
  });

  test('a failed script comes first in the exit status', async () => {
    const scene = await openScene();
    const [url = ''] = await faultyCopies(scene, { forbidden: { status: 403 } });
    await scene.poll([scene.repo]);
    await scene.commit({ files: { version: 'second' } });
    expect(await scene.poll([url, scene.repo, '--', 'false'])).toMatchObject({ status: 1 });
  });

  test('a watcher waits as long as it is asked to, and says when one is well again, whose change it finds', async () => {
    const scene = await openScene();
    const faults: Record<string, Fault> = {
      patient: { status: 429, headers: { 'Retry-After': '60' } },
      ailing: { status: 500 },
    };
    const [patient = '', ailing = ''] = await faultyCopies(scene, faults);
    const oid = await commit(join(scene.root, 'ailing.git'), { parent: scene.first, message: 'more', ref: main });
    const watcher = startWatcher(scene, [patient, ailing, '--', 'true']);
    const failures = [await watcher.next('look-failed'), await watcher.next('look-failed')];
    const asked = failures.find(({ repository }) => repository === patient);
    expect(asked?.fault.code).toBe('rate-limited');
    expect(asked?.retryInMs).toBeGreaterThanOrEqual(60_000);
    delete faults.ailing;
    expect(await watcher.next('look-recovered')).toMatchObject({ repository: ailing });
    expect(await watcher.next('run-finished')).toMatchObject({ run: { newOid: oid, state: 'success' } });
    await watcher.stop();
    expect(watcher.events.filter(({ type }) => type === 'look-failed')).toHaveLength(2);
  });
});

describe('a remote that lies', () => {
  test('an advertisement that is cut off, in whatever way, deletes nothing', async () => {
    const scene = await openScene();
    for (const name of ['a', 'b', 'c']) await setRef(scene.repo, `refs/heads/${name}`, scene.first);
    const old = await startGitHttpServer(scene.root, { protocolV0Only: true });
    onTestFinished(() => old.close());
    const cut = await faultyCopies(scene, {
      early: { cutAfterBytes: 20 },
      middle: { ...canned, body: `003d${scene.first}` },
      endless: { ...canned, body: '' },
    });
    const all = [...cut, old.url(scene.repo)];
    await scene.poll([old.url(scene.repo)]);
    old.options.fault = () => ({ cutAfterBytes: 250 });
    for (let round = 0; round < 2; round += 1) {
      const ran = await scene.poll(all);
      expect(ran).toMatchObject({ status: 69, changes: [] });
      expect(ran.events.map(({ type }) => type)).toEqual(all.map(() => 'look-failed'));
    }
    for (const { options } of [scene.server, old]) options.fault = undefined;
    expect(await scene.poll(all)).toMatchObject({ status: 0, events: [] });
  });

  test('a well-formed empty one is doubted once; it is forgotten when the refs come back', async () => {
    const scene = await openScene();
    const url = scene.server.url(scene.repo);
    await scene.poll([url]);
    const empty = async () => {
      bend(scene, listing());
      return await scene.poll([url]);
    };
    for (let round = 0; round < 2; round += 1) {
      expect(await empty()).toMatchObject({ status: 0, changes: [], events: [{ type: 'doubt', refs: 1 }] });
      expect(await scene.poll([url])).toMatchObject({ status: 0, events: [] });
    }
  });

  test('names that git itself would refuse are told and never run', async () => {
    const scene = await openScene();
    const url = scene.server.url(scene.repo);
    await scene.poll([url]);
    const refused = ['a..b', 'x.lock', 'a\u0007b', '.hidden', 'a//b'].map((name) => `refs/heads/${name}`);
    const odd = ['-', '-x', '$(id)', 'a;b'].map((name) => `refs/heads/${name}`);
    const lines = [main, 'refs/heads/../../etc', ...refused, ...odd].map((name) => `${scene.first} ${name}`);
    bend(scene, listing(...lines));
    const ran = await scene.poll([url, '--', 'true']);
    expect(ran).toMatchObject({ status: 0, changes: odd.map((name) => `created ${name}`) });
    // No glob matches a part `..`, so that one is not even watched.
    expect(ran.events.flatMap((event) => (event.type === 'unusable-ref' ? [event.ref] : []))).toEqual(refused);
    expect(ran.runs.map(({ state }) => state)).toEqual(odd.map(() => 'success'));
  });
});

test('a branch that is deleted while its script runs: the script is ended, and the run cancelled', async () => {
  const scene = await openScene();
  await setRef(scene.repo, 'refs/heads/other', scene.first);
  const { words, begun } = waiting(scene, '[ "$SLUICE_BRANCH" = main ] || exit 0');
  const watcher = startWatcher(scene, ['--initial', 'run', scene.server.url(scene.repo), '--', ...words]);
  await written(begun);
  await deleteRef(scene.repo, main);
  const { run } = await watcher.next('run-finished');
  const cancelled = run.ref === main ? run : (await watcher.next('run-finished')).run;
  expect(cancelled).toMatchObject({ ref: main, state: 'cancelled', kind: 'created' });
  await watcher.stop();
  expect(await scene.history('-n', '1')).toMatchObject([{ ref: main, kind: 'deleted', state: 'skipped' }]);
});

test('a commit that was forced away before its run could begin is an error of that run, and the new one runs', async () => {
  const scene = await openScene();
  const lost = '1234567890'.repeat(4);
  const url = scene.server.url(scene.repo);
  await scene.poll([url]);
  bend(scene, listing(`${lost} ${main}`));
  const ran = await scene.poll([url]);
  expect(ran).toMatchObject({ status: 1, runs: [{ newOid: lost, state: 'error' }] });
  expect(ran.runs[0]?.detail).toContain('no longer has 1234567890');
  const again = await scene.poll([url]);
  expect(again).toMatchObject({ status: 0, runs: [{ newOid: scene.first, state: 'success' }] });
});
