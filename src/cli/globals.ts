import { SluiceError } from '../core/errors.ts';
import { nearest } from '../core/model/nearest.ts';
import type { LogLevel } from '../core/ui/log.ts';

export interface Globals {
  readonly directory: readonly string[];
  readonly config: string | undefined;
  readonly json: boolean;
  readonly quiet: boolean;
  /** Undefined: the configuration decides. */
  readonly level: LogLevel | undefined;
  readonly format: 'pretty' | 'json' | undefined;
}

/** Reads the global flags from parsed options; the environment (SLUICE_LOG_LEVEL, SLUICE_LOG_FORMAT) stands below them. */
export function readGlobals(
  options: Readonly<Record<string, unknown>>,
  env: Readonly<Record<string, string | undefined>>,
): Globals {
  const level = options.logLevel ?? (options.verbose ? 'debug' : undefined) ?? env.SLUICE_LOG_LEVEL;
  const format = options.logFormat ?? env.SLUICE_LOG_FORMAT;
  return {
    directory: (options.directory as string[] | undefined) ?? [],
    config: (options.config as string | undefined) ?? env.SLUICE_CONFIG,
    json: options.json === true,
    quiet: options.quiet === true,
    level: oneOf('SLUICE_LOG_LEVEL', options.quiet ? (level ?? 'warn') : level, [
      'debug',
      'info',
      'warn',
      'error',
    ] as const),
    format: oneOf('SLUICE_LOG_FORMAT', format, ['pretty', 'json'] as const),
  };
}

function oneOf<const T extends string>(name: string, value: unknown, choices: readonly T[]): T | undefined {
  if (value === undefined || value === '') return undefined;
  const found = choices.find((choice) => choice === value);
  if (found !== undefined) return found;
  const near = nearest(String(value), choices);
  throw new SluiceError('usage', `${name}=${String(value)}: must be one of ${choices.join(', ')}`, {
    ...(near === undefined ? {} : { hint: `Did you mean ${near}?` }),
  });
}
