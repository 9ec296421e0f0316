import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { commit, resolve, setRef } from '../support/git-repo.ts';
import { changed, eventually, openServeScene, type ServeScene } from './serve-scene.ts';

const main = 'refs/heads/main';

async function push(scene: ServeScene, ref = main) {
  const { gitDir } = scene.fake.state.repositories.get('acme/app') ?? { gitDir: '' };
  const before = await resolve(gitDir, 'refs/heads/main');
  const after = await commit(gitDir, { message: 'more', parent: before, files: { version: 'two' }, ref });
  return { kind: 'push', ref, before, after } as const;
}

describe('hook scripts', () => {
  test('get the arguments of GakoCI, an environment without secrets, and set statuses with a link to their run', async () => {
    const scene = await openServeScene();
    const out = join(scene.root, 'out');
    await scene.hook(
      'push-acme-app-test.sh',
      `#!/bin/sh\n{ printf '%s\\n' "$@"; cat "$1"; env; } > '${out}'\necho all good\n`,
    );
    await scene.hook('push-acme-ap', `#!/bin/sh\nexit 1\n`);
    const server = await scene.start();
    const event = await push(scene, 'refs/heads/feature/x');
    expect(await server.send(event, { guid: 'guid-1' })).toEqual({
      status: 202,
      body: { delivery: 'guid-1', jobs: 1 },
    });
    const run = await server.until(({ state }) => state === 'success');
    expect(run).toMatchObject({
      name: 'push-acme-app-test.sh',
      lastLine: 'all good',
      branch: 'feature/x',
      delivery: 'guid-1',
    });
    const [payload = '', ...lines] = (await readFile(out, 'utf8')).split('\n');
    expect(payload).toMatch(/payload\.json$/);
    expect(lines.slice(0, 5)).toEqual(['push', 'acme', 'app', 'feature/x', event.after]);
    const text = lines.join('\n');
    expect(text).toContain(`"after":"${event.after}"`);
    expect(text).toContain(`SLUICE_RUN_URL=http://ci.example.org/runs/${run.id}`);
    for (const hidden of [scene.fake.token, 'a secret of the webhook', 'HOOK_SECRET='])
      expect(text).not.toContain(hidden);
    await eventually(async () =>
      expect(await scene.statuses(event.after)).toEqual({ 'push-acme-app-test.sh': 'success: all good' }),
    );
    const [status] = scene.fake.state.statuses.of('acme/app', event.after);
    expect(status?.url).toBe(`http://ci.example.org/runs/${run.id}`);
  });

  test('several run in name order; one that fails says so on the commit, with its last line', async () => {
    const scene = await openServeScene();
    const journal = join(scene.root, 'journal');
    await scene.hook('push-acme-app-2', `#!/bin/sh\necho two >> '${journal}'\necho broken; exit 3\n`);
    await scene.hook('push-acme-app-1', `#!/bin/sh\nsleep 0.2; echo one >> '${journal}'\n`);
    const server = await scene.start();
    const event = await push(scene);
    await server.send(event);
    await server.until(({ state }) => state === 'failure');
    expect(await readFile(journal, 'utf8')).toBe('one\ntwo\n');
    await eventually(async () =>
      expect(await scene.statuses(event.after)).toEqual({
        'push-acme-app-1': 'success: success',
        'push-acme-app-2': 'failure: broken',
      }),
    );
  });

  test('a change request of a stranger waits for somebody with write access, and the status says for whom', async () => {
    const scene = await openServeScene({ trust: ['internal', 'comment:/ok-to-test'] });
    const out = join(scene.root, 'out');
    await scene.hook('pull_request-acme-app', `#!/bin/sh\nprintf '%s ' "$@" > '${out}'\n`);
    const server = await scene.start();
    const { state } = scene.fake;
    const change = await state.addChange({ repo: 'acme/app', from: 'stranger/app', branch: 'fix', author: 'stranger' });
    await server.send(changed('opened', change));
    const waiting = await server.until((run) => run.state === 'waiting');
    expect(waiting.detail).toMatch(/write access must comment "\/ok-to-test/);
    await eventually(async () =>
      expect(await scene.statuses(change.head.sha)).toEqual({
        'pull_request-acme-app': expect.stringMatching(/^pending: waiting: a person with write access must comment/),
      }),
    );
    state.members.grant('acme/app', 'writer', 'write');
    state.addAccount('writer');
    state
      .about('acme/app', change.number)
      .record({ kind: 'commented', by: 'writer', text: `/ok-to-test ${change.head.sha}` });
    await server.send({ kind: 'endorsement', what: 'comment', number: change.number });
    await server.until((run) => run.id === waiting.id && run.state === 'success');
    expect((await readFile(out, 'utf8')).split(' ').slice(1, -1)).toEqual([
      'pull_request',
      'stranger',
      'app',
      'fix',
      change.head.sha,
      'acme',
      'app',
      String(change.number),
    ]);
    await server.send(changed('closed', change));
    expect(await scene.command('jobs', 'list')).toMatchObject({ jobs: [{ id: waiting.id }] });
  });

  test('a configured command starts in a checkout of exactly the commit; a newer commit ends it', async () => {
    const command = ['sh', '-c', 'cat version; test "$(cat version)" = three || sleep 30'];
    const scene = await openServeScene({ run: [{ name: 'unit', on: ['push'], command, checkout: true }] });
    const server = await scene.start();
    const first = await push(scene);
    await server.send(first);
    const old = await server.until(({ state }) => state === 'running');
    await eventually(async () => expect(await scene.statuses(first.after)).toEqual({ unit: 'pending: running' }));
    const { gitDir } = scene.fake.state.repositories.get('acme/app') ?? { gitDir: '' };
    const after = await commit(gitDir, {
      message: 'three',
      parent: first.after,
      files: { version: 'three' },
      ref: main,
    });
    await server.send({ kind: 'push', ref: main, before: first.after, after });
    expect(await server.until(({ id, state }) => id === old.id && state === 'superseded')).toMatchObject({
      dead: false,
    });
    const run = await server.until(({ state }) => state === 'success');
    expect(run).toMatchObject({ name: 'unit', lastLine: 'three', sha: after });
    await eventually(async () => {
      expect(await scene.statuses(first.after)).toEqual({ unit: `error: superseded by run ${run.id}` });
      expect(await scene.statuses(after)).toEqual({ unit: 'success: three' });
    });
    const log = await scene.command('jobs', 'log', run.id);
    expect(log).toMatchObject({ log: 'three' });
  });

  test('deliveries that come out of order run what the branch has now, and only once', async () => {
    const scene = await openServeScene();
    const journal = join(scene.root, 'journal');
    await scene.hook('push-acme-app', `#!/bin/sh\necho "$6" >> '${journal}'\n`);
    const server = await scene.start();
    const first = await push(scene);
    const { gitDir } = scene.fake.state.repositories.get('acme/app') ?? { gitDir: '' };
    const after = await commit(gitDir, { message: 'three', parent: first.after, ref: main });
    await server.send({ kind: 'push', ref: main, before: first.after, after });
    await server.until(({ state }) => state === 'success');
    await server.send(first);
    await server.until(({ state }) => state === 'skipped');
    await setRef(gitDir, main, first.after);
    await server.send({ kind: 'push', ref: main, before: after, after: first.after });
    await server.until(({ state, sha }) => state === 'success' && sha === first.after);
    expect((await readFile(journal, 'utf8')).trim().split('\n')).toEqual([after, first.after]);
  });
});
