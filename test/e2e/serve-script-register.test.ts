import { readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { resolve } from '../support/git-repo.ts';
import { bubblewrapIsHere, whySkipped } from '../unit/pipeline/bubblewrap-here.ts';
import { eventually, openServeScene } from './serve-scene.ts';

test('--register makes the webhook with a secret of its own, and the forge can use it; --deregister removes it', async () => {
  // No secret is configured anywhere.
  const scene = await openServeScene({ webhook: undefined });
  await scene.hook('push-acme-app', '#!/bin/sh\necho ran\n');
  const { fake } = scene;
  const urls = () => fake.webhooks.hooks.flatMap(({ repo, url }) => (repo === 'acme/app' ? [url] : []));
  const first = await scene.start(['--register']);
  await eventually(async () => expect(urls()).toEqual(['http://ci.example.org/hooks/app']));
  const port = new URL(first.url).port;
  await first.stop();
  // Now that its address is known, the forge shall send there; registering again must not make a second one.
  const args = ['--register', '--listen', `127.0.0.1:${port}`, '--base-url', `http://127.0.0.1:${port}`];
  const server = await scene.start(args);
  await eventually(async () => expect(urls()).toEqual([`http://127.0.0.1:${port}/hooks/app`]));
  const file = join(scene.dataDir, 'webhooks.json');
  expect((await stat(file)).mode & 0o777).toBe(0o600);
  const { secrets } = JSON.parse(await readFile(file, 'utf8')) as { secrets: Record<string, string> };
  expect(secrets.app).toMatch(/^[0-9a-f]{64}$/);
  const after = await resolve(fake.state.repositories.get('acme/app')?.gitDir ?? '', 'refs/heads/main');
  const place = { repo: 'acme/app', webUrl: fake.webUrl, actor: 'stranger' };
  await fake.webhooks.send({ kind: 'push', ref: 'refs/heads/main', after }, place);
  await server.until(({ state }) => state === 'success');
  const { stdout, stderr } = await server.stop();
  // Nobody listens: GitHub keeps it as failed, and sends it again when it is asked to.
  const [failed] = await fake.webhooks.send({ kind: 'push', ref: 'refs/heads/main', after }, place);
  expect(failed?.status).toBe(0);
  const later = await scene.start(args);
  expect(await later.until(({ state }) => state === 'success')).toMatchObject({ delivery: failed?.guid });
  expect((await later.stop()).stderr).toContain(`the delivery ${failed?.guid} had failed and is sent again`);
  expect(stdout + stderr).not.toContain(secrets.app);
  expect(await scene.command('serve', '--deregister', '--base-url', `http://127.0.0.1:${port}`)).toMatchObject({
    deregistered: true,
  });
  expect(urls()).toEqual([]);
});

test.skipIf(!bubblewrapIsHere)(
  `a hook script that is shut in still runs, from a copy of itself${whySkipped}`,
  async () => {
    const scene = await openServeScene({}, { hooks: { isolation: 'bubblewrap' } });
    await scene.hook(
      'push-acme-app',
      `#!/bin/sh\ntest -e '${scene.root}/sluice.json' && exit 1\ngrep -c refs/heads/main "$1"\n`,
    );
    const server = await scene.start();
    const after = await resolve(scene.fake.state.repositories.get('acme/app')?.gitDir ?? '', 'refs/heads/main');
    await server.send({ kind: 'push', ref: 'refs/heads/main', after });
    expect(await server.until(({ state }) => state !== 'running')).toMatchObject({ state: 'success', lastLine: '1' });
  },
);
