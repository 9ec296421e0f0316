import { describe, expect, test } from 'vitest';
import { type ForgeTraits, open, pathOf } from './traits.ts';

export function describeRepositories(traits: ForgeTraits): void {
  const fresh = pathOf(traits, 'acme', 'fresh', 'organization');
  const own = pathOf(traits, 'me', 'fresh', 'person');

  describe('repositories', () => {
    test('one that exists', async () => {
      const { repositories, app } = await open(traits);
      expect(await repositories.find(app)).toEqual({ path: app, private: false, defaultBranch: 'main' });
    });

    test('one that does not is undefined', async () => {
      const { repositories } = await open(traits);
      expect(await repositories.find(fresh)).toBeUndefined();
    });

    test.each([
      ['an organisation', fresh, true],
      ['an organisation', fresh, false],
      ['oneself', own, true],
    ])('created for %s: %s, private: %j', async (_, path, hidden) => {
      const { fake, repositories } = await open(traits);
      const { created, repository } = await repositories.create(path, { private: hidden, description: 'A mirror' });
      expect(created).toBe(true);
      expect(repository).toMatchObject({ path, private: hidden });
      expect(fake.state.repositories.get(path)).toMatchObject({ private: hidden, description: 'A mirror' });
      expect(await repositories.find(path)).toMatchObject({ path, private: hidden });
    });

    test('creating what exists is success', async () => {
      const { repositories, app } = await open(traits);
      expect(await repositories.create(app, { private: true })).toMatchObject({
        created: false,
        repository: { path: app, private: false },
      });
    });

    test('so it is when somebody else was faster', async () => {
      const { fake, repositories, app } = await open(traits);
      const missing = { kind: 'answer', status: 404, body: { message: 'Not Found' } } as const;
      fake.fail({ method: 'GET', path: /app$/, times: 1, fault: missing });
      expect(await repositories.create(app, { private: true })).toMatchObject({ created: false });
      expect(fake.requests.some(({ method }) => method === 'POST')).toBe(true);
    });

    test('where the credential may not create', async () => {
      const { fake, repositories } = await open(traits);
      fake.state.addAccount('closed', { kind: 'organization', mayCreate: false });
      const path = pathOf(traits, 'closed', 'fresh', 'organization');
      await expect(repositories.create(path, { private: true })).rejects.toMatchObject({
        code: 'denied',
        message: expect.stringContaining(path),
        hint: expect.any(String),
      });
    });

    test('under an owner that does not exist', async () => {
      const { fake, repositories } = await open(traits);
      const before = fake.state.repositories.size;
      const path = pathOf(traits, 'nobody', 'fresh', 'organization');
      await expect(repositories.create(path, { private: true })).rejects.toMatchObject({
        code: expect.stringMatching(/^(denied|not-found)$/),
      });
      expect(fake.state.repositories.size).toBe(before);
    });

    test.each(['reset', 'cut'] as const)('a creation whose answer is lost (%s) is not sent again', async (kind) => {
      const { fake, repositories } = await open(traits);
      fake.fail({ method: 'POST', fault: { kind } });
      await expect(repositories.create(fresh, { private: true })).rejects.toMatchObject({ code: 'unavailable' });
      expect(posts(fake.requests)).toBe(1);
    });

    test('a creation that was put off is sent again', async () => {
      const { fake, repositories, waits } = await open(traits);
      const fault = { kind: 'answer', status: 429, headers: { 'retry-after': '7' } } as const;
      fake.fail({ method: 'POST', times: 1, fault });
      expect(await repositories.create(fresh, { private: true })).toMatchObject({ created: true });
      expect(waits).toEqual([7000]);
      expect(posts(fake.requests)).toBe(2);
    });
  });
}

function posts(requests: readonly { readonly method: string }[]): number {
  return requests.filter(({ method }) => method === 'POST' || method === 'PUT').length;
}
