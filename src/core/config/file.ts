import { constants } from 'node:fs';
import { access, readFile, stat } from 'node:fs/promises';
import { homedir } from 'node:os';
import { basename, dirname, extname, join, resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import { SluiceError } from '../errors.ts';
import { refuseBrought } from './brought.ts';
import type { Place } from './lines.ts';
import { parseJson, parseYaml } from './parse.ts';

/** A configuration file that was read; `value` is unchecked, and undefined when the file is empty or broken. */
export interface ConfigFile {
  /** Absolute. */
  readonly path: string;
  readonly value: unknown;
  /** Source of YAML and JSON files, for the places of problems; undefined for executable ones. */
  readonly text: string | undefined;
  readonly syntaxError: { readonly message: string; readonly place: Place | undefined } | undefined;
}

export interface FindOptions {
  /** Where the search ends; default: the user's home directory. */
  readonly home?: string;
  /** Whose files are trusted beside root's; default: the process's user. Undefined on systems without user ids. */
  readonly uid?: number | undefined;
}

/** In order of precedence within one directory. Nothing executable: entering a cloned repository must not run its code. */
export const searchPlaces: readonly string[] = [
  'sluice.yaml',
  'sluice.yml',
  'sluice.json',
  '.sluicerc',
  '.sluicerc.json',
  '.sluicerc.yaml',
  '.sluicerc.yml',
  'package.json',
];

const executable = ['.js', '.mjs', '.ts', '.mts'];
const written = ['', '.yaml', '.yml', '.json'];

/** The nearest configuration file at or above `from`; the search ends at the home directory or the root. */
export async function findConfigFile(from: string, options: FindOptions = {}): Promise<ConfigFile | undefined> {
  const home = resolve(options.home ?? homedir());
  let explorer: Explorer | undefined;
  for (let directory = resolve(from); ; directory = dirname(directory)) {
    const present = await presentPlaces(directory);
    if (present.length > 0) {
      await refuseUnreadable(present);
      // Loaded only now: most runs without a configuration never need it.
      explorer ??= await openExplorer();
      const found = await explorer.search(directory);
      if (found !== null && !(found.isEmpty === true && basename(found.filepath) === 'package.json')) {
        await refuseForeign(found.filepath, 'uid' in options ? options.uid : process.getuid?.());
        const file = found.config ?? { path: found.filepath, value: undefined, text: '', syntaxError: undefined };
        await refuseBrought(file);
        return file;
      }
    }
    if (directory === home || directory === dirname(directory)) return undefined;
  }
}

/** The file that `--config` or SLUICE_CONFIG names. Only here is an executable one (.js, .mjs, .ts, .mts) run. */
export async function readConfigFile(path: string): Promise<ConfigFile> {
  const extension = basename(path).startsWith('.') ? extname(basename(path).slice(1)) : extname(path);
  if (executable.includes(extension)) return await runConfigFile(path);
  if (!written.includes(extension)) {
    throw new SluiceError('config', `the configuration file ${path} has a form that sluice does not read`, {
      hint: 'Use .yaml, .yml, .json, .js, .mjs or .ts',
    });
  }
  const text = await readFile(path, 'utf8').catch((error: NodeJS.ErrnoException) => {
    throw new SluiceError('config', `the configuration file ${path} cannot be read: ${error.code ?? error.message}`, {
      hint: 'Give an existing file to --config (or SLUICE_CONFIG), or leave it out to search for sluice.yaml',
      cause: error,
    });
  });
  if (basename(path) !== 'package.json') return await parsedFile(path, text);
  const { sluice } = await parsedPackage(path, text);
  if (sluice !== undefined) return sluice;
  throw new SluiceError('config', `${path} has no "sluice" key`, { hint: 'Add one, or name another file' });
}

async function runConfigFile(path: string): Promise<ConfigFile> {
  try {
    const module: { readonly default?: unknown } = await import(pathToFileURL(path).href);
    if (module.default === undefined) throw new Error('it has no default export');
    return { path, value: module.default, text: undefined, syntaxError: undefined };
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    throw new SluiceError('config', `the configuration file ${path} failed while it was run: ${reason}`, {
      cause: error,
    });
  }
}

async function parsedFile(path: string, text: string): Promise<ConfigFile> {
  const parse = path.endsWith('.json') ? parseJson : parseYaml;
  return { path, text, ...(await parse(text)) };
}

/** The part of a package.json that is sluice's; a broken one without it is npm's concern. */
async function parsedPackage(path: string, text: string): Promise<{ readonly sluice?: ConfigFile }> {
  const { value, syntaxError } = await parseJson(text);
  if (syntaxError !== undefined) {
    return text.includes('"sluice"') ? { sluice: { path, text, value, syntaxError } } : {};
  }
  if (typeof value !== 'object' || value === null || !('sluice' in value)) return {};
  return { sluice: { path, text, value: value.sluice, syntaxError } };
}

/** The part of cosmiconfig's explorer that is used. */
interface Explorer {
  search(
    from: string,
  ): Promise<{ readonly filepath: string; readonly config: ConfigFile | undefined; readonly isEmpty?: boolean } | null>;
}

type ExplorerModule = { readonly Explorer: new (options: Readonly<Record<string, unknown>>) => Explorer };

/**
 * cosmiconfig looks in one directory at a time and hands over what our own loaders read. Not through its `cosmiconfig()`
 * function: that one first looks for a configuration of its own in the working directory and so executes a
 * `.config/config.js` there (10.0.1); and its loaders follow `$import` into executable files.
 */
async function openExplorer(): Promise<Explorer> {
  const { Explorer } = (await import('cosmiconfig/dist/Explorer.js')) as unknown as ExplorerModule;
  return new Explorer({
    moduleName: 'sluice',
    searchPlaces,
    loaders: {
      '.yaml': parsedFile,
      '.yml': parsedFile,
      '.json': (path: string, text: string) =>
        basename(path) === 'package.json' ? parsedPackage(path, text) : parsedFile(path, text),
      noExt: parsedFile,
    },
    transform: (result: unknown) => result,
    searchStrategy: 'none',
    ignoreEmptySearchPlaces: false,
    cache: false,
    metaConfigFilePath: null,
  });
}

/** The search places that are files in this directory, readable or not. */
async function presentPlaces(directory: string): Promise<readonly string[]> {
  const paths = searchPlaces.map((place) => join(directory, place));
  const found = await Promise.all(paths.map((path) => stat(path).catch(() => undefined)));
  return paths.filter((_, at) => found[at]?.isFile() === true);
}

/** cosmiconfig passes over files that it may not read; going on without the operator's settings could open the gate. */
async function refuseUnreadable(paths: readonly string[]): Promise<void> {
  for (const path of paths.filter((present) => basename(present) !== 'package.json')) {
    await access(path, constants.R_OK).catch((cause) => {
      throw new SluiceError('config', `the configuration file ${path} exists but may not be read`, {
        hint: 'Make it readable for this user, or name another file with --config',
        cause,
      });
    });
  }
}

/** A configuration may name commands and plugins, so a file that somebody else put above us is refused, as git refuses repositories. */
async function refuseForeign(path: string, uid: number | undefined): Promise<void> {
  if (uid === undefined) return;
  const owner = (await stat(path)).uid;
  if (owner === uid || owner === 0) return;
  throw new SluiceError('config', `the configuration file ${path} belongs to another user (uid ${owner})`, {
    hint: `If you trust it, name it: --config ${path}`,
  });
}
