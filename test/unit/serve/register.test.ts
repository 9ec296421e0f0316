import { describe, expect, test } from 'vitest';
import { SluiceError } from '../../../src/core/errors.ts';
import type { Hook, HooksRole, WantedHook } from '../../../src/core/forges/webhooks-role.ts';
import { Secret } from '../../../src/core/secret.ts';
import { deregister, type RegisterTarget, register } from '../../../src/core/serve/register.ts';

const { signal } = new AbortController();
const url = 'https://ci.example/hooks/app';

/** The webhooks of one repository, in memory. */
function forge(...urls: readonly string[]) {
  const hooks: Hook[] = urls.map((one, at) => ({ id: `id-${at}`, url: one, active: true }));
  const saved: WantedHook[] = [];
  const role: HooksRole = {
    list: async () => [...hooks],
    save: async (_, hook) => {
      saved.push(hook);
      const id = hook.id ?? `new-${saved.length}`;
      const at = hooks.findIndex((one) => one.id === id);
      hooks.splice(at < 0 ? hooks.length : at, at < 0 ? 0 : 1, { id, url: hook.url, active: true });
      return { id, url: hook.url, active: true };
    },
    remove: async (_, id) => {
      hooks.splice(
        hooks.findIndex((one) => one.id === id),
        1,
      );
    },
  };
  const target: RegisterTarget = {
    source: 'app',
    display: 'gh:acme/app',
    repo: 'acme/app',
    hooks: role,
    known: undefined,
    url,
    secret: new Secret('a new secret'),
  };
  return { target, saved, urls: () => hooks.map((hook) => hook.url) };
}

describe('registering', () => {
  test('makes one where there is none, beside those of others', async () => {
    const { target, urls } = forge('https://chat.example/hook');
    expect(await register(target, signal)).toMatchObject({ action: 'created', registration: { id: 'new-1', url } });
    expect(urls()).toEqual(['https://chat.example/hook', url]);
  });

  test('again updates it, with the present secret, and never makes a second', async () => {
    const { target, saved, urls } = forge('https://chat.example/hook', `${url}/`);
    expect(await register(target, signal)).toMatchObject({ action: 'updated', registration: { id: 'id-1', url } });
    expect(await register({ ...target, known: { id: 'id-1', url } }, signal)).toMatchObject({ action: 'updated' });
    expect(saved.map(({ id, secret }) => [id, secret.reveal()])).toEqual([
      ['id-1', 'a new secret'],
      ['id-1', 'a new secret'],
    ]);
    expect(urls()).toEqual(['https://chat.example/hook', url]);
  });

  test('follows the address of a new tunnel', async () => {
    const { target, urls } = forge('https://old.tunnel.example/hooks/app');
    const known = { id: 'id-0', url: 'https://old.tunnel.example/hooks/app' };
    expect(await register({ ...target, known }, signal)).toMatchObject({ action: 'updated' });
    expect(urls()).toEqual([url]);
  });

  test('leaves alone what has our id but no longer our address', async () => {
    const { target, urls } = forge('https://chat.example/hook');
    const known = { id: 'id-0', url: 'https://old.tunnel.example/hooks/app' };
    expect(await register({ ...target, known }, signal)).toMatchObject({ action: 'created' });
    expect(urls()).toEqual(['https://chat.example/hook', url]);
  });

  test('of several copies one stays', async () => {
    const { target, urls } = forge(url, 'https://chat.example/hook', url, `${url}/`);
    await register({ ...target, known: { id: 'id-2', url } }, signal);
    expect(urls()).toEqual(['https://chat.example/hook', url]);
  });

  test('a failure is told, and what was known stays known', async () => {
    const { target } = forge();
    const hooks: HooksRole = {
      ...(target.hooks as HooksRole),
      list: async () => {
        throw new SluiceError('denied', 'the token may not');
      },
    };
    const known = { id: 'id-0', url };
    expect(await register({ ...target, hooks, known }, signal)).toMatchObject({
      action: 'failed',
      registration: known,
      problem: { code: 'denied' },
    });
  });
});

describe('deregistering', () => {
  test('removes ours and its copies, and nothing else', async () => {
    const { target, urls } = forge(url, 'https://chat.example/hook', url);
    expect(await deregister(target, signal)).toMatchObject({ action: 'removed', registration: undefined });
    expect(await deregister(target, signal)).toMatchObject({ action: 'absent' });
    expect(urls()).toEqual(['https://chat.example/hook']);
  });
});
