import { describe, expect, test } from 'vitest';
import type { Config, RepositoryConfig } from '../../../src/core/config/config.ts';
import { defaultConfig } from '../../../src/core/config/defaults.ts';
import { parseAddress } from '../../../src/core/model/repo.ts';
import { type ServeFlags, serveSettings } from '../../../src/core/serve/settings.ts';

const scope = {
  address: (text: string) => parseAddress(text, { aliases: ['gh', 'lab'], cwd: '/start' }),
  path: (text: string) => `/start/${text}`,
};

function entry(repo: string): RepositoryConfig {
  return {
    repo,
    address: scope.address(repo),
    name: 'app',
    webhook: { secrets: [{ env: 'CONFIGURED' }] },
    mirror: undefined,
    run: [],
    trust: ['internal'],
    guard: [],
    runMirrored: false,
    statuses: true,
    poll: undefined,
  };
}

function settings(flags: ServeFlags, repositories: readonly RepositoryConfig[] = []): Config {
  return serveSettings(flags, { ...defaultConfig('/start'), repositories }, scope);
}

describe('serveSettings', () => {
  test('without flags the configuration is as it is', () => {
    const config = { ...defaultConfig('/start'), repositories: [entry('gh:acme/app')] };
    expect(serveSettings({}, config, scope)).toEqual(config);
  });

  test('a single repository needs no file: its mirror sends deliveries too', () => {
    const { repositories } = settings({ repo: ['gh:acme/app'], mirrorTo: 'lab:mirrors/app', secretEnv: ['A', 'B'] });
    expect(repositories).toMatchObject([
      {
        repo: 'gh:acme/app',
        webhook: { secrets: [{ env: 'A' }, { env: 'B' }] },
        mirror: {
          to: { alias: 'lab', path: 'mirrors/app' },
          changes: { as: 'pr/{number}', trust: ['internal'] },
          branches: [],
        },
      },
      { repo: 'lab:mirrors/app', webhook: { secrets: [{ env: 'A' }, { env: 'B' }] }, mirror: undefined },
    ]);
    expect(settings({ repo: ['gh:acme/app'], mirrorTo: './copy.git' }).repositories).toHaveLength(1);
  });

  test('an entry that is named keeps its settings, the others are not served', () => {
    const configured = [entry('gh:acme/app'), { ...entry('gh:acme/other'), name: undefined }];
    const { repositories } = settings({ repo: ['app'], trust: ['author:octo'] }, configured);
    expect(repositories).toMatchObject([{ repo: 'gh:acme/app', webhook: { secrets: [{ env: 'CONFIGURED' }] } }]);
    expect(repositories[0]?.trust).toEqual(['author:octo']);
  });

  test('--trust and --guard also win over those of mirror.changes', () => {
    const changes = { as: 'pr/{number}', trust: ['internal'], guard: [], includeInternal: true };
    const mirror = settings({ repo: ['gh:acme/app'], mirrorTo: 'lab:m/app' }).repositories[0]?.mirror;
    if (mirror === undefined) throw new Error('no mirror');
    const configured = [{ ...entry('gh:acme/app'), mirror: { ...mirror, changes } }];
    const flags = { repo: ['gh:acme/app'], trust: ['review:writer'], guard: ['ci/**'] };
    expect(settings(flags, configured).repositories[0]?.mirror?.changes).toEqual({
      ...changes,
      trust: ['review:writer'],
      guard: ['ci/**'],
    });
  });

  test('paths are made absolute, and the base URL loses its slash', () => {
    const { serve } = settings({
      hooksDir: 'hooks',
      dataDir: 'data',
      baseUrl: 'https://ci.example/x/',
      concurrency: 2,
    });
    expect(serve).toMatchObject({
      hooksDir: '/start/hooks',
      dataDir: '/start/data',
      baseUrl: 'https://ci.example/x',
      concurrency: { total: 2, perRepository: 1 },
    });
  });

  test.each([
    [{ mirrorTo: 'lab:m/app' }, '--mirror-to is for a repository that --repo names'],
    [{ secretEnv: ['A'] }, '--secret-env is for a repository that --repo names'],
    [{ repo: ['gh:a/a', 'gh:b/b'], mirrorTo: 'lab:m/app' }, '--mirror-to is for one --repo'],
    [{ tlsCert: 'x' }, 'TLS needs both --tls-cert and --tls-key'],
    [{ register: true, deregister: true }, '--register and --deregister cannot stand together'],
  ])('%j is refused', (flags, message) => {
    expect(() => settings(flags)).toThrow(message);
  });
});
