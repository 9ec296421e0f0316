import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { loadConfig } from '../../../src/core/config/load.ts';
import { SluiceError } from '../../../src/core/errors.ts';
import { exampleYaml } from './example.ts';
import { folder } from './folder.ts';

describe('the example of the specification', () => {
  test('is read whole and normalised', async () => {
    const cwd = folder({ 'sluice.yaml': exampleYaml });
    const { config, file, origins, warnings } = await loadConfig({ cwd, env: {}, home: cwd });
    expect(file).toBe(join(cwd, 'sluice.yaml'));
    expect(warnings).toEqual([]);
    expect(config.baseDir).toBe(cwd);
    expect(config.forges.int).toMatchObject({
      type: 'github',
      url: 'https://ghe.example.org',
      token: { env: 'GHE_TOKEN' },
    });
    expect(config.repositories[0]).toMatchObject({
      address: { kind: 'forge', alias: 'gh', path: 'acme/app' },
      webhook: { secrets: [{ env: 'HOOK_SECRET' }, { env: 'HOOK_SECRET_OLD' }] },
      mirror: {
        to: { kind: 'forge', alias: 'lab', path: 'mirrors/app' },
        changes: { as: 'pr/{number}', guard: ['.gitlab-ci.yml', 'ci/**'], includeInternal: false },
        branches: ['main', 'release/*'],
        verify: true,
      },
      run: [{ name: 'unit', timeoutMs: 900_000, isolation: 'bubblewrap', checkout: true }],
      poll: { intervalMs: 60_000, file: 'ci/pipeline.py', result: ['status', 'notes'], initial: 'baseline' },
    });
    expect(config.repositories[1]?.poll).toMatchObject({ run: ['make', 'test'], intervalMs: 60_000 });
    expect(config.gate).toMatchObject({
      minApprovals: 2,
      ifNoPr: 'block',
      cacheTtlMs: 15_000,
      map: { main: 'outbound/{date}' },
    });
    expect(config.serve).toMatchObject({
      hooksDir: join(cwd, 'hooks'),
      dataDir: '/var/lib/sluice',
      reconcileMs: 600_000,
    });
    expect(config.plugins).toEqual([join(cwd, 'plugins/jira.js'), 'sluice-plugin-bors']);
    expect(origins).toMatchObject({ gate: ['file'], serve: ['file'] });
    expect(origins).not.toHaveProperty('mirror');
  });
});

describe('precedence', () => {
  test('defaults < file < environment < flags, and where each came from', async () => {
    const cwd = folder({ 'sluice.yaml': 'mirror: { batch: 7, cache: never, timeout: 5m }\nlog: { level: warn }\n' });
    const { config, origins } = await loadConfig({
      cwd,
      home: cwd,
      env: { SLUICE_CACHE: 'always', SLUICE_TIMEOUT: '1m', SLUICE_CACHE_DIR: 'caches' },
      flags: { mirror: { timeout: '10s' } },
    });
    expect(config.mirror).toMatchObject({
      batch: 7,
      cache: 'always',
      timeoutMs: 10_000,
      cacheDir: join(cwd, 'caches'),
      verify: true,
    });
    expect(origins).toEqual({ mirror: ['file', 'env', 'flag'], log: ['file'] });
  });

  test("a repository's mirror takes the defaults of mirror", async () => {
    const text =
      'mirror: { atomic: true, verify: false }\nrepositories: [{ repo: gitlab:a/b, mirror: { verify: true, changes: true } }]';
    const cwd = folder({ 'sluice.yaml': text });
    const { config } = await loadConfig({ cwd, env: {}, home: cwd });
    expect(config.repositories[0]?.mirror).toMatchObject({
      atomic: true,
      verify: true,
      changes: { trust: ['internal'] },
    });
  });

  test('without anything written, the defaults', async () => {
    const cwd = folder();
    const loaded = await loadConfig({ cwd, env: {}, home: cwd });
    expect(loaded).toMatchObject({ file: undefined, origins: {}, config: { mirror: { cache: 'auto', batch: 500 } } });
  });

  test('a bad variable is reported by its own name', async () => {
    const cwd = folder();
    const env = { SLUICE_BATCH: 'many', SLUICE_LOG_LEVEL: 'inof' };
    await expect(loadConfig({ cwd, env, home: cwd })).rejects.toMatchObject({
      code: 'config',
      problems: [
        'SLUICE_BATCH: must be a number',
        'SLUICE_LOG_LEVEL: must be one of debug, info, warn, error (did you mean "info"?)',
      ],
    });
  });

  test('unknown SLUICE_ variables are warned about, except those that the configuration or sluice itself uses', async () => {
    const cwd = folder({ 'sluice.yaml': 'forges: { gh: { type: github, token: { env: SLUICE_GH } } }' });
    const env = { SLUICE_CACHE_DIRR: 'x', SLUICE_GH: 'x', SLUICE_BRANCH: 'main', SLUICE_QUUX: '1', OTHER: '1' };
    const { warnings } = await loadConfig({ cwd, env, home: cwd });
    expect(warnings).toEqual([
      'environment variable SLUICE_CACHE_DIRR is not read by sluice (did you mean "SLUICE_CACHE_DIR"?)',
      'environment variable SLUICE_QUUX is not read by sluice',
    ]);
  });
});

