import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { FakeChange } from '../support/fake-forge/state.ts';
import { commit, refs, resolve } from '../support/git-repo.ts';
import { openFront } from './serve-front.ts';
import { scenarioChange } from './serve-scene.ts';
import { eventually, forgeTypes, openServeSite, type ServeSite } from './serve-site.ts';
import { type Action, deeds, live, type Told } from './serve-story.ts';

const mirror = { to: 'github:mirrors/app', changes: true, branches: ['main'] };
const trust = ['internal', 'author:stranger'];
const repo = 'acme/app';

async function propose(site: ServeSite, branch: string): Promise<FakeChange> {
  return await site.forge('github').fake.state.addChange({ repo, from: 'stranger/app', branch, author: 'stranger' });
}

/** Branches of the mirror by their short names. */
async function mirrored(site: ServeSite): Promise<Readonly<Record<string, string>>> {
  const all = await refs(site.forge('github').fake.state.repositories.get('mirrors/app')?.gitDir ?? '');
  return Object.fromEntries([...all].map(([name, oid]) => [name.replace('refs/heads/', ''), oid]));
}

describe('a server that was away', () => {
  test('gets what it missed sent again, once, compares the rest, and leaves nothing pending', async () => {
    const front = await openFront();
    const site = await openServeSite();
    const journal = join(site.root, 'journal');
    await site.hook('push-acme-app', `#!/bin/sh\necho "$SLUICE_SHA" >> '${journal}'\n`);
    await site.configure({ baseUrl: front.url, register: true }, { mirror, trust });
    const { fake, webUrl } = site.forge('github');
    const place = { repo, webUrl, actor: 'stranger' };
    const send = (action: Action, change: FakeChange) =>
      fake.webhooks.send({ kind: 'change', action, change: scenarioChange(change) }, place);

    const first = await site.start();
    front.target = first.url;
    await eventually(() => expect(fake.webhooks.hooks).toHaveLength(1));
    const kept = await propose(site, 'kept');
    const gone = await propose(site, 'gone');
    for (const change of [kept, gone]) expect(await send('opened', change)).toMatchObject([{ status: 202 }]);
    const main = await resolve(fake.state.repositories.get(repo)?.gitDir ?? '', 'refs/heads/main');
    await eventually(async () =>
      expect(await mirrored(site)).toEqual({ main, 'pr/1': kept.head.sha, 'pr/2': gone.head.sha }),
    );
    front.target = undefined;
    await first.kill();

    const moved = await fake.state.pushChange(repo, kept.number);
    fake.state.setChangeState(repo, gone.number, 'closed');
    const opened = await propose(site, 'opened');
    const brief = await propose(site, 'brief');
    fake.state.setChangeState(repo, brief.number, 'closed');
    const gitDir = fake.state.repositories.get(repo)?.gitDir ?? '';
    const after = await commit(gitDir, { message: 'more', parent: main, ref: 'refs/heads/main' });
    const missed = [
      await send('updated', moved),
      await send('closed', gone),
      await send('opened', opened),
      await fake.webhooks.send({ kind: 'push', ref: 'refs/heads/main', before: main, after }, place),
    ].flat();
    expect(missed.map(({ status }) => status)).toEqual([0, 0, 0, 0]);
    // Nobody told of `brief` at all.
    const whole = { main: after, 'pr/1': moved.head.sha, 'pr/3': opened.head.sha };

    const starting = site.start();
    front.target = starting.then(({ url }) => url);
    const second = await starting;
    await eventually(async () => expect(await mirrored(site)).toEqual(whole));
    await eventually(async () => expect((await readFile(journal, 'utf8')).trim()).toBe(after));
    const guids = missed.map(({ guid }) => guid);
    const again = () => fake.webhooks.deliveries.filter(({ guid, status }) => guids.includes(guid) && status === 202);
    await eventually(() =>
      expect(
        again()
          .map(({ guid }) => guid)
          .sort(),
      ).toEqual(guids.toSorted()),
    );
    await eventually(() => {
      for (const sha of [after, moved.head.sha, opened.head.sha]) {
        const told = fake.state.statuses.of(repo, sha);
        expect(told.map(({ state }) => state)).toEqual(['success']);
      }
    });
    await second.stop();

    const sent = fake.webhooks.deliveries.length;
    const asked = fake.requests.length;
    const restarting = site.start();
    front.target = restarting.then(({ url }) => url);
    const third = await restarting;
    // It compares after it has looked for failed deliveries.
    await eventually(() =>
      expect(fake.requests.slice(asked).map(({ url }) => url.pathname)).toContainEqual(expect.stringMatching(/pulls$/)),
    );
    await third.stop();
    expect(fake.webhooks.deliveries.length).toBe(sent);
    expect((await readFile(journal, 'utf8')).trim()).toBe(after);
    expect(await mirrored(site)).toEqual(whole);
  });

  test.each(forgeTypes)('at %s: the mirror is brought up to what the forge has, without any delivery', async (type) => {
    const site = await openServeSite([type]);
    const { fake, repo: path } = site.forge(type);
    await site.configure({}, { mirror: { to: `${type}:mirrors/app`, changes: true }, trust });
    const heads = async () => {
      const all = await refs(fake.state.repositories.get('mirrors/app')?.gitDir ?? '');
      return Object.fromEntries([...all].map(([name, oid]) => [name.replace('refs/heads/', ''), oid]));
    };
    const open = async (branch: string) =>
      await fake.state.addChange({ repo: path, from: 'stranger/app', branch, author: 'stranger' });
    const [kept, gone, merged] = [await open('kept'), await open('gone'), await open('merged')];
    const first = await site.start();
    const before = { 'pr/1': kept.head.sha, 'pr/2': gone.head.sha, 'pr/3': merged.head.sha };
    await eventually(async () => expect(await heads()).toEqual(before));
    await first.kill();
    const moved = await fake.state.pushChange(path, kept.number);
    fake.state.setChangeState(path, gone.number, 'closed');
    fake.state.setChangeState(path, merged.number, 'merged');
    const late = await open('late');
    await site.start();
    await eventually(async () => expect(await heads()).toEqual({ 'pr/1': moved.head.sha, 'pr/4': late.head.sha }));
    expect(await site.ask('jobs', 'list', '--dead')).toMatchObject({ jobs: [] });
  });

  test('a delivery that fails again and again is not asked for at every look', async () => {
    const front = await openFront();
    const site = await openServeSite();
    await site.configure({ baseUrl: front.url, register: true, reconcile: '1s' }, { mirror, trust });
    const { fake, webUrl } = site.forge('github');
    await site.start();
    await eventually(() => expect(fake.webhooks.hooks).toHaveLength(1));
    const push = { kind: 'push', ref: 'refs/heads/main', after: 'a'.repeat(40) } as const;
    await fake.webhooks.send(push, { repo, webUrl, actor: 'x' });
    await eventually(() => expect(fake.webhooks.deliveries).toHaveLength(2));
    const looks = () => fake.requests.filter(({ url }) => url.pathname.endsWith('/deliveries')).length;
    const before = looks();
    await eventually(() => expect(looks()).toBeGreaterThan(before + 2));
    expect(fake.webhooks.deliveries.map(({ status }) => status)).toEqual([0, 0]);
  });

  test('says which span of time it missed', async () => {
    const site = await openServeSite();
    const first = await site.start();
    await first.kill();
    const store = new DatabaseSync(join(site.dataDir, 'jobs.sqlite'));
    const then = Date.now() - 3_600_000;
    store.prepare("INSERT OR REPLACE INTO note (name, value) VALUES ('alive', ?)").run(String(then));
    store.close();
    const second = await site.start();
    await eventually(() => expect(second.said()).toContain('nobody listened for'));
    expect(second.said()).toContain(new Date(then).toISOString());
  });

  test('an hour back and forth of the clock stops nothing', async () => {
    const site = await openServeSite();
    await site.configure({}, { mirror, trust });
    const first = await site.start();
    await eventually(async () => expect(Object.keys(await mirrored(site))).toEqual(['main']));
    await first.stop();
    const store = new DatabaseSync(join(site.dataDir, 'jobs.sqlite'));
    // As if the last server had lived in the future.
    store.prepare('UPDATE note SET value = ?').run(String(Date.now() + 3_600_000));
    store.close();
    const change = await propose(site, 'fix');
    await site.start();
    await eventually(async () => expect(await mirrored(site)).toMatchObject({ 'pr/1': change.head.sha }));
  });
});

