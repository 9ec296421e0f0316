import { readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import type { FakeHook } from '../support/fake-forge/hooks.ts';
import { resolve } from '../support/git-repo.ts';
import { type Front, openFront } from './serve-front.ts';
import type { ServeProcess } from './serve-process.ts';
import { eventually, forgeTypes, openServeSite, type ServeSite, type SiteForge } from './serve-site.ts';

const note = { run: [{ name: 'note', on: ['push'], command: ['true'] }], statuses: false };

interface RegisterScene {
  readonly site: ServeSite;
  readonly front: Front;
  start(args?: readonly string[]): Promise<ServeProcess>;
}

async function openRegisterScene(repository: object = { webhook: undefined }): Promise<RegisterScene> {
  const front = await openFront();
  const site = await openServeSite(forgeTypes);
  await site.configure({ baseUrl: front.url }, { ...note, ...repository });
  return {
    site,
    front,
    async start(args = ['--register']) {
      const starting = site.start(args);
      front.target = starting.then(({ url }) => url);
      return await registered(await starting);
    },
  };
}

/** It listens before it registers: forges try a new webhook at once. */
async function registered(server: ServeProcess): Promise<ServeProcess> {
  await eventually(() => expect(server.said().match(/the webhook of/g)).toHaveLength(forgeTypes.length));
  return server;
}

/** Sends a push from the forge itself; every webhook of the repository gets it. */
async function sendPush({ fake, repo, webUrl }: SiteForge) {
  const after = await resolve(fake.state.repositories.get(repo)?.gitDir ?? '', 'refs/heads/main');
  return await fake.webhooks.send({ kind: 'push', ref: 'refs/heads/main', after }, { repo, webUrl, actor: 'x' });
}

/** A webhook of somebody else's, at another address. */
function addForeign({ type, fake, repo }: SiteForge): FakeHook {
  const url = 'http://127.0.0.1:9/hooks/theirs';
  const hook: FakeHook = { id: 900_000, type, repo, url, secret: 'theirs', events: ['push'] };
  (fake.webhooks.hooks as FakeHook[]).push(hook);
  return hook;
}

describe('--register', () => {
  test('makes a secret and one webhook at each forge; what the forge then sends is authentic', async () => {
    const { site, front, start } = await openRegisterScene();
    const server = await start();
    const file = join(site.dataDir, 'webhooks.json');
    expect((await stat(file)).mode & 0o777).toBe(0o600);
    const { secrets } = JSON.parse(await readFile(file, 'utf8')) as { secrets: Record<string, string> };
    expect(new Set(Object.values(secrets)).size).toBe(forgeTypes.length);
    for (const type of forgeTypes) {
      const forge = site.forge(type);
      expect(forge.fake.webhooks.hooks).toMatchObject([
        { type, repo: forge.repo, url: `${front.url}/hooks/${type}`, secret: secrets[type] },
      ]);
      expect([type, await sendPush(forge)]).toMatchObject([type, [{ status: 202 }]]);
      await server.until(({ repo, state }) => repo === `${type}:${forge.repo}` && state === 'success');
    }
    expect(server.said()).not.toContain(Object.values(secrets)[0]);
  });

  test('again, also elsewhere: still one webhook, with the secret that the forge has', async () => {
    const { site, start } = await openRegisterScene();
    const foreign = forgeTypes.map((type) => addForeign(site.forge(type)));
    await (await start()).stop();
    const written = await readFile(join(site.dataDir, 'webhooks.json'), 'utf8');
    await (await start()).kill();
    const { secrets } = JSON.parse(await readFile(join(site.dataDir, 'webhooks.json'), 'utf8')) as {
      secrets: object;
    };
    expect(secrets).toEqual((JSON.parse(written) as { secrets: object }).secrets);
    // The address has changed, as that of a tunnel does.
    const elsewhere = await openFront();
    const starting = site.start(['--register', '--base-url', elsewhere.url]);
    elsewhere.target = starting.then(({ url }) => url);
    await registered(await starting);
    for (const [index, type] of forgeTypes.entries()) {
      const forge = site.forge(type);
      const { hooks } = forge.fake.webhooks;
      expect([type, hooks.length]).toEqual([type, 2]);
      expect(hooks).toContainEqual(foreign[index]);
      expect(hooks.map(({ url }) => url)).toContain(`${elsewhere.url}/hooks/${type}`);
      const answers = (await sendPush(forge)).map(({ status }) => status).sort();
      expect([type, answers]).toEqual([type, [0, 202]]);
    }
  });

  test('a configured secret is what the forge gets, and a new one replaces it', async () => {
    const { site, start } = await openRegisterScene({});
    await (await start()).stop();
    site.env.HOOK_SECRET = 'another one';
    await start();
    for (const type of forgeTypes) {
      const forge = site.forge(type);
      expect([type, forge.fake.webhooks.hooks.map(({ secret }) => secret)]).toEqual([type, ['another one']]);
      expect([type, await sendPush(forge)]).toMatchObject([type, [{ status: 202 }]]);
    }
  });

  test('what one forge refuses is said, and the others go on', async () => {
    const { site, start } = await openRegisterScene();
    site.forge('gitlab').fake.fail({ path: /hooks/, fault: { kind: 'answer', status: 403, body: {} } });
    const server = await start();
    expect(server.said()).toMatch(/the webhook of gitlab:acme\/app could not be registered/);
    for (const type of forgeTypes) {
      expect([type, site.forge(type).fake.webhooks.hooks.length]).toEqual([type, type === 'gitlab' ? 0 : 1]);
    }
    expect((await sendPush(site.forge('github')))[0]).toMatchObject({ status: 202 });
  });

  test('a forge that does not answer holds up no work', async () => {
    const { site, front } = await openRegisterScene({});
    for (const type of forgeTypes) site.forge(type).fake.fail({ path: /hook/, fault: { kind: 'hang' } });
    const server = await site.start(['--register', '--base-url', front.url]);
    const { delivery, fake } = site.forge('github');
    const after = await resolve(fake.state.repositories.get('acme/app')?.gitDir ?? '', 'refs/heads/main');
    const push = delivery({ kind: 'push', ref: 'refs/heads/main', after });
    expect(await server.post('github', push)).toMatchObject({ status: 202 });
    await server.until(({ state }) => state === 'success');
    expect(server.said()).not.toContain('the webhook of');
    expect(await server.stop()).toMatchObject({ status: 143 });
  });

  test('without an address that a forge could reach it is refused', async () => {
    const site = await openServeSite();
    await site.configure({}, { ...note, webhook: undefined });
    const ran = await site.run('serve', '--register');
    expect(ran.status).toBe(64);
    expect(ran.stderr).toContain('--base-url');
    expect(site.forge('github').fake.webhooks.hooks).toEqual([]);
  });
});

test('--deregister removes ours and nobody else’s, and again there is nothing to do', async () => {
  const { site, start } = await openRegisterScene();
  const foreign = forgeTypes.map((type) => addForeign(site.forge(type)));
  await (await start()).stop();
  for (let time = 0; time < 2; time += 1) {
    const ran = await site.run('serve', '--deregister', '--json');
    expect([ran.status, JSON.parse(ran.stdout)]).toEqual([0, { command: 'serve', deregistered: true }]);
    for (const [index, type] of forgeTypes.entries())
      expect([type, site.forge(type).fake.webhooks.hooks]).toEqual([type, [foreign[index]]]);
  }
  // What was not removed is said.
  await (await start()).stop();
  site.forge('gitea').fake.fail({ method: 'DELETE', fault: { kind: 'answer', status: 403, body: {} } });
  const failed = await site.run('serve', '--deregister');
  expect([failed.status, failed.stderr]).toEqual([77, expect.stringContaining('gitea:acme/app')]);
  expect(site.forge('gitea').fake.webhooks.hooks).toHaveLength(2);
});
