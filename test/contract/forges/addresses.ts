import { beforeAll, describe, expect, test } from 'vitest';
import type { Forge } from '../../../src/core/forges/forge.ts';
import { openForge } from '../../../src/core/forges/registry.ts';
import { type ForgeTraits, open, pathOf } from './traits.ts';

const webUrl = 'https://forge.example.org';

export function describeAddresses(traits: ForgeTraits): void {
  const app = pathOf(traits, 'acme', 'app', 'organization');
  const cloneUrl = traits.cloneUrl?.(webUrl, app) ?? `${webUrl}/${app}.git`;
  const clonePath = cloneUrl.slice(webUrl.length);
  const bare = clonePath.replace(/\.git$/, '');

  describe('addresses', () => {
    let forge: Forge;
    beforeAll(async () => {
      forge = await openForge(traits.definition, { alias: 'it', webUrl: `${webUrl}/` }, { env: {} });
    });

    test('names, words and bases', () => {
      expect(forge).toMatchObject({ type: traits.definition.type, alias: 'it', webUrl, words: traits.words });
      expect(forge.apiUrl).toMatch(/^https:\/\/.*[^/]$/);
    });

    test('the clone URL is built from the path and leads back to it', () => {
      expect(forge.cloneUrl(app)).toBe(cloneUrl);
      expect(forge.repoOf(cloneUrl)).toBe(app);
      expect(forge.repoOf(forge.cloneUrl(pathOf(traits, 'acme', 'a.b-c_d', 'organization')))).toBe(
        pathOf(traits, 'acme', 'a.b-c_d', 'organization'),
      );
    });

    test.each([
      `${webUrl}${bare}`,
      `${webUrl}${clonePath}/`,
      `https://FORGE.Example.ORG${clonePath}`,
      `https://forge.example.org:443${clonePath}`,
      `https://user:password@forge.example.org${clonePath}`,
      'git@forge.example.org:acme/app.git',
      'forge.example.org:acme/app',
      'ssh://git@forge.example.org/acme/app.git',
      'ssh://git@forge.example.org:2222/acme/app/',
    ])('%s is here', (url) => {
      expect(forge.repoOf(url)).toBe(app);
    });

    test.each([
      `https://evil.example${clonePath}`,
      `https://forge.example.org.evil.example${clonePath}`,
      `https://forge.example.org@evil.example${clonePath}`,
      `https://forge.example.org:8443${clonePath}`,
      `https://evil.example/${webUrl}${clonePath}`,
      'git@evil.example:acme/app.git',
      'ssh://git@evil.example/acme/app.git',
      'ext::sh -c forge.example.org:acme/app',
      'file://forge.example.org/acme/app.git',
      '/srv/git/acme/app.git',
      'acme/app',
      '',
      webUrl,
      `${webUrl}/acme`,
      `${webUrl}${bare}/../..`,
      `${webUrl}/%zz${bare}`,
    ])('%s is elsewhere', (url) => {
      expect(forge.repoOf(url)).toBeUndefined();
    });

    test.each(traits.urls ?? [])('%s → %s', (url, path) => {
      expect(forge.repoOf(url)).toBe(path);
    });

    test.each(['', 'app', 'acme/', '/app', 'acme/..', '../app', 'acme/./app', 'acme/a\nb', 'acme/a b'])(
      '%j is no path of a repository',
      (path) => {
        expect(() => forge.cloneUrl(path)).toThrow(expect.objectContaining({ code: 'usage' }));
      },
    );
  });

  test('a path that climbs out is refused before anything is sent', async () => {
    const { fake, changes, repositories } = await open(traits);
    await expect(repositories.find('acme/..')).rejects.toMatchObject({ code: 'usage' });
    await expect(changes.listOpen('../user')).rejects.toMatchObject({ code: 'usage' });
    expect(fake.requests).toEqual([]);
  });

  describe('the credential for git', () => {
    test('is made of the token', async () => {
      const { fake, forge, app } = await open(traits);
      expect(await forge.gitCredential(app)).toEqual(traits.credential(fake.token));
    });

    test('is none without a token', async () => {
      const forge = await openForge(traits.definition, { alias: 'it', webUrl }, { env: {} });
      expect(await forge.gitCredential(app)).toBeUndefined();
    });
  });
}
