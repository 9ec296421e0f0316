import { execFile, execFileSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdir, readdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { contentProblems, npmEnvironment, packInto, type Tarball } from '../../scripts/pack/tarball.ts';
import { version } from '../../src/core/version.ts';
import { bulkHistory, isolatedGitEnv, makeBareRepo, refs } from '../support/git-repo.ts';
import { type TempDir, tempDir } from '../support/temp-dir.ts';

// The package as its users get it: packed, installed without a network into an empty folder, and run from there.

const execute = promisify(execFile);
const compiler = join(import.meta.dirname, '../../node_modules/.bin/tsc');
const oldNode = ['/usr/local/bin/node', '/usr/bin/node'].find(isTooOld);

let dir: TempDir;
let tarball: Tarball;
let folder: string;

beforeAll(async () => {
  dir = await tempDir();
  tarball = await packInto(dir.path);
  folder = join(dir.path, 'empty');
  await mkdir(folder);
  await writeFile(join(folder, 'package.json'), '{ "private": true, "type": "module" }\n');
  const install = ['install', '--offline', '--no-audit', '--no-fund', tarball.path];
  await execute('npm', install, { cwd: folder, env: npmEnvironment(dir.path) });
}, 120_000);

afterAll(async () => {
  await dir[Symbol.asyncDispose]();
});

/** Runs a program in the folder; a failure is a value. */
async function run(program: string, args: readonly string[], extra: Readonly<Record<string, string>> = {}) {
  const env = { ...npmEnvironment(dir.path, isolatedGitEnv()), ...extra };
  return await execute(program, [...args], { cwd: folder, env }).then(
    ({ stdout, stderr }) => ({ status: 0, stdout, stderr }),
    ({ code, stdout, stderr }) => ({ status: code as number, stdout: String(stdout), stderr: String(stderr) }),
  );
}

function node(program: string) {
  return run(process.execPath, ['--input-type=module', '--eval', program]);
}

test('holds the program, its types, the schema and the documents, and nothing else', () => {
  expect(contentProblems(tarball.files)).toEqual([]);
  expect(tarball.unpackedBytes).toBeLessThan(4_000_000);
});

test('brings no other package with it', async () => {
  const installed = await readdir(join(folder, 'node_modules'));
  expect(installed.filter((name) => !name.startsWith('.'))).toEqual(['git-sluice']);
});

test.each(['sluice', 'git-sluice'])('npx %s runs', async (name) => {
  const ran = await run('npx', ['--offline', name, '--version']);
  expect(ran).toMatchObject({ status: 0, stdout: `${version}\n` });
});

test('git sluice runs, as a subcommand of git', async () => {
  const PATH = `${join(folder, 'node_modules/.bin')}:${npmEnvironment(dir.path).PATH}`;
  const ran = await run('git', ['sluice', '--version'], { PATH });
  expect(ran).toMatchObject({ status: 0, stdout: `${version}\n` });
});

test('sluice mirror --help prints the help', async () => {
  const ran = await run('npx', ['--offline', 'sluice', 'mirror', '--help']);
  expect(ran.status).toBe(0);
  expect(ran.stdout).toMatch(/^Usage: sluice mirror /);
});

test('mirrors a repository', async () => {
  const from = await makeBareRepo(join(dir.path, 'from.git'));
  await bulkHistory(from, { commits: 5, filesPerCommit: 3, branch: 'main' });
  const to = join(dir.path, 'to.git');
  const ran = await run('npx', ['--offline', 'sluice', 'mirror', from, to, '--create', '--json']);
  expect(ran.status, ran.stderr).toBe(0);
  expect(JSON.parse(ran.stdout)).toMatchObject({ command: 'mirror', summary: { created: 1, refused: 0 } });
  expect(await refs(to)).toEqual(await refs(from));
});

test('gives plugins its error class and the secret that does not print', async () => {
  const ran = await node(
    `import { Secret, SluiceError } from 'git-sluice';
     const error = new SluiceError('denied', 'no');
     console.log(error.exit, error instanceof Error, String(new Secret('hunter22')));`,
  );
  expect(ran).toMatchObject({ status: 0, stdout: '77 true [secret]\n' });
});

test('gives editors the schema of the configuration', async () => {
  const ran = await node(
    `import schema from 'git-sluice/schema.json' with { type: 'json' };
     console.log(Object.keys(schema.properties).includes('forges'));`,
  );
  expect(ran).toMatchObject({ status: 0, stdout: 'true\n' });
});

test('keeps everything else to itself', async () => {
  const ran = await node("await import('git-sluice/dist/cli.js')");
  expect(ran.stderr).toContain('ERR_PACKAGE_PATH_NOT_EXPORTED');
});

test('its types check a plugin, in the folder of a user who has no other types', async () => {
  const plugin = `import { type CommandContext, type Forge, type Plugin, SluiceError } from 'git-sluice';
    async function run({ forge }: CommandContext) {
      const lab: Forge = await forge('lab');
      if (lab.changes === undefined) throw new SluiceError('usage', 'no change requests', { hint: 'another forge' });
      return { exit: 0, text: lab.cloneUrl('a/b') } as const;
    }
    const command = { name: 'hello', summary: 'says hello', run };
    export default { name: 'hello-plugin', apiVersion: 1, commands: [command] } satisfies Plugin;
    // @ts-expect-error an exit status that is none
    export const wrong: Plugin = { name: 'x', apiVersion: 1, commands: [{ ...command, run: async () => ({ exit: 3 }) }] };`;
  await writeFile(join(folder, 'plugin.ts'), plugin);
  const options = [
    '--noEmit',
    '--strict',
    '--module',
    'nodenext',
    '--target',
    'es2024',
    '--types',
    '',
    '--skipLibCheck',
  ];
  const ran = await run(process.execPath, [compiler, ...options, 'plugin.ts']);
  expect(ran).toEqual({ status: 0, stdout: '', stderr: '' });
});

describe.skipIf(oldNode === undefined)('under a Node.js that is too old', () => {
  test.each([['--version'], ['mirror', 'a', 'b']])('%s says so in one sentence and ends with 78', async (...args) => {
    const program = join(folder, 'node_modules/git-sluice/bin/sluice.js');
    const ran = await run(oldNode ?? '', [program, ...args]);
    expect(ran).toMatchObject({ status: 78, stdout: '' });
    expect(ran.stderr).toMatch(/^sluice needs Node\.js 22\.19 or newer; this is v\d+\.\d+\.\d+ \(\S+\)\n$/);
  });
});

function isTooOld(program: string): boolean {
  if (!existsSync(program)) return false;
  const [major = 0, minor = 0] = execFileSync(program, ['-p', 'process.versions.node'], { encoding: 'utf8' })
    .split('.')
    .map(Number);
  return major < 22 || (major === 22 && minor < 19);
}
