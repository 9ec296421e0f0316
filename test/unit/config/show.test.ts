import { describe, expect, test } from 'vitest';
import { checkConfig } from '../../../src/core/config/check.ts';
import { loadConfig } from '../../../src/core/config/load.ts';
import { showConfig } from '../../../src/core/config/show.ts';
import { exampleYaml } from './example.ts';
import { folder } from './folder.ts';

describe('config show', () => {
  test('prints the effective configuration as a file would say it, with the sources of secrets and no value', async () => {
    const cwd = folder({ 'sluice.yaml': exampleYaml });
    const env = {
      GITHUB_TOKEN: 'canary-s3cret',
      HOOK_SECRET: 'canary-hook',
      SLUICE_DATABASE: 'postgres://u:canary@db/x',
    };
    const shown = showConfig(await loadConfig({ cwd, env, home: cwd }), env);
    expect(JSON.stringify(shown)).not.toContain('canary');
    expect(shown.origins).toMatchObject({
      forges: ['file'],
      serve: ['file', 'env'],
      mirror: ['default'],
      log: ['default'],
    });
    expect(shown.config).toMatchObject({
      forges: {
        gh: { token: { env: 'GITHUB_TOKEN' } },
        github: { url: 'https://github.com', token: { env: 'GITHUB_TOKEN' } },
      },
      repositories: [{ address: 'gh:acme/app', mirror: { to: 'lab:mirrors/app' }, poll: { interval: '1m' } }, {}],
      gate: { repos: ['int:security/app'], cacheTtl: '15s' },
      serve: { reconcile: '10m', database: { env: 'SLUICE_DATABASE' } },
    });
  });
});

describe('config check', () => {
  test('is fine with a right file, and without any', async () => {
    const cwd = folder({ 'sluice.yaml': exampleYaml, 'none/x': '' });
    expect(await checkConfig({ cwd, env: {}, home: cwd })).toMatchObject({ ok: true, file: `${cwd}/sluice.yaml` });
    expect(await checkConfig({ cwd: `${cwd}/none`, env: {}, home: `${cwd}/none` })).toEqual({
      ok: true,
      file: undefined,
      problems: [],
      warnings: [],
    });
  });

  test('gives every problem as data and as text', async () => {
    const cwd = folder({ 'sluice.yaml': 'gate:\n  forks: some\n' });
    expect(await checkConfig({ cwd, env: {}, home: cwd })).toEqual({
      ok: false,
      file: `${cwd}/sluice.yaml`,
      problems: [
        {
          path: 'gate.forks',
          message: 'must be one of all, any',
          line: 2,
          column: 3,
          text: `${cwd}/sluice.yaml:2:3: gate.forks: must be one of all, any`,
        },
      ],
      warnings: [],
    });
  });
});
