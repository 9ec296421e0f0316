import { resolve } from 'node:path';
import { parseArgs } from 'node:util';

/** Global flags that take a value; everything else that begins with `-` before the command's name stands alone. */
const withValue = new Set(['-C', '-c', '--config', '--log-level', '--log-format']);

export interface SplitArgv {
  /** What stands before the command's name: global flags. */
  readonly before: readonly string[];
  /** Undefined: no command was named. */
  readonly command: string | undefined;
  readonly after: readonly string[];
}

/** Finds the command in the arguments without knowing any command, so that only that one has to be loaded. */
export function splitArgv(argv: readonly string[]): SplitArgv {
  let at = 0;
  while (at < argv.length) {
    const word = argv[at] ?? '';
    if (word === '--' || !word.startsWith('-')) break;
    at += withValue.has(word) ? 2 : 1;
  }
  if (argv[at] === '--') at += 1;
  return { before: argv.slice(0, at), command: argv[at], after: argv.slice(at + 1) };
}

/** The directory and the configuration file that the words before the command's name choose. */
export function splitGlobals(
  before: readonly string[],
  cwd: string,
): { readonly cwd: string; readonly config: string | undefined } {
  const { values } = parseArgs({
    args: [...before],
    options: { directory: { type: 'string', short: 'C', multiple: true }, config: { type: 'string', short: 'c' } },
    strict: false,
  });
  const directories = Array.isArray(values.directory)
    ? values.directory.filter((value) => typeof value === 'string')
    : [];
  return { cwd: resolve(cwd, ...directories), config: typeof values.config === 'string' ? values.config : undefined };
}
