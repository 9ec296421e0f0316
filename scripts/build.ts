// Bundles the program into dist/: one chunk per subcommand, loaded when it is used, so that a start costs what it uses.
import { execFileSync } from 'node:child_process';
import { rmSync } from 'node:fs';
import { readFile, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { rolldown } from 'rolldown';
import { plainBuiltins } from './builtins.ts';

const root = join(import.meta.dirname, '..');
// Built aside and put in place at the end: a program that runs meanwhile, or a build beside this one, sees a whole dist/.
const dist = join(root, `.dist-${process.pid}`);
// A build that fails leaves nothing behind.
process.on('exit', () => rmSync(dist, { recursive: true, force: true }));

const bundle = await rolldown({
  cwd: root,
  input: { cli: 'src/cli.ts', index: 'src/index.ts', answers: 'src/cli/answers.ts' },
  platform: 'node',
  // What the groups below need; nobody imports the entries but the launcher and plugins.
  preserveEntrySignatures: 'allow-extension',
  plugins: [plainBuiltins()],
  // Chunks are read by Node only: no need to pretend that a CommonJS package may be replaced at run time.
  treeshake: { moduleSideEffects: 'no-external' },
  onLog(level, log, report) {
    if (log.code === 'EVAL') return;
    report(level === 'warn' ? 'error' : level, log);
  },
});
const { output } = await bundle.write({
  dir: dist,
  format: 'esm',
  minify: true,
  entryFileNames: '[name].js',
  chunkFileNames: 'chunks/[name]-[hash].js',
  // Finding and linking a file costs half a millisecond, more than the code in a small one: what every start loads is one file, and
  // what is small and shared by many commands another. The rest is split by who uses it.
  codeSplitting: {
    includeDependenciesRecursively: false,
    groups: [
      // Not the entries themselves: `cli.ts` waits for the program, and what it loads would wait for `cli.ts`.
      {
        name: 'start',
        tags: ['$initial'],
        test: (id) => !/\/src\/(?:cli|index|cli\/answers)\.ts$/.test(id),
        priority: 2,
      },
      {
        name: 'shared',
        test: /\/src\/core\/(?:[^/]+\.ts|model\/|config\/|plugins\/|forges\/git-url\.ts|app\/(?:endpoint|git)\.ts|git\/(?:endpoint|remote|run|environment|failure|ls-remote)\.ts)/,
        minShareCount: 3,
        priority: 1,
      },
      // A hook runs at every push: all that a gate needs beside its forge.
      {
        name: 'gate',
        test: /\/src\/(?:commands\/gate|core\/app\/gate(?!-hooks|-override)|core\/gate\/(?!hook\.|stdin\.)|core\/git\/current-commit|core\/plugins\/(?:contract|load|resolve)\.ts)|\/src\/core\/private-files/,
      },
      // What every forge needs.
      { name: 'forge', test: /\/src\/core\/(?:forges\/[^/]+\.ts|http\/)/ },
    ],
  },
});
await bundle.close();

const packages = new Set<string>();
for (const chunk of output) {
  if (chunk.type !== 'chunk') continue;
  for (const id of chunk.moduleIds) {
    const name = /.*\/node_modules\/((?:@[^/]+\/)?[^/]+)\//.exec(id)?.[1];
    if (name !== undefined) packages.add(name);
  }
}
await writeFile(join(dist, 'THIRD-PARTY-LICENSES.txt'), await licences([...packages].sort()));

// Help and version, rendered once by the program itself; the launcher prints them without loading it.
const { answers } = (await import(join(dist, 'answers.js'))) as { answers(): Promise<unknown> };
await writeFile(join(dist, 'answers.json'), JSON.stringify(await answers()));
await rm(join(dist, 'answers.js'));

if (process.argv.includes('--types')) {
  const tsc = join(root, 'node_modules/.bin/tsc');
  const args = ['-p', join(root, 'tsconfig.types.json'), '--outDir', join(dist, 'types')];
  execFileSync(tsc, args, { stdio: 'inherit' });
}
await putInPlace(join(root, 'dist'));

async function putInPlace(place: string): Promise<void> {
  const old = `${dist}-old`;
  await rename(place, old).catch((error: NodeJS.ErrnoException) => {
    if (error.code !== 'ENOENT') throw error;
  });
  await rename(dist, place).catch(async (error: NodeJS.ErrnoException) => {
    // Another build was faster; its result is as good.
    if (error.code !== 'ENOTEMPTY' && error.code !== 'EEXIST') throw error;
    await rm(dist, { recursive: true });
  });
  await rm(old, { recursive: true, force: true });
}

async function licences(names: readonly string[]): Promise<string> {
  const parts = ['dist/ contains code of these packages.\n'];
  for (const name of names) {
    const folder = join(root, 'node_modules', name);
    const manifest = JSON.parse(await readFile(join(folder, 'package.json'), 'utf8'));
    const text = await readLicence(folder);
    parts.push(`\n---\n${name} ${manifest.version} (${manifest.license})\n\n${text.trim()}\n`);
  }
  return parts.join('');
}

async function readLicence(folder: string): Promise<string> {
  for (const name of ['LICENSE', 'LICENSE.md', 'license', 'license.md', 'LICENCE', 'LICENSE.txt', 'License']) {
    const text = await readFile(join(folder, name), 'utf8').catch(() => undefined);
    if (text !== undefined) return text;
  }
  return 'See its package.json.';
}
