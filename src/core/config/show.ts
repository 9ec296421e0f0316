import { formatDuration } from '../model/duration.ts';
import { displayAddress, type RepoAddress } from '../model/repo.ts';
import { forgeSettings } from './forges.ts';
import type { Origin } from './layers.ts';
import type { LoadedConfig } from './load.ts';

/** The effective configuration in the form of the file, ready to print: secrets appear only as where they come from. */
export interface ShownConfig {
  readonly file: string | undefined;
  /** Every top-level key with the layers that set something in it; `['default']` when none did. */
  readonly origins: Readonly<Record<string, readonly Origin[]>>;
  readonly config: Readonly<Record<string, unknown>>;
}

/** `env` tells which predefined forges have a token; its values are not read. */
export function showConfig(
  { config, file, origins }: LoadedConfig,
  env: Readonly<Record<string, string | undefined>>,
): ShownConfig {
  const { baseDir: _, ...keys } = { ...config, forges: forgeSettings(config, env) };
  const shown = Object.entries(keys).map(([key, value]) => [key, shownValue(value)] as const);
  return {
    file,
    origins: Object.fromEntries(shown.map(([key]) => [key, origins[key] ?? ['default']])),
    config: Object.fromEntries(shown),
  };
}

function shownValue(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(shownValue);
  if (typeof value !== 'object' || value === null) return value;
  if (isAddress(value)) return displayAddress(value);
  const shown = Object.entries(value).flatMap(([key, inner]) => (inner === undefined ? [] : [shownEntry(key, inner)]));
  return Object.fromEntries(shown);
}

/** `intervalMs: 60000` → `interval: 1m`, as the file says it. */
function shownEntry(key: string, value: unknown): readonly [string, unknown] {
  if (typeof value === 'number' && key.endsWith('Ms')) return [key.slice(0, -2), formatDuration(value)];
  if (key === 'bodyLimitBytes') return ['bodyLimit', value];
  return [key, shownValue(value)];
}

function isAddress(value: object): value is RepoAddress {
  return 'kind' in value && (value.kind === 'forge' || value.kind === 'url' || value.kind === 'path');
}
