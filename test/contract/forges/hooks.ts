import { createServer, type IncomingMessage } from 'node:http';
import type { AddressInfo } from 'node:net';
import { describe, expect, onTestFinished, test } from 'vitest';
import { Secret } from '../../../src/core/secret.ts';
import type { Scenario } from '../../support/deliveries/scenario.ts';
import { type ForgeTraits, open } from './traits.ts';

const push: Scenario = { kind: 'push', ref: 'refs/heads/main', after: 'a'.repeat(40) };

/** Webhooks over the API: the fake sends real deliveries to what was registered. */
export function describeHooks(traits: ForgeTraits): void {
  describe('webhooks', () => {
    test('one that was saved delivers, signed with its secret', async () => {
      const { fake, hooks, webhooks, app } = await withHooks(traits);
      const listener = await startListener();
      const saved = await hooks.save(app, { url: listener.url, secret: new Secret('first secret') });
      expect(await hooks.list(app)).toEqual([saved]);
      expect(saved).toMatchObject({ url: listener.url, active: true });
      await fake.webhooks.send(push, { repo: app, webUrl: fake.webUrl, actor: 'octocat' });
      const [delivery] = listener.deliveries;
      if (delivery === undefined) throw new Error('nothing was delivered');
      expect(webhooks.isAuthentic(delivery.headers, delivery.body, [new Secret('first secret')])).toBe(true);
      const { event = '' } = webhooks.name(delivery.headers) ?? {};
      expect(webhooks.decode(event, delivery.body)).toMatchObject([{ kind: 'push', repo: app }]);
    });

    test('saving it again changes address and secret, and leaves one', async () => {
      const { fake, hooks, webhooks, app } = await withHooks(traits);
      const listener = await startListener();
      const first = await hooks.save(app, { url: 'http://127.0.0.1:9/old', secret: new Secret('old secret') });
      const second = await hooks.save(app, { id: first.id, url: listener.url, secret: new Secret('new secret') });
      expect(await hooks.list(app)).toEqual([second]);
      await fake.webhooks.send(push, { repo: app, webUrl: fake.webUrl, actor: 'octocat' });
      const [delivery] = listener.deliveries;
      expect(
        webhooks.isAuthentic(delivery?.headers ?? {}, delivery?.body ?? Buffer.alloc(0), [new Secret('new secret')]),
      ).toBe(true);
    });

    test('all pages are listed; others stay when ours is removed, twice', async () => {
      const { hooks, app } = await withHooks(traits);
      const all = [];
      for (const name of ['a', 'b', 'c', 'd', 'e']) {
        all.push(await hooks.save(app, { url: `http://ci.example/${name}`, secret: new Secret(`secret ${name}`) }));
      }
      expect((await hooks.list(app)).map(({ url }) => url).sort()).toEqual(all.map(({ url }) => url).sort());
      const [, ours] = all;
      await hooks.remove(app, ours?.id ?? '');
      await hooks.remove(app, ours?.id ?? '');
      expect(await hooks.list(app)).toHaveLength(4);
    });

    test('a refusal names the right that is missing', async () => {
      const { fake, hooks, app } = await withHooks(traits);
      fake.fail({ method: 'GET', path: /hooks/, fault: { kind: 'answer', status: 403, body: { message: 'no' } } });
      await expect(hooks.list(app)).rejects.toMatchObject({
        code: 'denied',
        hint: expect.stringContaining('Webhooks need'),
      });
    });

    test('deliveries that failed are told, and can be had again', async () => {
      const { fake, hooks, app } = await withHooks(traits);
      // Only where the forge lists them.
      if (hooks.failures === undefined || hooks.redeliver === undefined) return;
      const listener = await startListener();
      const hook = await hooks.save(app, { url: listener.url, secret: new Secret('a secret') });
      const place = { repo: app, webUrl: fake.webUrl, actor: 'octocat' };
      await fake.webhooks.send(push, place, 'arrived');
      listener.answerWith(503);
      for (const guid of ['lost-1', 'lost-2', 'lost-3']) await fake.webhooks.send(push, place, guid);
      const lost = await hooks.failures(app, hook.id, 0);
      expect(lost.map(({ guid }) => guid)).toEqual(['lost-1', 'lost-2', 'lost-3']);
      expect(await hooks.failures(app, hook.id, Date.now() + 60_000)).toEqual([]);
      listener.answerWith(202);
      const [first] = lost;
      if (first !== undefined) await hooks.redeliver(app, hook.id, first);
      expect((await hooks.failures(app, hook.id, 0)).map(({ guid }) => guid)).toEqual(['lost-2', 'lost-3']);
    });
  });
}

async function withHooks(traits: ForgeTraits) {
  const opened = await open(traits);
  const { hooks, webhooks } = opened.forge;
  if (hooks === undefined || webhooks === undefined) throw new Error(`${opened.forge.type} lacks a role`);
  return { ...opened, hooks, webhooks };
}

/** Takes deliveries as they come; ends with the current test. */
async function startListener() {
  const deliveries: { readonly headers: Readonly<Record<string, string>>; readonly body: Buffer }[] = [];
  let status = 202;
  const server = createServer(async (request, response) => {
    deliveries.push({ headers: headersOf(request), body: Buffer.concat(await request.toArray()) });
    response.writeHead(status).end();
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  onTestFinished(() => {
    server.closeAllConnections();
    server.close();
  });
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/hooks/it`,
    deliveries,
    answerWith(next: number) {
      status = next;
    },
  };
}

function headersOf(request: IncomingMessage): Readonly<Record<string, string>> {
  return Object.fromEntries(Object.entries(request.headers).map(([name, value]) => [name, String(value)]));
}
