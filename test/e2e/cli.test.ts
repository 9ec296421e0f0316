import { execFileSync } from 'node:child_process';
import { chmod, mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { exitStatuses } from '../../src/core/errors.ts';
import { document, sluice, startSluice } from '../support/sluice.ts';
import { testDir } from '../support/temp-dir.ts';

const root = join(import.meta.dirname, '../..');

describe('help and version', () => {
  test('the version is that of package.json, however it is asked for', async () => {
    const { version } = JSON.parse(execFileSync('cat', [join(root, 'package.json')], { encoding: 'utf8' }));
    for (const flag of ['--version', '-V']) {
      expect(await sluice([flag])).toMatchObject({ status: 0, stdout: `${version}\n`, stderr: '' });
    }
  });

  test('the help lists every exit status of the table', async () => {
    const { stdout, status } = await sluice(['--help']);
    expect(status).toBe(0);
    for (const [exit, meaning] of exitStatuses) expect(stdout).toContain(`${String(exit).padEnd(4)} ${meaning}`);
  });

  test('the prepared help is what the program itself prints', async () => {
    // A global flag before the command is unknown to the launcher, so the program renders.
    const prepared = await sluice(['mirror', '--help']);
    const rendered = await sluice(['-q', 'mirror', '--help']);
    expect(prepared).toMatchObject({ status: 0, stderr: '' });
    expect(rendered.stdout).toBe(prepared.stdout);
    expect((await sluice(['help', 'mirror'])).stdout).toBe(prepared.stdout);
    expect((await sluice(['help', 'config', 'check'])).stdout).toContain('Usage: sluice config check');
  });

  test('no command at all is a usage error that says where the help is', async () => {
    expect(await sluice([])).toMatchObject({ status: 64, stdout: '', stderr: expect.stringContaining('--help') });
  });
});

describe('wrong usage', () => {
  test.each([
    [['miror'], 'did you mean "mirror"'],
    [['mirror', '--prz', 'x'], 'Did you mean --prs?'],
    [['mirror'], "missing required argument 'from'"],
    [['mirror', 'a', 'b', 'c'], 'too many arguments'],
    [['mirror', 'a', '--pr', 'seven'], 'seven'],
    [['mirror', 'a', '--update', 'maybe'], 'maybe'],
    [['mirror', 'a', '--as', '{nmber}'], '{nmber}'],
    [['mirror', 'a', '--ref', 'x'], 'not a refspec'],
    [['mirror', 'a', '--timeout', 'soon'], 'soon'],
    [['mirror', '--upload-pack=touch /tmp/x', 'b'], 'unknown option'],
    [['mirror', '--', '-x', 'b'], 'starts with "-"'],
    [['mirror', 'a', 'b', '--include-internal'], 'Add --prs'],
    [['mirror', 'a', 'b', '--timeout', '0'], '--timeout 0'],
    [['poll', '--concurrency', '0', 'a'], '--concurrency 0'],
    [['poll', '-f', 'x', 'a', '--run', 'make', '-j4'], 'cannot both be run'],
    [['poll', '--trust', 'internal', 'a'], 'Add --prs'],
    [['mirror', 'ext::sh -c id', 'b'], 'remote helper'],
    [['config'], 'sluice config --help'],
    [['-C', '/nonexistent/place', 'config', 'check'], 'is not a directory'],
    [['--log-level', 'loud', 'config', 'check'], 'loud'],
  ])('%j exits 64 and says %s', async (args, words) => {
    const ran = await sluice(args);
    expect(ran.stderr).toContain(words);
    expect(ran).toMatchObject({ status: 64, stdout: '' });
  });

  test('with --json the error is the one document on stdout', async () => {
    const ran = await sluice(['mirror', '--json', '--prz', 'x']);
    expect(ran.status).toBe(64);
    expect(document(ran)).toMatchObject({ error: { code: 'usage', exit: 64, message: "unknown option '--prz'" } });
  });
});

test('a full disk behind stdout is said, and is no success', () => {
  const run = () =>
    execFileSync('sh', ['-c', '"$0" "$1" -q help --all >/dev/full', process.execPath, join(root, 'bin/sluice.js')], {
      stdio: 'pipe',
    });
  expect(run).toThrow(expect.objectContaining({ status: 69, message: expect.stringContaining('cannot be written') }));
});

test('a reader that went away changes no status', async () => {
  const config = join(await testDir(), 'sluice.json');
  await writeFile(config, JSON.stringify({ forges: { gone: { type: 'gitea', url: 'http://127.0.0.1:1' } } }));
  const calls: readonly (readonly [readonly string[], number])[] = [
    [['--version'], 0],
    [['mirror', '--json', '--prz', 'x'], 64],
    [['gate', '-c', config, '--repo', 'gone:a/b', '--sha', 'a'.repeat(40), '--branch', 'main', '--timeout', '1s'], 2],
  ];
  for (const [args, status] of calls) {
    const { child, ended } = startSluice(args);
    child.stdout?.destroy();
    expect(await ended, args.join(' ')).toMatchObject({ status, stderr: expect.not.stringContaining('EPIPE') });
  }
});

describe('configuration', () => {
  test('check lists every problem with its path and the nearest key, and exits 78', async () => {
    const dir = await testDir();
    await writeFile(join(dir, 'sluice.yaml'), 'miror: {}\ngate: { minAprovals: 2 }\nserve: { reconcile: often }\n');
    const ran = await sluice(['-C', dir, 'config', 'check']);
    expect(ran.status).toBe(78);
    for (const words of ['miror', '"mirror"', 'gate.minAprovals', '"minApprovals"', 'serve.reconcile'])
      expect(ran.stderr).toContain(words);
  });

  test('an invalid configuration stops a command that needs it with all problems', async () => {
    const dir = await testDir();
    await writeFile(join(dir, 'sluice.yaml'), 'mirror: { batch: many }\nnonsense: 1\n');
    const ran = await sluice(['-C', dir, 'mirror', 'a', 'b', '--json']);
    expect(ran.status).toBe(78);
    expect((document(ran).error as { problems: string[] }).problems).toHaveLength(2);
  });

  test('show prints where values come from and never a secret', async () => {
    const dir = await testDir();
    await writeFile(
      join(dir, 'sluice.yaml'),
      'forges: { x: { type: gitea, url: https://x.test, token: { env: CANARY } } }\n',
    );
    const ran = await sluice(['-C', dir, 'config', 'show', '--json'], {
      env: { CANARY: 'canary-value', SLUICE_BATCH: '7' },
    });
    expect(ran.status).toBe(0);
    expect(ran.stdout).not.toContain('canary-value');
    expect(document(ran)).toMatchObject({
      origins: { mirror: ['env'] },
      config: { forges: { x: { token: { env: 'CANARY' } } }, mirror: { batch: 7 } },
    });
  });

  test('check is silent with --quiet when all is well', async () => {
    const dir = await testDir();
    expect(await sluice(['-C', dir, '-q', 'config', 'check'])).toMatchObject({ status: 0, stdout: '', stderr: '' });
  });
});

describe('commands that are not built in', () => {
  test('an executable sluice-NAME on PATH gets the rest of the line, and its status is ours', async () => {
    const bin = await executable('sluice-hello', '#!/bin/sh\necho "hello $*"\nexit 3\n');
    const ran = await sluice(['hello', '--flag', 'a b'], { env: { PATH: `${bin}:${process.env.PATH}` } });
    expect(ran).toMatchObject({ status: 3, stdout: 'hello --flag a b\n' });
    expect((await sluice(['help', '--all'], { env: { PATH: `${bin}:${process.env.PATH}` } })).stdout).toContain(
      'hello',
    );
  });

  test('it cannot take the name of a built-in, and its name is suggested', async () => {
    const bin = await executable('sluice-config', '#!/bin/sh\necho stolen\n');
    const env = { PATH: `${bin}:${process.env.PATH}` };
    expect((await sluice(['config', 'check'], { env, cwd: await testDir() })).stdout).not.toContain('stolen');
    const other = await executable('sluice-hello', '#!/bin/sh\n');
    expect((await sluice(['helo'], { env: { PATH: `${other}:${process.env.PATH}` } })).stderr).toContain('"hello"');
  });

  test('a plugin brings a subcommand with its own help', async () => {
    const dir = await testDir();
    await writeFile(join(dir, 'sluice.yaml'), 'plugins: [./greet.mjs]\n');
    await writeFile(join(dir, 'greet.mjs'), greeter('greet'));
    expect(await sluice(['-C', dir, 'greet', 'Ada', '--loud'])).toMatchObject({ status: 1, stdout: 'HELLO ADA\n' });
    expect(await sluice(['-C', dir, 'greet', 'Ada', '--json'])).toMatchObject({
      status: 1,
      stdout: '{\n  "to": "Ada"\n}\n',
    });
    expect((await sluice(['-C', dir, 'greet', '--help'])).stdout).toContain('--loud');
    expect((await sluice(['-C', dir, 'greet', '--lod'])).stderr).toContain('Did you mean --loud?');
  });

  test('a broken plugin breaks no built-in command, and its own name says why', async () => {
    const dir = await testDir();
    await writeFile(join(dir, 'sluice.yaml'), 'plugins: [./broken.mjs]\n');
    await writeFile(join(dir, 'broken.mjs'), 'throw new Error("boom");\n');
    expect(await sluice(['-C', dir, 'config', 'show'])).toMatchObject({ status: 0 });
    expect(await sluice(['-C', dir, 'greet'])).toMatchObject({ status: 64, stderr: expect.stringContaining('boom') });
    expect(await sluice(['-C', dir, 'config', 'check'])).toMatchObject({
      status: 78,
      stderr: expect.stringContaining('boom'),
    });
  });

  test('two plugins with one command are refused, naming both', async () => {
    const dir = await testDir();
    await writeFile(join(dir, 'sluice.yaml'), 'plugins: [./one.mjs, ./two.mjs]\n');
    await writeFile(join(dir, 'one.mjs'), greeter('one'));
    await writeFile(join(dir, 'two.mjs'), greeter('two'));
    const ran = await sluice(['-C', dir, 'greet']);
    expect(ran.status).toBe(64);
    expect(ran.stderr).toMatch(/one and .*two/);
  });
});

describe('completion', () => {
  test('bash completes commands, flags and choices', async () => {
    const { stdout } = await sluice(['completion', 'bash']);
    const complete = (line: string) => {
      const words = line.split(' ');
      const script = `${stdout}\nCOMP_WORDS=(${words.map((word) => `'${word}'`).join(' ')}); COMP_CWORD=${words.length - 1}; _sluice; printf '%s\\n' "\${COMPREPLY[@]}"`;
      return execFileSync('bash', ['-c', script], { encoding: 'utf8', cwd: '/' }).split('\n');
    };
    expect(complete('sluice mir')).toContain('mirror');
    expect(complete('sluice mirror --pr')).toEqual(expect.arrayContaining(['--pr', '--prs', '--prune']));
    expect(complete('sluice mirror --update f')).toEqual(['ff', 'force', '']);
    expect(complete('sluice config ')).toContain('check');
  });

  test.each(['zsh', 'fish'])('%s gets a script with every command', async (shell) => {
    const { stdout, status } = await sluice(['completion', shell]);
    expect(status).toBe(0);
    for (const word of ['mirror', 'config', 'completion', 'prune']) expect(stdout).toContain(word);
  });
});

async function executable(name: string, text: string): Promise<string> {
  const dir = await testDir();
  await mkdir(dir, { recursive: true });
  await writeFile(join(dir, name), text);
  await chmod(join(dir, name), 0o755);
  return dir;
}

function greeter(name: string): string {
  return `export default {
  name: '${name}', apiVersion: 1,
  commands: [{
    name: 'greet', summary: 'greets', arguments: [{ name: 'who', description: 'whom' }],
    options: [{ flags: '--loud', description: 'shouts' }],
    async run(context, { arguments: [who], options }) {
      const text = 'hello ' + who;
      return { exit: 1, text: options.loud ? text.toUpperCase() : text, json: { to: who } };
    },
  }],
};
`;
}
