import { dirname } from 'node:path';
import { SluiceError } from '../errors.ts';
import { localPath } from '../model/repo.ts';
import type { Config } from './config.ts';
import { defaultConfig } from './defaults.ts';
import { configFileVariable, environmentOverrides, type Override, unknownVariables } from './environment.ts';
import { type ConfigFile, type FindOptions, findConfigFile, readConfigFile } from './file.ts';
import { isTree, mergeTrees, type Origin, treeOf, treeProblem } from './layers.ts';
import { placesIn } from './lines.ts';
import { type ConfigProblem, type Finding, type KeyPath, pathText, problemText } from './problem.ts';
import type { WrittenConfig } from './schema/index.ts';

export interface LoadOptions extends FindOptions {
  /** Where the search starts and what relative paths of flags and variables are relative to; absolute. */
  readonly cwd: string;
  readonly env: Readonly<Record<string, string | undefined>>;
  /** The file of `--config`; default: SLUICE_CONFIG, else searched. */
  readonly file?: string | undefined;
  /** What flags set, in the form of the file; they win over everything. */
  readonly flags?: WrittenConfig | undefined;
}

export interface LoadedConfig {
  readonly config: Config;
  /** Absolute path of the file that was read; undefined when there is none. */
  readonly file: string | undefined;
  /** What file, environment and flags set together, before defaults. */
  readonly written: WrittenConfig;
  /** For each top-level key, which layers set something in it; a key that is not listed is all defaults. */
  readonly origins: Readonly<Record<string, readonly Origin[]>>;
  /** Sentences about what was ignored. */
  readonly warnings: readonly string[];
}

/** What reading gave: the configuration, or every problem at once. */
export type ConfigReading =
  | { readonly loaded: LoadedConfig; readonly problems: readonly [] }
  | { readonly loaded: undefined; readonly problems: readonly ConfigProblem[]; readonly file: string | undefined };

/**
 * The effective configuration: defaults < file < environment (SLUICE_*) < flags. No secret is resolved here.
 * Throws SluiceError('config') with every problem in `problems`, each as `file:line:column: path: what was expected`.
 */
export async function loadConfig(options: LoadOptions): Promise<LoadedConfig> {
  const reading = await readConfig(options);
  if (reading.loaded !== undefined) return reading.loaded;
  const { file, problems } = reading;
  const count = problems.length === 1 ? 'a problem' : `${problems.length} problems`;
  throw new SluiceError('config', `the configuration${file === undefined ? '' : ` ${file}`} has ${count}`, {
    problems: problems.map((problem) => problemText(problem, file)),
    hint: 'sluice config check shows them again; the keys are described in schema/sluice.schema.json',
  });
}

/** As `loadConfig`, with the problems as data. A file that cannot be read at all is still SluiceError('config'). */
export async function readConfig(options: LoadOptions): Promise<ConfigReading> {
  const { cwd, env, flags } = options;
  const named = options.file ?? (env[configFileVariable] || undefined);
  const file =
    named === undefined ? await findConfigFile(cwd, options) : await readConfigFile(localPath(named, options));
  const baseDir = file === undefined ? cwd : dirname(file.path);
  const overrides = environmentOverrides(env, cwd);
  if (file === undefined && overrides.length === 0 && flags === undefined) {
    const warnings = unknownVariables(env, new Set());
    const config = defaultConfig(baseDir);
    return { loaded: { config, file: undefined, written: {}, origins: {}, warnings }, problems: [] };
  }
  const value = file?.value ?? {};
  const unusable = file?.syntaxError?.message ?? treeProblem(value);
  if (unusable !== undefined || !isTree(value)) {
    const problem = { path: '', message: unusable ?? '', ...file?.syntaxError?.place };
    return { loaded: undefined, problems: [problem], file: file?.path };
  }
  const fromEnvironment = overrides.reduce((tree, { keys, value }) => mergeTrees(tree, treeOf(keys, value)), {});
  const merged = mergeTrees(mergeTrees(value, fromEnvironment), flags ?? {});
  // The schema library is loaded only when something was written.
  const { checkTree } = await import('./check-tree.ts');
  const checked = await checkTree(merged, { baseDir, ...(options.home === undefined ? {} : { home: options.home }) });
  if ('findings' in checked) {
    return { loaded: undefined, problems: await placed(checked.findings, file, overrides), file: file?.path };
  }
  const layers: readonly (readonly [Origin, object])[] = [
    ['file', value],
    ['env', fromEnvironment],
    ['flag', flags ?? {}],
  ];
  const loaded: LoadedConfig = {
    ...checked,
    file: file?.path,
    origins: originsOf(layers),
    warnings: unknownVariables(env, secretVariables(merged)),
  };
  return { loaded, problems: [] };
}

async function placed(
  findings: readonly Finding[],
  file: ConfigFile | undefined,
  overrides: readonly Override[],
): Promise<readonly ConfigProblem[]> {
  const place = file?.text === undefined ? undefined : await placesIn(file.text);
  const inPackage: KeyPath = file?.path.endsWith('/package.json') ? ['sluice'] : [];
  return findings.map(({ keys, message }) => {
    const path = pathText(keys);
    const override = overrides.find((candidate) => pathText(candidate.keys) === path);
    if (override !== undefined) return { path: override.variable, message };
    return { path, message, ...place?.([...inPackage, ...keys]) };
  });
}

function originsOf(layers: readonly (readonly [Origin, object])[]): Readonly<Record<string, readonly Origin[]>> {
  const origins = new Map<string, Origin[]>();
  for (const [origin, tree] of layers) {
    for (const key of Object.keys(tree)) origins.set(key, [...(origins.get(key) ?? []), origin]);
  }
  return Object.fromEntries(origins);
}

/** Names of the variables that the configuration reads as secrets. */
function secretVariables(value: unknown): ReadonlySet<string> {
  const names = new Set<string>();
  JSON.stringify(value, (key, inner) => {
    if (key === 'env' && typeof inner === 'string') names.add(inner);
    return inner;
  });
  return names;
}