test('a forge that says "not found" of everything takes no mirror away', async () => {
  const site = await openServeSite();
  await site.configure({}, { mirror: { to: 'github:mirrors/app', changes: true }, trust });
  const { fake, delivery } = site.forge('github');
  const server = await site.start();
  const change = await propose(site, 'fix');
  const told = (action: Action) => delivery({ kind: 'change', action, change: scenarioChange(change) });
  await server.post('github', told('opened'));
  await eventually(async () => expect(await mirrored(site)).toEqual({ 'pr/1': change.head.sha }));
  // As GitHub does for a token that lost its rights.
  fake.fail({ path: /repos\/acme\/app/, fault: { kind: 'answer', status: 404, body: { message: 'Not Found' } } });
  await server.post('github', told('updated'));
  const failed = await server.until(({ state }) => state === 'error');
  expect(failed.detail).toMatch(/acme\/app/);
  expect(await mirrored(site)).toEqual({ 'pr/1': change.head.sha });
  fake.heal();
  fake.state.setChangeState(repo, 1, 'closed');
  await server.post('github', told('closed'));
  await eventually(async () => expect(await mirrored(site)).toEqual({}));
});

test('kill -9 among running and waiting scripts: no commit is left pending', async () => {
  const site = await openServeSite();
  await site.configure({ concurrency: { total: 3, perRepository: 3 } });
  const go = join(site.root, 'go');
  await site.hook('push-acme-app', `#!/bin/sh\nwhile ! test -e '${go}'; do sleep 0.05; done\n`);
  const forge = site.forge('github');
  const gitDir = forge.fake.state.repositories.get(repo)?.gitDir ?? '';
  const parent = await resolve(gitDir, 'refs/heads/main');
  const branches = await Promise.all(
    Array.from({ length: 8 }, async (_, index) => {
      const ref = `refs/heads/topic-${index}`;
      return { ref, after: await commit(gitDir, { message: ref, parent, ref }) };
    }),
  );
  const states = () => branches.map(({ after }) => forge.fake.state.statuses.of(repo, after).map(({ state }) => state));
  const first = await site.start();
  for (const branch of branches) {
    const { status } = await first.post('github', forge.delivery({ kind: 'push', ...branch }));
    expect(status).toBe(202);
  }
  await eventually(() => expect(states().filter(([state]) => state === 'pending')).toHaveLength(3));
  await first.kill();
  await writeFile(go, '');
  await site.start();
  await eventually(() => expect(states()).toEqual(branches.map(() => ['success'])));
});

