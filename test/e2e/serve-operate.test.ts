import { mkdir, readFile, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { deliveryOf } from '../support/deliveries/sign.ts';
import { commit, resolve, setRef } from '../support/git-repo.ts';
import { sluice } from '../support/sluice.ts';
import { changed, eventually, openServeScene, type ServeScene, secret } from './serve-scene.ts';
import { head, openWire } from './serve-wire.ts';

const everybody = { changes: { trust: ['internal', 'author:stranger'] } };
const elsewhere = { mirror: { to: 'gh:mirrors/app', ...everybody } };

function gitDirOf(scene: ServeScene): string {
  return scene.fake.state.repositories.get('acme/app')?.gitDir ?? '';
}

async function tipOf(scene: ServeScene): Promise<string> {
  return await resolve(gitDirOf(scene), 'refs/heads/main');
}

async function addChange(scene: ServeScene) {
  return await scene.fake.state.addChange({
    repo: 'acme/app',
    from: 'stranger/app',
    branch: 'fix',
    author: 'stranger',
  });
}

interface LogLine {
  readonly level: number;
  readonly msg: string;
  readonly run?: string;
  readonly delivery?: string;
}

describe('what an operator sees', () => {
  test('metrics count requests to forges and what git took', async () => {
    const scene = await openServeScene(elsewhere, { reconcile: 0, public: true });
    const server = await scene.start();
    const change = await addChange(scene);
    await server.send(changed('opened', change));
    await eventually(async () => expect(await scene.statuses(change.head.sha)).toHaveProperty('sluice/mirror'));
    const metrics = await (await fetch(`${server.url}/metrics`)).text();
    for (const line of [
      /^sluice_forge_requests_total\{forge="gh",status="200"\} [1-9]/m,
      /^sluice_forge_requests_total\{forge="gh",status="201"\} 1$/m,
      /^sluice_git_seconds_count\{operation="mirror",result="success"\} 1$/m,
      /^sluice_git_seconds_count\{operation="ls-refs",result="success"\} [2-9]$/m,
      /^sluice_git_seconds_count\{operation="transfer",result="success"\} 1$/m,
    ])
      expect(metrics).toMatch(line);
  });

  test('lines of the log name run and delivery, also those from deep below a handler', async () => {
    const scene = await openServeScene({}, { reconcile: 0 });
    await scene.hook('push-acme-app', '#!/bin/sh\necho done\n');
    const after = await tipOf(scene);
    await scene.fake.state.deleteRepository('acme/app');
    const server = await scene.start(['--log-format', 'json', '--log-level', 'debug']);
    await server.send({ kind: 'push', ref: 'refs/heads/main', after }, { guid: 'the-first' });
    const { id: run } = await server.until(({ state }) => state === 'success');
    const { stderr } = await server.stop();
    const lines = stderr.split('\n').flatMap((line) => (line.startsWith('{') ? [JSON.parse(line) as LogLine] : []));
    const said = (what: RegExp) => lines.filter(({ msg }) => what.test(msg));
    const delivery = 'the-first';
    expect(said(/begins/)).toMatchObject([{ level: 30, run, delivery }]);
    expect(said(/delivery's commit is taken/)).toMatchObject([{ level: 20, run, delivery }]);
    expect(said(/ends: success/)).toMatchObject([{ level: 30, run, delivery }]);
    expect(said(/gets no status/)).toMatchObject([{ level: 40, run, delivery }]);
  });

  test('a token that may not set statuses is said, and no run fails for it', async () => {
    const scene = await openServeScene({}, { reconcile: 0 });
    await scene.hook('push-acme-app', '#!/bin/sh\necho fine\n');
    scene.fake.fail({ path: /statuses/, fault: { kind: 'answer', status: 404 } });
    const server = await scene.start();
    await server.send({ kind: 'push', ref: 'refs/heads/main', after: await tipOf(scene) });
    await server.until(({ state }) => state === 'success');
    await eventually(async () =>
      expect(await scene.command('jobs', 'list', '--state', 'success')).toMatchObject({
        jobs: [{ name: 'push-acme-app' }],
      }),
    );
    expect(await scene.command('jobs', 'list', '--dead')).toMatchObject({ jobs: [] });
    expect((await server.stop()).stderr).toMatch(/gh:acme\/app gets no status \(said once for a repository\): .*404/);
  });

  test('what there is no such thing of is named in the words of the command', async () => {
    const scene = await openServeScene();
    await scene.hook('push-acme-app', '#!/bin/sh\n');
    const server = await scene.start();
    for (const word of ['show', 'log', 'retry', 'cancel'])
      expect(await scene.command('jobs', word, '99')).toMatchObject({
        error: { exit: 64, message: 'there is no job 99', hint: 'sluice jobs list shows them.' },
      });
    for (const word of ['show', 'replay'])
      expect(await scene.command('deliveries', word, 'none')).toMatchObject({
        error: { exit: 64, message: 'there is no delivery none', hint: 'sluice deliveries list shows them.' },
      });
    await server.send({ kind: 'push', ref: 'refs/heads/gone', after: 'a'.repeat(40) });
    const { id } = await server.until(({ state }) => state === 'skipped');
    expect(await scene.command('jobs', 'log', id)).toMatchObject({
      error: { exit: 64, message: expect.stringContaining('has no log') },
    });
  });

  test.each([
    ['a branch without a mirror', ['--repo', 'gh:acme/app', '--branch', 'main'], 64, '--mirror-to is missing'],
    ['a base URL that is none', ['--base-url', 'ci.example.org'], 64, 'is not an http(s) address'],
    ['--register without an address', ['--repo', 'gh:acme/app', '--register'], 64, '--base-url'],
  ])('%s is refused before it listens', async (_what, args, status, words) => {
    const scene = await openServeScene({}, { baseUrl: undefined });
    const ran = await sluice(['serve', '-c', 'sluice.json', ...args], { cwd: scene.root, env: scene.env });
    expect([ran.status, ran.stdout, ran.stderr]).toEqual([status, '', expect.stringContaining(words)]);
  });

  test('a repository whose deliveries lead to nothing is said at the start', async () => {
    const scene = await openServeScene(elsewhere, { hooksDir: undefined });
    const args = ['--repo', 'gh:acme/app', '--repo', 'gh:acme/other', '--secret-env', 'HOOK_SECRET'];
    const server = await scene.start(args);
    const { stderr } = await server.stop();
    expect(stderr).toContain('deliveries of gh:acme/other lead to nothing: give it mirror: or run:');
    expect(stderr).not.toContain('deliveries of gh:acme/app lead to nothing');
  });
});

describe('hook scripts in their directory', () => {
  test('links lead wherever the operator likes; directories are no scripts; a signal is said', async () => {
    const scene = await openServeScene({}, { reconcile: 0 });
    const elsewhereDir = join(scene.root, 'operations');
    await mkdir(elsewhereDir);
    await writeFile(join(elsewhereDir, 'deploy'), '#!/bin/sh\necho deployed\n', { mode: 0o755 });
    await symlink(join(elsewhereDir, 'deploy'), join(scene.root, 'hooks/push-acme-app-1'));
    await mkdir(join(scene.root, 'hooks/push-acme-app-2'));
    await scene.hook('push-acme-app-3', '#!/bin/sh\necho before\nkill -SEGV $$\n');
    const server = await scene.start();
    const sent = await server.send({ kind: 'push', ref: 'refs/heads/main', after: await tipOf(scene) });
    expect(sent).toMatchObject({ status: 202, body: { jobs: 2 } });
    expect(await server.until(({ name, state }) => name === 'push-acme-app-1' && state !== 'running')).toMatchObject({
      state: 'success',
      lastLine: 'deployed',
    });
    expect(await server.until(({ name, state }) => name === 'push-acme-app-3' && state !== 'running')).toMatchObject({
      state: 'failure',
      lastLine: 'before',
      detail: 'ended by SIGSEGV',
    });
  });
});

describe('what a mirror must not lose', () => {
  test('an open change request that the forge says it does not know keeps its branch', async () => {
    const scene = await openServeScene(elsewhere, { reconcile: 0 });
    const server = await scene.start();
    const change = await addChange(scene);
    await server.send(changed('opened', change));
    await eventually(async () => expect(await scene.branches('mirrors/app')).toEqual({ 'pr/1': change.head.sha }));
    // As of a credential that has expired: first for the whole repository, then for this one only.
    const listings = () => scene.fake.requests.filter(({ url }) => url.pathname.endsWith('/pulls')).length;
    for (const path of [/repos\/acme\/app/, /repos\/acme\/app\/pulls\/1$/]) {
      scene.fake.fail({ path, fault: { kind: 'answer', status: 404, body: {} } });
      const before = listings();
      await server.send(changed('updated', change));
      await eventually(async () => expect(listings()).toBe(before + 1));
      scene.fake.heal();
    }
    expect(await server.until(({ state }) => state === 'error')).toMatchObject({
      detail: expect.stringMatching(/could not list open pull requests .* answered 404/),
    });
    expect(await scene.branches('mirrors/app')).toEqual({ 'pr/1': change.head.sha });
    scene.fake.state.setChangeState('acme/app', 1, 'closed');
    await server.send(changed('closed', change));
    await eventually(async () => expect(await scene.branches('mirrors/app')).toEqual({}));
  });

  test('a branch that is called like the mirror of a change request is left out', async () => {
    const mirror = { ...elsewhere.mirror, branches: ['**'], prune: true };
    const scene = await openServeScene({ mirror }, { reconcile: 0 });
    const main = await tipOf(scene);
    await setRef(gitDirOf(scene), 'refs/heads/pr/1', main);
    const change = await addChange(scene);
    const server = await scene.start();
    const wanted = { main, 'pr/1': change.head.sha };
    await eventually(async () => expect(await scene.branches('mirrors/app')).toEqual(wanted));
    const sent = await server.send({ kind: 'push', ref: 'refs/heads/pr/1', after: main });
    expect(sent.body).toMatchObject({ jobs: 0 });
    await server.send({ kind: 'push', ref: 'refs/heads/main', after: main });
    await server.until(({ name, state, branch }) => branch === 'main' && state === 'success' && name !== '');
    expect(await scene.branches('mirrors/app')).toEqual(wanted);
  });
});

test('SIGTERM ends what does not end by itself, and the next server begins it anew', async () => {
  const scene = await openServeScene({}, { reconcile: 0 });
  await scene.hook(
    'push-acme-app',
    '#!/bin/sh\necho attempt; [ -e again ] || sleep 600\n'.replace('again', join(scene.root, 'again')),
  );
  const server = await scene.start();
  const main = await tipOf(scene);
  await server.send({ kind: 'push', ref: 'refs/heads/main', after: main });
  await server.until(({ state }) => state === 'running');
  await eventually(async () => expect(await scene.statuses(main)).toEqual({ 'push-acme-app': 'pending: running' }));
  const ended = await server.stop();
  expect(ended).toMatchObject({ status: 143, stderr: expect.stringContaining('stopping') });
  expect(await scene.command('jobs', 'list')).toMatchObject({ jobs: [{ state: 'queued', attempt: 0 }] });
  await writeFile(join(scene.root, 'again'), '');
  const next = await scene.start();
  await next.until(({ state }) => state === 'success');
  await eventually(async () => expect(await scene.statuses(main)).toEqual({ 'push-acme-app': 'success: attempt' }));
});

test('SIGTERM begins nothing new while somebody is still sending, and what they send is kept', async () => {
  const scene = await openServeScene({}, { reconcile: 0, concurrency: { total: 1, perRepository: 1 } });
  const [journal, go] = [join(scene.root, 'journal'), join(scene.root, 'go')];
  await scene.hook(
    'push-acme-app',
    `#!/bin/sh\necho "$5" >> '${journal}'; until [ -e '${go}' ]; do sleep 0.05; done\n`,
  );
  const server = await scene.start();
  const after = await tipOf(scene);
  await server.send({ kind: 'push', ref: 'refs/heads/main', after });
  await server.until(({ state }) => state === 'running');
  await commit(gitDirOf(scene), { message: 'next', parent: after, ref: 'refs/heads/next' });
  await server.send({ kind: 'push', ref: 'refs/heads/next', after });
  const place = { repo: 'acme/app', webUrl: 'http://x', actor: 'x' };
  const late = deliveryOf('github', { kind: 'push', ref: 'refs/heads/late', after }, { place, secret, guid: 'late' });
  const wire = await openWire(server.url);
  wire.write(head('/hooks/app', { ...late.headers, 'content-length': String(late.body.length) }));
  wire.write(late.body.subarray(0, 10));
  const said = new Promise<void>((resolve) => {
    server.child.stderr?.on('data', (chunk: Buffer) => chunk.toString().includes('stopping') && resolve());
  });
  server.child.kill('SIGTERM');
  await said;
  await writeFile(go, '');
  await server.until(({ state, branch }) => state === 'success' && branch === 'main');
  wire.write(late.body.subarray(10));
  expect(await wire.status()).toBe(202);
  expect(await server.ended).toMatchObject({ status: 143 });
  expect(await readFile(journal, 'utf8')).toBe('main\n');
  expect(await scene.command('jobs', 'list', '--state', 'queued')).toMatchObject({
    jobs: [{ branch: 'late' }, { branch: 'next', attempt: 0 }],
  });
});
