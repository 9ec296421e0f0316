import { constants, type Stats } from 'node:fs';
import { access, open, readdir, realpath, stat } from 'node:fs/promises';
import { extname, isAbsolute, join, relative, sep } from 'node:path';
import { interpreterLine } from './shebang.ts';

/** How a script is started, or why it cannot be. `absent`: this commit simply has none. */
export type FoundScript =
  | { readonly kind: 'script'; readonly command: readonly string[]; readonly path: string }
  | { readonly kind: 'absent' | 'unusable'; readonly problem: string };

const interpreters: Readonly<Record<string, string>> = {
  '.py': 'python3',
  '.js': 'node',
  '.mjs': 'node',
  '.cjs': 'node',
  '.ts': 'node',
  '.mts': 'node',
  '.sh': 'sh',
};

const defaultFolder = 'ci';
const defaultName = 'pipeline';

/**
 * The script of a checkout: `file` (relative to it), or `ci/pipeline`, or the only `ci/pipeline.*`. It has to be a regular file that
 * really lies inside: a commit could name any program or secret of this machine by a symbolic link. It is run by its `#!` line, else by
 * its extension, else as a program.
 */
export async function findScript(checkout: string, file?: string): Promise<FoundScript> {
  const path = file === undefined ? await defaultScript(checkout) : file;
  if (typeof path !== 'string') return path;
  const problem = scriptPathProblem(path);
  if (problem !== undefined) return unusable(path, problem);
  const root = await realpath(checkout);
  const real = await realpath(join(root, path)).catch(() => undefined);
  if (real === undefined) return { kind: 'absent', problem: `there is no ${path} in this commit` };
  if (!isInside(root, real)) return unusable(path, 'is a symbolic link to a place outside the checkout');
  const facts = await stat(real);
  if (!facts.isFile()) return unusable(path, `is not a file but ${kindOf(facts)}`);
  return await started(path, real);
}

/** Path of the default script relative to the checkout, or the answer that there is none. */
async function defaultScript(checkout: string): Promise<string | FoundScript> {
  const entries = await readdir(join(checkout, defaultFolder), { withFileTypes: true }).catch(() => []);
  // The modules of a script may lie beside it, in a folder of its name.
  const files = entries.filter((entry) => !entry.isDirectory());
  const names = (files.some(({ name }) => isDefault(name)) ? files : entries).map(({ name }) => name);
  if (names.includes(defaultName)) return join(defaultFolder, defaultName);
  const matching = names.filter(isDefault).sort();
  const [only, second] = matching;
  const pattern = `${defaultFolder}/${defaultName}`;
  if (only === undefined) return { kind: 'absent', problem: `there is no ${pattern} or ${pattern}.* in this commit` };
  if (second === undefined) return join(defaultFolder, only);
  return {
    kind: 'unusable',
    problem: `several files match ${pattern}.*: ${matching.join(', ')}; name one with --file`,
  };
}

function isDefault(name: string): boolean {
  return name === defaultName || name.startsWith(`${defaultName}.`);
}

/** Why a path cannot name a script of a commit, whatever is in it. */
export function scriptPathProblem(path: string): string | undefined {
  if (path === '' || path.includes('\0')) return 'is not a path';
  if (isAbsolute(path)) return 'must be relative to the checkout';
  const parts = path.split(/[\\/]/);
  if (parts.includes('..')) return 'must not contain ".."';
  return parts.some((part) => part.toLowerCase() === '.git') ? 'must not be inside .git' : undefined;
}

function isInside(root: string, path: string): boolean {
  const way = relative(root, path);
  return way !== '' && way !== '..' && !way.startsWith(`..${sep}`) && !isAbsolute(way);
}

function kindOf(facts: Stats): string {
  if (facts.isDirectory()) return 'a directory';
  if (facts.isFIFO()) return 'a named pipe';
  return facts.isSocket() ? 'a socket' : 'a device';
}

async function started(path: string, real: string): Promise<FoundScript> {
  let first: Buffer;
  try {
    first = await readStart(real);
  } catch (error) {
    return unusable(path, `cannot be read: ${error instanceof Error ? error.message : String(error)}`);
  }
  const line = interpreterLine(first);
  if (line === 'empty') return unusable(path, 'has a "#!" line that names no program');
  if (line !== undefined) return { kind: 'script', command: [...line, real], path: real };
  const interpreter = interpreters[extname(path).toLowerCase()];
  if (interpreter !== undefined) return { kind: 'script', command: [interpreter, real], path: real };
  const executable = await access(real, constants.X_OK).then(
    () => true,
    () => false,
  );
  if (executable) return { kind: 'script', command: [real], path: real };
  const endings = Object.keys(interpreters).join(', ');
  return unusable(path, `has no "#!" line, is not executable and does not end in one of ${endings}`);
}

/** As much as the kernel reads for a `#!` line. */
async function readStart(path: string): Promise<Buffer> {
  await using file = await open(path, constants.O_RDONLY | constants.O_NONBLOCK);
  const { buffer, bytesRead } = await file.read(Buffer.alloc(256), 0, 256, 0);
  return buffer.subarray(0, bytesRead);
}

function unusable(path: string, problem: string): FoundScript {
  return { kind: 'unusable', problem: `${path} ${problem}` };
}
