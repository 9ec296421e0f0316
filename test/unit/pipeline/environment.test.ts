import { describe, expect, test } from 'vitest';
import { childVariables } from '../../../src/core/config/environment.ts';
import { type RunFacts, scriptEnvironment } from '../../../src/core/pipeline/environment.ts';

const workspace = { dir: '/w', home: '/w/home', tmp: '/w/tmp' };
const facts: RunFacts = { run: '7', event: 'push', repo: 'gh:acme/app', ref: 'refs/heads/main', sha: 'a'.repeat(40) };

describe('scriptEnvironment', () => {
  test('lets through what programs need and nothing else', () => {
    const base = {
      PATH: '/bin',
      LANG: 'C.UTF-8',
      LC_ALL: 'C',
      TZ: 'UTC',
      USER: 'ci',
      HOME: '/home/ci',
      TMPDIR: '/tmp',
      SSH_AUTH_SOCK: '/run/agent',
      GITHUB_TOKEN: 'ghp_secret',
      LD_PRELOAD: '/x.so',
      BASH_ENV: '/x',
      GIT_DIR: '/x/.git',
      NODE_OPTIONS: '--require=/x',
      SLUICE_DATABASE: 'postgres://u:p@h/d',
      UNSET: undefined,
    };
    expect(scriptEnvironment(base, { facts, workspace })).toEqual({
      PATH: '/bin',
      LANG: 'C.UTF-8',
      LC_ALL: 'C',
      TZ: 'UTC',
      USER: 'ci',
      HOME: '/w/home',
      TMPDIR: '/w/tmp',
      CI: 'true',
      GIT_TERMINAL_PROMPT: '0',
      GIT_CEILING_DIRECTORIES: '/w',
      SLUICE_RUN: '7',
      SLUICE_EVENT: 'push',
      SLUICE_REPO: 'gh:acme/app',
      SLUICE_REF: 'refs/heads/main',
      SLUICE_BRANCH: 'main',
      SLUICE_SHA: 'a'.repeat(40),
    });
  });

  test('the operator names more, HOME among them, but never a secret of sluice or its settings', () => {
    const base = { HOME: '/home/ci', NPM_TOKEN: 'n', GH: 'g', SLUICE_DATABASE: 'd', TMPDIR: '/tmp', CI: 'no' };
    const pass = ['HOME', 'NPM_TOKEN', 'GH', 'SLUICE_DATABASE', 'TMPDIR', 'CI', 'ABSENT'];
    const env = scriptEnvironment(base, { facts, workspace, pass, withheld: ['GH'] });
    expect(env).toMatchObject({ HOME: '/home/ci', NPM_TOKEN: 'n', TMPDIR: '/w/tmp', CI: 'true' });
    expect(env).not.toHaveProperty('GH');
    expect(env).not.toHaveProperty('SLUICE_DATABASE');
    expect(env).not.toHaveProperty('ABSENT');
  });

  test('a tag is no branch, and names with slashes stay whole', () => {
    const tag = scriptEnvironment({}, { facts: { ...facts, ref: 'refs/tags/v1/rc' }, workspace });
    expect(tag).toMatchObject({ SLUICE_TAG: 'v1/rc', SLUICE_REF: 'refs/tags/v1/rc' });
    expect(tag).not.toHaveProperty('SLUICE_BRANCH');
    expect(scriptEnvironment({}, { facts: { ...facts, ref: 'refs/heads/feature/x' }, workspace }).SLUICE_BRANCH).toBe(
      'feature/x',
    );
  });

  test('sets only documented SLUICE_ variables', () => {
    const all: Required<RunFacts> = {
      ...facts,
      ref: 'refs/tags/v1',
      sha: 'b',
      owner: 'o',
      name: 'n',
      branch: 'x',
      oldSha: 'c',
      change: 3,
      baseRepo: 'r',
      baseBranch: 'm',
      payload: '/p',
      delivery: 'd',
      runUrl: 'https://h/1',
    };
    const names = Object.keys(scriptEnvironment({}, { facts: all, workspace })).filter((n) => n.startsWith('SLUICE_'));
    expect(names.sort()).toEqual([...childVariables].sort());
  });
});
