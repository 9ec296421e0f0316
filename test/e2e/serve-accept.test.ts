import { appendFile, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { deliveryOf, headersOf } from '../support/deliveries/sign.ts';
import { resolve } from '../support/git-repo.ts';
import { eventually, forgeTypes, openServeSite, type ServeSite, secret } from './serve-site.ts';

const main = 'refs/heads/main';

async function pushOf(site: ServeSite, type = forgeTypes[0]) {
  const { fake, repo } = site.forge(type ?? 'github');
  const after = await resolve(fake.state.repositories.get(repo)?.gitDir ?? '', main);
  return { kind: 'push', ref: main, before: 'b'.repeat(40), after } as const;
}

const note = [{ name: 'note', on: ['push'], command: ['echo', 'noted'] }];

describe('every forge through one server', () => {
  test('signed, unsigned, unknown, malformed, too large, ping, ignored, not configured', async () => {
    const site = await openServeSite(forgeTypes);
    await site.configure({ bodyLimit: 100_000 }, { run: note, statuses: false });
    const server = await site.start();
    for (const type of forgeTypes) {
      const forge = site.forge(type);
      const push = await pushOf(site, type);
      const good = forge.delivery(push, { guid: `${type}-1` });
      expect([type, await server.post(type, good)]).toEqual([
        type,
        { status: 202, body: { delivery: `${type}-1`, jobs: 1 } },
      ]);
      const forged = forge.delivery(push, { secret: 'a guess' });
      expect([type, (await server.post(type, forged)).status]).toEqual([type, 401]);
      // Whatever proves it is left out, or is for other bytes.
      const bare = Object.entries(good.headers).filter(([name]) => !/signature|token/.test(name));
      expect([type, (await server.post(type, { ...good, headers: Object.fromEntries(bare) })).status]).toEqual([
        type,
        401,
      ]);
      if (type !== 'gitlab') {
        const changed = { ...good, body: Buffer.concat([good.body, Buffer.from(' ')]) };
        expect([type, (await server.post(type, changed)).status]).toEqual([type, 401]);
      }
      expect([type, await server.post(`${type}-x`, good)]).toMatchObject([type, { status: 404 }]);
      for (const text of ['', '{', '[]', '{"ref":7}', 'null', '\xff\xfe']) {
        const body = Buffer.from(text, 'latin1');
        const event = good.headers['x-github-event'] ?? good.headers['x-event-key'] ?? 'Push Hook';
        const headers = headersOf(type, event, `${type}-bad`, body, secret);
        const answer = await server.post(type, { headers, body });
        expect([type, text, answer]).toMatchObject([type, text, { status: 400 }]);
        expect(String(answer.body.error)).toMatch(/body of the delivery/);
      }
      const large = { headers: good.headers, body: Buffer.alloc(100_001, ' ') };
      expect([type, (await server.post(type, large)).status]).toEqual([type, 413]);
      const elsewhere = deliveryOf(type, push, {
        secret,
        place: { repo: forge.repo.replace('app', 'other'), webUrl: forge.webUrl, actor: 'x' },
      });
      expect([type, await server.post(type, elsewhere)]).toMatchObject([
        type,
        { status: 202, body: { jobs: 0, reason: expect.stringContaining('not configured') } },
      ]);
      const tag = forge.delivery({ ...push, ref: 'refs/tags/v1' });
      expect([type, await server.post(type, tag)]).toMatchObject([
        type,
        { status: 202, body: { jobs: 0, reason: expect.stringContaining('nothing is mirrored or run') } },
      ]);
      await server.until(({ repo, state }) => repo === `${type}:${forge.repo}` && state === 'success');
    }
    const listed = await site.ask('deliveries', 'list');
    expect(JSON.stringify(listed)).not.toContain('-bad');
    expect(listed.deliveries).toHaveLength(3 * forgeTypes.length);
  });

  test('a ping is 200 where the forge has one, and nothing is kept of it', async () => {
    const site = await openServeSite(forgeTypes);
    const server = await site.start();
    for (const type of forgeTypes) {
      const { status, body } = await server.post(type, site.forge(type).delivery({ kind: 'ping' }));
      // Gitea, GitLab and Bitbucket Cloud send a push of nothing instead.
      expect([type, status]).toEqual([type, body.pong === true ? 200 : 202]);
      if (type === 'github' || type === 'bitbucket-datacenter') expect([type, body]).toEqual([type, { pong: true }]);
    }
    const forged = site.forge('github').delivery({ kind: 'ping' }, { secret: 'a guess' });
    expect((await server.post('github', forged)).status).toBe(401);
  });
});

describe('secrets', () => {
  test('several are good while one is being replaced; one that was taken out is not', async () => {
    const site = await openServeSite();
    Object.assign(site.env, { OLD_SECRET: 'the old one', NEW_SECRET: 'the new one' });
    const both = { webhook: { secrets: [{ env: 'OLD_SECRET' }, { env: 'NEW_SECRET' }] }, run: note };
    await site.configure({}, both);
    const push = await pushOf(site);
    const signed = (used: string) => site.forge('github').delivery(push, { secret: used });
    const first = await site.start();
    expect((await first.post('github', signed('the old one'))).status).toBe(202);
    expect((await first.post('github', signed('the new one'))).status).toBe(202);
    expect((await first.post('github', signed('another'))).status).toBe(401);
    await first.stop();
    await site.configure({}, { webhook: { secrets: [{ env: 'NEW_SECRET' }] }, run: note });
    const second = await site.start();
    expect((await second.post('github', signed('the old one'))).status).toBe(401);
    expect((await second.post('github', signed('the new one'))).status).toBe(202);
  });

  test.each([
    ['no secret', {}, 78, 'no webhook secret'],
    ['an empty variable', { webhook: { secrets: [{ env: 'EMPTY' }] } }, 77, 'EMPTY'],
    ['a missing variable', { webhook: { secrets: [{ env: 'NOT_THERE' }] } }, 77, 'NOT_THERE'],
  ])('it does not start with %s', async (_, webhook, status, named) => {
    const site = await openServeSite();
    site.env.EMPTY = '';
    await site.configure({}, { webhook: undefined, run: note, ...webhook });
    const ran = await site.run('serve');
    expect([ran.status, ran.stdout]).toEqual([status, '']);
    expect(ran.stderr).toContain(named);
  });

  test('--insecure-no-secret takes what nobody signed, and says so', async () => {
    const site = await openServeSite();
    await site.configure({}, { webhook: undefined, run: note });
    const server = await site.start(['--insecure-no-secret']);
    expect(server.said()).toContain('nobody signed');
    const delivery = site.forge('github').delivery(await pushOf(site), { secret: 'whatever' });
    expect(await server.post('github', delivery)).toMatchObject({ status: 202, body: { jobs: 1 } });
  });
});

test('POST / means the only source; with two it is 404, and says where to send', async () => {
  const one = await openServeSite();
  await one.configure({}, { run: note });
  const server = await one.start();
  expect(await server.post(undefined, one.forge('github').delivery(await pushOf(one)))).toMatchObject({ status: 202 });
  const two = await openServeSite(['github', 'gitea']);
  const other = await two.start();
  expect(await other.post(undefined, two.forge('github').delivery(await pushOf(two)))).toMatchObject({
    status: 404,
    body: { hint: expect.stringContaining('/hooks/') },
  });
});

describe('once', () => {
  test('the same delivery many times at once runs once; one that failed runs again when it is sent again', async () => {
    const site = await openServeSite();
    const journal = join(site.root, 'journal');
    const good = join(site.root, 'good');
    await site.hook('push-acme-app', `#!/bin/sh\necho run >> '${journal}'\ntest -e '${good}'\n`);
    const server = await site.start();
    const delivery = site.forge('github').delivery(await pushOf(site), { guid: 'once' });
    const answers = await Promise.all(Array.from({ length: 20 }, () => server.post('github', delivery)));
    expect(answers.map(({ status }) => status)).toEqual(Array(20).fill(202));
    expect(answers.filter(({ body }) => body.duplicate !== true)).toHaveLength(1);
    await server.until(({ state }) => state === 'failure');
    expect(await readFile(journal, 'utf8')).toBe('run\n');
    await appendFile(good, '');
    expect(await server.post('github', delivery)).toMatchObject({ status: 202, body: { jobs: 1 } });
    await server.until(({ state }) => state === 'success');
    expect(await server.post('github', delivery)).toMatchObject({ body: { jobs: 0, duplicate: true } });
    // Also for the server after this one.
    await server.stop();
    const next = await site.start();
    expect(await next.post('github', delivery)).toMatchObject({ body: { jobs: 0, duplicate: true } });
    const { deliveries } = (await site.ask('deliveries', 'list')) as { deliveries: readonly { repeats: number }[] };
    expect(deliveries).toMatchObject([{ guid: 'once', repeats: 22 }]);
    expect(await readFile(journal, 'utf8')).toBe('run\nrun\n');
  });

  test('the same id from two sources is two deliveries', async () => {
    const site = await openServeSite(['github', 'gitea']);
    await site.configure({}, { run: note, statuses: false });
    const server = await site.start();
    for (const type of ['github', 'gitea'] as const) {
      const delivery = site.forge(type).delivery(await pushOf(site, type), { guid: 'same' });
      expect([type, await server.post(type, delivery)]).toMatchObject([type, { status: 202, body: { jobs: 1 } }]);
    }
  });

  test('what a forge sends without an id is known by its bytes', async () => {
    const site = await openServeSite(['gitlab']);
    await site.configure({}, { run: note, statuses: false });
    const server = await site.start();
    const { headers, body } = site.forge('gitlab').delivery(await pushOf(site, 'gitlab'));
    const { 'idempotency-key': _, ...nameless } = headers;
    expect(await server.post('gitlab', { headers: nameless, body })).toMatchObject({ status: 202, body: { jobs: 1 } });
    await server.until(({ state }) => state === 'success');
    expect(await server.post('gitlab', { headers: nameless, body })).toMatchObject({ body: { duplicate: true } });
  });

  test('nothing that takes time happens before the answer: forge and git do not answer at all', async () => {
    const site = await openServeSite();
    await site.configure({}, { mirror: { to: 'github:mirrors/app', changes: true, branches: ['**'] }, run: note });
    const forge = site.forge('github');
    forge.fake.fail({ fault: { kind: 'hang' } });
    forge.git.options.fault = () => 'hang';
    const server = await site.start();
    const push = await pushOf(site);
    for (let n = 0; n < 5; n += 1) {
      expect(await server.post('github', forge.delivery(push))).toMatchObject({ status: 202 });
    }
    await eventually(() => expect(server.runs.length).toBeGreaterThan(0));
    // Nor do they hold up its end.
    expect((await server.stop()).status).toBe(143);
  });
});