async function problemsOf(files: Readonly<Record<string, string>>, file?: string): Promise<readonly string[]> {
  const cwd = folder(files);
  const error = await loadConfig({ cwd, env: {}, home: cwd, file }).catch((error: unknown) => error);
  if (!(error instanceof SluiceError)) throw new Error('the configuration was accepted');
  expect(error).toMatchObject({ code: 'config', exit: 78 });
  return error.problems.map((problem) => problem.replace(`${cwd}/`, ''));
}

describe('problems', () => {
  test('are listed all at once, each with its place, path and expectation', async () => {
    const text = [
      'forges:',
      '  gh: { type: github, tokn: { env: X } }',
      'repositories:',
      '  - repo: github:acme/app',
      '    mirror:',
      '      brances: [main]',
      '      prune: "yes"',
      '    poll:',
      '      interval: soon',
      '  - mirror: { to: x }',
      'gate:',
      '  forks: some',
      '  minApprovals: -1',
      'serv: {}',
    ].join('\n');
    expect(await problemsOf({ 'sluice.yaml': text })).toEqual([
      'sluice.yaml:2:23: forges.gh.tokn: unknown key (did you mean "token"?)',
      'sluice.yaml:7:7: repositories[0].mirror.prune: must be true or false',
      'sluice.yaml:6:7: repositories[0].mirror.brances: unknown key (did you mean "branches"?)',
      'sluice.yaml:9:7: repositories[0].poll.interval: must be a duration such as 90s, 15m, 2h or 1h30m (a bare number is seconds)',
      'sluice.yaml:10:5: repositories[1].repo: is missing: text is needed',
      'sluice.yaml:12:3: gate.forks: must be one of all, any',
      'sluice.yaml:13:3: gate.minApprovals: must be a whole number of at least 0',
      'sluice.yaml:14:1: serv: unknown key (did you mean "serve"?)',
    ]);
  });

  test.each<readonly [string, readonly string[]]>([
    [
      'repositories: [{ repo: "guthub:a/b" }, { repo: "gitlab:a/b", mirror: { to: "nolab:x/y", changes: true } }]',
      [
        'repositories[0].repo: "guthub" is not a configured forge. Did you mean "github:"?; a host is written ssh://guthub/path',
        'repositories[1].mirror.to: "nolab" is not a configured forge. Known aliases: github, gitlab, bitbucket; a host is written ssh://nolab/path',
      ],
    ],
    [
      'repositories: [{ repo: "gitlab:a/b", name: x }, { repo: "gitlab:a/b.git", name: x }]',
      [
        'repositories[1].repo: is the same as that of repositories[0]',
        'repositories[1].name: is the same as that of repositories[0]',
      ],
    ],
    [
      'repositories: [{ repo: "gitlab:a/b", mirror: { branches: ["release/[0-9"] } }]',
      [
        'repositories[0].mirror.branches[0]: is not a glob: a bracket is never closed or never opened, or it is too long',
      ],
    ],
    [
      'forges: { a: { type: github, url: "ftp://x" }, b: { type: gitea }, c: { type: gitlba } }',
      ['forges.a.url: must be an http(s) address without user, query and fragment'],
    ],
    [
      'forges: { b: { type: gitea }, c: { type: gitlba } }',
      [
        'forges.b.url: is missing: the address of the server',
        'forges.c.type: must be one of github, gitlab, gitea, bitbucket, bitbucket-datacenter (did you mean "gitlab"?), or come from a plugin',
      ],
    ],
    [
      'forges: { a: { type: github, token: { command: [] } }, "b c": { type: github } }',
      [
        'forges.a.token.command: must name a program',
        'forges["b c"]: the name must be a letter, then letters, digits, "-" or "_"',
      ],
    ],
    [
      'repositories: [{ repo: "gitlab:a/b", run: [], poll: { run: [], interval: 1s, file: x } }]',
      ['repositories[0].poll.run: must name a program'],
    ],
    [
      'repositories: [{ repo: "gitlab:a/b", poll: { run: [x], interval: 1s, file: x } }]',
      [
        'repositories[0].poll.run: cannot stand beside file: keep one of them',
        'repositories[0].poll.interval: must be at least 5s',
      ],
    ],
    [
      'repositories: [{ repo: "gitlab:a/b", run: [{ name: u, command: [x], on: [pull] }, { name: u, cmd: [x] }] }]',
      [
        'repositories[0].run[0].on[0]: must be one of push, change, tag, delete',
        'repositories[0].run[1].command: is missing: a list of the program and each argument is needed',
        'repositories[0].run[1].cmd: unknown key (known: name, on, branches, command, checkout, timeout, isolation, image, network, env)',
      ],
    ],
    [
      'repositories: [{ repo: "gitlab:a/b", mirror: { refs: ["a", "refs/*:b"], changes: { trust: [lable:x] } } }]',
      [
        'repositories[0].mirror.refs[0]: must be SRC:DST',
        'repositories[0].mirror.refs[1]: must hold one * on both sides, or none',
        'repositories[0].mirror.changes.trust[0]: must be internal, author:…, label:…, review:writer or comment:/… (did you mean "label:"?)',
      ],
    ],
    [
      'repositories: [{ repo: "gitlab:a/b", trust: [reviews], mirror: { to: "gitlab:c/d" }, poll: { trust: [outhor:x], guard: ["["] } }]',
      [
        'repositories[0].mirror: mirrors nothing: say what, for example changes: true or branches: ["**"]',
        'repositories[0].trust[0]: must be internal, author:…, label:…, review:writer or comment:/… (did you mean "review:"?)',
        'repositories[0].poll.trust[0]: must be internal, author:…, label:…, review:writer or comment:/… (did you mean "author:"?)',
        'repositories[0].poll.guard[0]: is not a glob: a bracket is never closed or never opened, or it is too long',
      ],
    ],
    ['serve: { tlsCert: a.pem }', ['serve.tlsKey: is missing: TLS needs both tlsCert and tlsKey']],
    ['mirror: { timeout: 30d }', ['mirror.timeout: must be at most 24d']],
    ['- a', ['the configuration must be a section (keys and values)']],
    ['a: &a [*a]', ['the configuration is nested deeper than 30 levels']],
    [
      '$import: ./other.js',
      ['$import: unknown key (known: $schema, forges, repositories, mirror, gate, serve, plugins, log)'],
    ],
    [
      '__proto__: { polluted: true }',
      ['__proto__: unknown key (known: $schema, forges, repositories, mirror, gate, serve, plugins, log)'],
    ],
    ['mirror:', ['mirror: is empty, but must be a section (keys and values)']],
  ])('%s', async (text, expected) => {
    const found = await problemsOf({ 'sluice.yaml': text });
    expect(found.map((problem) => problem.replace(/^sluice\.yaml:\d+:\d+: /, ''))).toEqual(expected);
  });

  test('YAML that does not parse is shown with line and column', async () => {
    const text = 'mirror:\n  batch: 5\n  cache: "auto\n';
    expect(await problemsOf({ 'sluice.yaml': text })).toEqual([
      expect.stringMatching(/^sluice\.yaml:\d+:\d+: is not valid YAML: /),
    ]);
    expect(await problemsOf({ 'sluice.yaml': 'a: 1\na: 2' })).toEqual([
      'sluice.yaml:2:1: is not valid YAML: duplicated mapping key',
    ]);
  });

  test('JSON has places too', async () => {
    const text = '{\n  "gate": {\n    "forks": 1\n  }\n}';
    expect(await problemsOf({ 'sluice.json': text })).toEqual(['sluice.json:3:5: gate.forks: must be one of all, any']);
    expect(await problemsOf({ 'sluice.json': '{ "gate": ' })).toEqual([
      expect.stringMatching(/^sluice\.json:1:\d+: is not valid JSON$/),
    ]);
    const manifest = '{\n  "name": "x",\n  "sluice": { "gat": {} }\n}';
    expect(await problemsOf({ 'package.json': manifest })).toEqual([
      'package.json:3:15: gat: unknown key (did you mean "gate"?)',
    ]);
  });
});