test('change requests whose deliveries come late, twice and out of order end as the forge has them', async () => {
  const site = await openServeSite();
  await site.configure({ concurrency: { total: 4, perRepository: 4 } }, { mirror, trust });
  const forge = site.forge('github');
  const { state } = forge.fake;
  const server = await site.start();
  const plans = fc.sample(fc.array(fc.constantFrom(...deeds), { maxLength: 6 }), { numRuns: 12, seed: 20 });
  const told: Told[] = [];
  for (const [index, plan] of plans.entries()) told.push(...(await live(state, repo, `fork-${index}/app`, plan)));
  const [order] = fc.sample(fc.array(fc.nat(), { minLength: 3 * told.length, maxLength: 3 * told.length }), {
    numRuns: 1,
    seed: 21,
  });
  const mixed = [...told, ...told.filter((_, index) => index % 3 === 0)]
    .map((one, index) => ({ ...one, at: order?.[index] ?? 0 }))
    .toSorted((a, b) => a.at - b.at);
  expect(mixed.length).toBeGreaterThan(40);
  await Promise.all(
    mixed.map(async ({ action, change }) => {
      const scenario = { kind: 'change', action, change: scenarioChange(change) } as const;
      expect((await server.post('github', forge.delivery(scenario))).status).toBe(202);
    }),
  );
  await eventually(async () => {
    const left = (await site.ask('jobs', 'list', '--state', 'queued', '--state', 'running')) as { jobs: unknown[] };
    expect(left.jobs).toEqual([]);
  });
  const open = state.changesOf(repo).filter((change) => change.state === 'open');
  const main = await resolve(state.repositories.get(repo)?.gitDir ?? '', 'refs/heads/main');
  const expected = Object.fromEntries(open.map(({ number, head }) => [`pr/${number}`, head.sha]));
  expect(await mirrored(site)).toEqual({ main, ...expected });
  expect(open.length).toBeGreaterThan(2);
  expect(open.length).toBeLessThan(12);
});
