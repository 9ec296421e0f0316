import { SluiceError } from '../errors.ts';
import { durationMs } from '../model/duration.ts';
import { localPath, parseAddress, type RepoAddress } from '../model/repo.ts';
import type { Finding, KeyPath } from './problem.ts';

export interface ConvertScope {
  /** What relative paths are relative to: the configuration file's directory. */
  readonly baseDir: string;
  readonly home?: string;
}

/** Converts one written value; a value that cannot be converted is noted as a finding and stands as a harmless placeholder. */
export interface Convert {
  path(value: string): string;
  duration(value: string | number, keys: KeyPath): number;
  address(value: string, keys: KeyPath, pattern?: boolean): RepoAddress;
  url(value: string, keys: KeyPath): string;
}

export function converter(scope: ConvertScope, aliases: readonly string[], findings: Finding[]): Convert {
  const addressScope = { aliases, cwd: scope.baseDir, ...(scope.home === undefined ? {} : { home: scope.home }) };
  return {
    path: (value) => localPath(value, addressScope),
    duration(value, keys) {
      const ms = durationMs(value);
      if (ms === undefined) findings.push({ keys, message: 'must be at most 24d' });
      return ms ?? 0;
    },
    address(value, keys, pattern = false) {
      try {
        return parseAddress(value, { ...addressScope, pattern });
      } catch (error) {
        if (!(error instanceof SluiceError)) throw error;
        findings.push({ keys, message: error.hint === undefined ? error.message : `${error.message}. ${error.hint}` });
        return { kind: 'path', path: scope.baseDir };
      }
    },
    url(value, keys) {
      if (URL.parse(value) === null) findings.push({ keys, message: 'is not a valid address' });
      return value.replace(/\/+$/, '');
    },
  };
}

type Defined<T> = { [K in keyof T]?: Exclude<T[K], undefined> };

/** Without the keys whose value is undefined, which would otherwise hide a default. */
export function written<T extends object>(section: T): Defined<T> {
  return Object.fromEntries(Object.entries(section).filter(([, value]) => value !== undefined)) as Defined<T>;
}