describe('a secret in plain text', () => {
  test.each([
    'forges: { gh: { type: github, token: canary-s3cret } }',
    'forges: { gh: { type: github, token: 123456789 } }',
    'forges: { gh: { type: github, token: { env: "canary s3cret" } } }',
    'forges: { gh: { type: github, app: { id: 1, privateKey: "-----BEGIN RSA PRIVATE KEY-----canary" } } }',
    'repositories: [{ repo: "gitlab:a/b", webhook: { secrets: [canary-s3cret] } }]',
    'repositories: [{ repo: "https://ann:canary-s3cret@example.org/a/b" }]',
    'repositories: [{ repo: "gitlab:a/b", poll: { run: [x, --token, ghp_canaryABCDEFGHIJKLMNOP0123] } }]',
    'serve: { database: "postgres://u:canary-s3cret@db/x" }',
    'forges: { gh: { type: github, url: "https://canary-s3cret@github.com" } }',
    'forges: { gh: { type: github, token: "canary-s3cret',
    '{ "token": canary-s3cret: x',
  ])('is refused and not repeated: %s', async (text) => {
    const problems = await problemsOf({ 'sluice.yaml': text });
    expect(problems).not.toEqual([]);
    expect(problems.join('\n')).not.toContain('canary');
  });

  test('comes with what to write instead', async () => {
    expect(await problemsOf({ 'sluice.yaml': 'forges: { gh: { type: github, token: ghp_x } }' })).toEqual([
      'sluice.yaml:1:31: forges.gh.token: is a secret and must not be written in plain text: use { env: NAME }, { file: PATH } or { command: [PROGRAM, ARGUMENT…] }',
    ]);
  });
});
