import { resolve } from 'node:path';
import { didYouMean } from '../model/nearest.ts';
import type { KeyPath } from './problem.ts';

/** How a variable's text becomes a value of the configuration. */
type Kind = 'text' | 'number' | 'path' | 'secret';

export interface EnvironmentKey {
  readonly name: string;
  /** The key of the configuration that it overrides. */
  readonly keys: readonly [string, string];
  readonly kind: Kind;
}

/** Variables that override the configuration file; flags override them. `SLUICE_CONFIG` names the file itself. */
export const environmentKeys: readonly EnvironmentKey[] = [
  { name: 'SLUICE_LOG_LEVEL', keys: ['log', 'level'], kind: 'text' },
  { name: 'SLUICE_LOG_FORMAT', keys: ['log', 'format'], kind: 'text' },
  { name: 'SLUICE_CACHE_DIR', keys: ['mirror', 'cacheDir'], kind: 'path' },
  { name: 'SLUICE_CACHE', keys: ['mirror', 'cache'], kind: 'text' },
  { name: 'SLUICE_BATCH', keys: ['mirror', 'batch'], kind: 'number' },
  { name: 'SLUICE_TIMEOUT', keys: ['mirror', 'timeout'], kind: 'text' },
  { name: 'SLUICE_CACHE_TTL', keys: ['gate', 'cacheTtl'], kind: 'text' },
  { name: 'SLUICE_LISTEN', keys: ['serve', 'listen'], kind: 'text' },
  { name: 'SLUICE_BASE_URL', keys: ['serve', 'baseUrl'], kind: 'text' },
  { name: 'SLUICE_HOOKS_DIR', keys: ['serve', 'hooksDir'], kind: 'path' },
  { name: 'SLUICE_DATA_DIR', keys: ['serve', 'dataDir'], kind: 'path' },
  { name: 'SLUICE_DATABASE', keys: ['serve', 'database'], kind: 'secret' },
];

export const configFileVariable = 'SLUICE_CONFIG';

/** Set by sluice for scripts and plugin executables; seen again when one of them calls sluice. */
export const childVariables: readonly string[] = [
  'SLUICE_EVENT',
  'SLUICE_REPO',
  'SLUICE_OWNER',
  'SLUICE_NAME',
  'SLUICE_REF',
  'SLUICE_BRANCH',
  'SLUICE_TAG',
  'SLUICE_SHA',
  'SLUICE_OLD_SHA',
  'SLUICE_CHANGE',
  'SLUICE_BASE_REPO',
  'SLUICE_BASE_BRANCH',
  'SLUICE_PAYLOAD',
  'SLUICE_DELIVERY',
  'SLUICE_RUN',
  'SLUICE_RUN_URL',
];

/** One value of a layer and where it goes. */
export interface Override {
  readonly keys: KeyPath;
  readonly value: unknown;
  readonly variable: string;
}

/** The overrides of an environment; empty variables count as not set. Relative paths are relative to `cwd`. */
export function environmentOverrides(
  env: Readonly<Record<string, string | undefined>>,
  cwd: string,
): readonly Override[] {
  return environmentKeys.flatMap(({ name, keys, kind }) => {
    const text = env[name];
    return text === undefined || text === '' ? [] : [{ keys, value: converted(kind, text, name, cwd), variable: name }];
  });
}

/** A sentence for each `SLUICE_*` variable that nothing reads; `used` are names that the configuration reads as secrets. */
export function unknownVariables(
  env: Readonly<Record<string, string | undefined>>,
  used: ReadonlySet<string>,
): readonly string[] {
  const own = [configFileVariable, ...environmentKeys.map(({ name }) => name)];
  const known = new Set([...own, ...childVariables]);
  return Object.keys(env)
    .filter((name) => name.startsWith('SLUICE_') && !known.has(name) && !used.has(name))
    .map((name) => `environment variable ${name} is not read by sluice${didYouMean(name, own)}`);
}

function converted(kind: Kind, text: string, name: string, cwd: string): unknown {
  if (kind === 'path') return text.startsWith('~') ? text : resolve(cwd, text);
  if (kind === 'secret') return { env: name };
  // What is no number stays text, and the schema says so.
  return kind === 'number' && /^\d+$/.test(text) ? Number(text) : text;
}
