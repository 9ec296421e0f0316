import { describe, expect, test } from 'vitest';
import { forgeForUrl, forgeOptions, forgeSettings } from '../../../src/core/config/forges.ts';
import { loadConfig } from '../../../src/core/config/load.ts';
import { folder } from './folder.ts';

const text = `
forges:
  gh: { type: github, token: { env: MINE } }
  ghe: { type: github, url: "https://ghe.example.org/", api: https://api.ghe.example.org }
  lab: { type: gitlab, url: https://example.org/gitlab, token: { env: UNSET } }
  tea: { type: gitea, url: "https://example.org:3000" }
`;

async function settings(env: Readonly<Record<string, string>> = {}, yaml = text) {
  const cwd = folder({ 'sluice.yaml': yaml });
  return forgeSettings((await loadConfig({ cwd, env: {}, home: cwd })).config, env);
}

describe('forges of a configuration', () => {
  test('the public sites exist without being written, with tokens where the environment has them', async () => {
    const plain = await settings({}, '');
    expect(plain).toMatchObject({
      github: { token: undefined },
      gitlab: { type: 'gitlab' },
      bitbucket: { type: 'bitbucket' },
    });
    expect(await settings({ GH_TOKEN: 'x', GITLAB_TOKEN: '' }, '')).toMatchObject({
      github: { token: { env: 'GH_TOKEN' } },
      gitlab: { token: undefined },
    });
    expect(await settings({ GH_TOKEN: 'x', GITHUB_TOKEN: 'y' }, '')).toMatchObject({
      github: { token: { env: 'GITHUB_TOKEN' } },
    });
  });

  test("the user's alias replaces a predefined one", async () => {
    const own = await settings(
      { GITHUB_TOKEN: 'x' },
      'forges: { github: { type: github, url: https://ghe.example.org } }',
    );
    expect(own.github).toMatchObject({ url: 'https://ghe.example.org', token: undefined });
  });

  test('only the secrets of the alias that is opened are fetched', async () => {
    const all = await settings();
    const scope = { env: { MINE: 'canary-s3cret' }, cwd: '/' };
    const options = await forgeOptions('gh', all, scope);
    expect(options).toMatchObject({ alias: 'gh', webUrl: 'https://github.com', apiUrl: undefined });
    expect(options.token?.reveal()).toBe('canary-s3cret');
    expect(await forgeOptions('ghe', all, scope)).toMatchObject({
      webUrl: 'https://ghe.example.org',
      apiUrl: 'https://api.ghe.example.org',
      token: undefined,
    });
    await expect(forgeOptions('lab', all, scope)).rejects.toMatchObject({ code: 'denied' });
    await expect(forgeOptions('gihub', all, scope)).rejects.toMatchObject({
      code: 'usage',
      hint: 'Did you mean "github"?',
    });
    await expect(forgeOptions('constructor', all, scope)).rejects.toMatchObject({ code: 'usage' });
  });

  test.each([
    ['https://github.com/acme/app.git', 'gh', 'acme/app'],
    ['git@github.com:acme/app.git', 'gh', 'acme/app'],
    ['ssh://git@ghe.example.org:2222/acme/app', 'ghe', 'acme/app'],
    ['https://example.org/gitlab/group/sub/app', 'lab', 'group/sub/app'],
    ['https://example.org:3000/acme/app', 'tea', 'acme/app'],
    ['https://gitlab.com/a/b/c.git', 'gitlab', 'a/b/c'],
  ])('%s belongs to %s', async (url, alias, path) => {
    expect(forgeForUrl(await settings(), url)).toEqual({ alias, path });
  });

  test.each([
    'https://example.org/other/app',
    'https://github.com.evil.example/acme/app',
    '/srv/git/app.git',
    'file:///srv/app',
  ])('%s belongs to no forge', async (url) => {
    expect(forgeForUrl(await settings(), url)).toBeUndefined();
  });
});
