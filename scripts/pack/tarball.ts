import { execFile } from 'node:child_process';
import { cp, symlink } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { promisify } from 'node:util';

const root = join(import.meta.dirname, '../..');
const execute = promisify(execFile);

/** What the package is made from; anything else in the checkout cannot get into it. */
const ingredients = [
  ...['package.json', 'tsconfig.json', 'tsconfig.types.json', 'README.md', 'LICENSE', 'CHANGELOG.md'],
  ...['bin', 'src', 'scripts', 'schema', 'docs'],
];

export interface Tarball {
  /** Absolute path of the .tgz. */
  readonly path: string;
  readonly bytes: number;
  readonly unpackedBytes: number;
  readonly files: readonly { readonly path: string; readonly size: number }[];
}

/**
 * Builds and packs in a copy below `dir`, as `npm publish` would: the checkout's own dist/ is not touched, so programs that run
 * from it meanwhile are not disturbed, and a file that was left in it is not published.
 */
export async function packInto(dir: string): Promise<Tarball> {
  const copy = join(dir, 'checkout');
  for (const name of ingredients) await cp(join(root, name), join(copy, name), { recursive: true });
  await symlink(join(root, 'node_modules'), join(copy, 'node_modules'));
  const { stdout } = await execute('npm', ['pack', '--json', '--pack-destination', dir], {
    cwd: copy,
    env: npmEnvironment(dir),
  });
  // The output of prepack stands before npm's own document.
  const [packed] = JSON.parse(stdout.slice(stdout.search(/^\[/m))) as readonly [
    { filename: string; size: number; unpackedSize: number; files: Tarball['files'] },
  ];
  const path = join(dir, packed.filename);
  return { path, bytes: packed.size, unpackedBytes: packed.unpackedSize, files: packed.files };
}

/** npm with a cache of its own and this Node first on PATH, whatever the machine has; nothing of an npm that runs us. */
export function npmEnvironment(
  dir: string,
  base: Readonly<Record<string, string | undefined>> = process.env,
): Record<string, string> {
  const inherited = Object.entries(base).filter(
    (entry): entry is [string, string] => entry[1] !== undefined && !/^npm_/i.test(entry[0]),
  );
  return {
    ...Object.fromEntries(inherited),
    PATH: `${dirname(process.execPath)}:${base.PATH}`,
    npm_config_cache: join(dir, 'npm-cache'),
    npm_config_userconfig: join(dir, 'npmrc'),
    npm_config_update_notifier: 'false',
  };
}

const wanted = [
  'package.json',
  'README.md',
  'LICENSE',
  'CHANGELOG.md',
  'bin/sluice.js',
  'dist/cli.js',
  'dist/index.js',
  'dist/answers.json',
  'dist/types/index.d.ts',
  'dist/THIRD-PARTY-LICENSES.txt',
  'schema/sluice.schema.json',
  'docs/mirror.md',
];

const allowed = /^(bin|dist|schema|docs)\/|^(package\.json|README\.md|LICENSE|CHANGELOG\.md)$/;
const unwanted = /\.test\.|(^|\/)(test|fixtures|bench)\/|\.tsbuildinfo$|\.map$/;

/** What is wrong with the contents, a sentence for each file. */
export function contentProblems(files: Tarball['files']): readonly string[] {
  const paths = files.map((file) => file.path);
  return [
    ...wanted.filter((path) => !paths.includes(path)).map((path) => `${path} is missing`),
    ...paths
      .filter((path) => !allowed.test(path) || unwanted.test(path))
      .map((path) => `${path} does not belong there`),
    ...paths.filter((path) => path.endsWith('.ts') && !path.endsWith('.d.ts')).map((path) => `${path} is a source`),
  ];
}
