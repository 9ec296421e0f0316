import { execFileSync, spawnSync } from 'node:child_process';
import { chmodSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { chainedName, type HookSettings, hookScript, isOurHook, quoted } from '../../../src/core/gate/hook-script.ts';
import { testDir } from '../../support/temp-dir.ts';

const hostile = `it's "a" $(touch x) \`id\` ; & | * ? ~ \\ \n -n ä`;

function put(path: string, text: string): string {
  writeFileSync(path, text);
  chmodSync(path, 0o755);
  return path;
}

/** A stand-in for sluice that says how it was called, and ends with the status that it is given. */
function recorder(path: string, status = 0): string {
  return put(path, `#!/bin/sh\nfor word; do printf '<%s>' "$word"; done\ncat\nexit ${status}\n`);
}

async function site(more: Partial<HookSettings> = {}) {
  const root = join(await testDir(), hostile);
  const hooks = join(root, 'hooks');
  mkdirSync(hooks, { recursive: true });
  const node = recorder(join(root, 'node'));
  const sluice = put(join(root, 'sluice.js'), '');
  const settings = { kind: 'pre-push', node, sluice, config: undefined, except: [], chained: false, ...more } as const;
  const hook = put(join(hooks, settings.kind), hookScript(settings));
  return {
    root,
    hooks,
    node,
    sluice,
    run(args: readonly string[], input = 'a line\n', env: Record<string, string> = {}) {
      const ran = spawnSync(hook, args, { input, env: { PATH: '/usr/bin:/bin', ...env }, encoding: 'utf8' });
      return { status: ran.status, stdout: ran.stdout, stderr: ran.stderr };
    },
  };
}

test('it is known as ours, and nothing else is', () => {
  const script = hookScript({ kind: 'pre-push', node: 'n', sluice: 's', config: 'c', except: [], chained: true });
  expect(isOurHook(script)).toBe(true);
  expect(isOurHook('#!/bin/sh\nexec sluice gate --pre-push "$@"\n')).toBe(false);
  expect(isOurHook(`#!/bin/sh\n# before\n${script}`)).toBe(false);
});

test('quoting: sh gives back every word', () => {
  for (const word of [hostile, '', "'", "''", '-e', 'a\nb\n']) {
    expect(execFileSync('sh', ['-c', `printf %s ${quoted(word)}`], { encoding: 'utf8' })).toBe(word);
  }
});

test('arguments, configuration and stdin reach the gate as they are', async () => {
  const { run, sluice } = await site({ config: `/etc/${hostile}.yaml` });
  const words = [sluice, 'gate', '--config', `/etc/${hostile}.yaml`, '--pre-push', hostile, 'ssh://h/x'];
  expect(run([hostile, 'ssh://h/x'], 'l1\nl2\n')).toEqual({
    status: 0,
    stdout: `${words.map((word) => `<${word}>`).join('')}l1\nl2\n`,
    stderr: '',
  });
});

test('the status of the gate is that of the hook', async () => {
  const { run, node } = await site();
  for (const status of [1, 2, 64, 70, 78]) {
    recorder(node, status);
    expect(run([]).status).toBe(status);
  }
});

describe('without its own Node.js or launcher', () => {
  test('sluice on PATH is taken', async () => {
    const { root, run } = await site({ node: '/nowhere/node' });
    mkdirSync(join(root, 'bin'));
    recorder(join(root, 'bin/sluice'));
    // A colon would end the entry; the hostile name holds none.
    expect(run(['r'], '', { PATH: `${join(root, 'bin')}:/usr/bin:/bin` }).stdout).toBe('<gate><--pre-push><r>');
  });

  test('and without that one, the push is refused with the way out', async () => {
    const { run } = await site({ sluice: '/nowhere/sluice.js' });
    expect(run([])).toEqual({ status: 1, stdout: '', stderr: expect.stringContaining('sluice gate install') });
  });
});

test('what ties git to the repository does not reach the gate', async () => {
  const { run, node } = await site({ kind: 'pre-receive' });
  put(node, '#!/bin/sh\nenv | grep ^GIT_\nexit 0\n');
  const bound = { GIT_DIR: '.', GIT_QUARANTINE_PATH: 'q', GIT_OBJECT_DIRECTORY: 'q', GIT_PUSH_OPTION_COUNT: '0' };
  expect(run([], '', bound).stdout).toBe('GIT_PUSH_OPTION_COUNT=0\n');
});

test('excepted remotes are not judged; others, and addresses, are', async () => {
  const { run } = await site({ except: ['origin', hostile, '*'] });
  expect(run(['origin', 'u']).stdout).toBe('');
  expect(run([hostile, 'u']).stdout).toBe('');
  expect(run(['upstream', 'u']).stdout).toContain('<upstream>');
  expect(run(['https://h/origin', 'https://h/origin']).stdout).toContain('<gate>');
});

describe('a chained hook', () => {
  test('runs first, with the same arguments and stdin, and then the gate', async () => {
    const { hooks, run } = await site({ chained: true });
    put(join(hooks, chainedName('pre-push')), '#!/bin/sh\necho "before $1 $2"\ncat\n');
    const { status, stdout } = run(['r', 'u'], 'l1\nl2\n');
    expect({ status, parts: stdout.split('<', 1)[0], end: stdout.endsWith('<r><u>l1\nl2\n') }).toEqual({
      status: 0,
      parts: 'before r u\nl1\nl2\n',
      end: true,
    });
  });

  test.each([1, 7])('its refusal counts, and the gate is not asked: %i', async (status) => {
    const { hooks, run } = await site({ chained: true });
    put(join(hooks, chainedName('pre-push')), `#!/bin/sh\nexit ${status}\n`);
    expect(run([])).toEqual({ status, stdout: '', stderr: '' });
  });

  test("its yes does not outweigh the gate's no", async () => {
    const { hooks, node, run } = await site({ chained: true });
    put(join(hooks, chainedName('pre-push')), '#!/bin/sh\nexit 0\n');
    recorder(node, 2);
    expect(run([]).status).toBe(2);
  });

  test('one that does not read its stdin does no harm, however long that is', async () => {
    const { hooks, run } = await site({ chained: true });
    put(join(hooks, chainedName('pre-push')), '#!/bin/sh\nexit 0\n');
    const input = 'x'.repeat(999).concat('\n').repeat(1000);
    const { status, stdout, stderr } = run([], input);
    expect({ status, whole: stdout.endsWith(`<--pre-push>${input}`), stderr }).toEqual({
      status: 0,
      whole: true,
      stderr: '',
    });
  });

  test('no stdin stays no stdin', async () => {
    const { hooks, run } = await site({ chained: true });
    put(join(hooks, chainedName('pre-push')), '#!/bin/sh\ncat\n');
    expect(run([], '').stdout.endsWith('<gate><--pre-push>')).toBe(true);
  });

  test('one that is gone is a no; one without permission is skipped, as git does', async () => {
    const { hooks, run } = await site({ chained: true });
    expect(run([])).toMatchObject({ status: 1, stderr: expect.stringContaining('is missing') });
    writeFileSync(join(hooks, chainedName('pre-push')), '#!/bin/sh\nexit 9\n');
    expect(run([]).status).toBe(0);
  });
});
