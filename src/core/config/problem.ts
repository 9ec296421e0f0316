/** One finding about the configuration. */
export interface ConfigProblem {
  /** `repositories[0].mirror.to`, the name of an environment variable, or empty for the document as a whole. */
  readonly path: string;
  /** What was expected, in words of a user; never what was written, which may be a secret. */
  readonly message: string;
  /** 1-based place in the file, where known. */
  readonly line?: number;
  readonly column?: number;
}

export type KeyPath = readonly PropertyKey[];

/** A problem before its place in the file is known. */
export interface Finding {
  readonly keys: KeyPath;
  readonly message: string;
}

/** `['repositories', 0, 'mirror', 'to']` → `repositories[0].mirror.to`; keys that are no plain words are quoted. */
export function pathText(keys: KeyPath): string {
  let path = '';
  for (const key of keys) {
    if (typeof key === 'number') path += `[${key}]`;
    else if (/^[\w$-]+$/.test(String(key))) path += path === '' ? String(key) : `.${String(key)}`;
    else path += `[${JSON.stringify(String(key))}]`;
  }
  return path;
}

/** `sluice.yaml:12: repositories[0].mirror.to: …` */
export function problemText(problem: ConfigProblem, file?: string): string {
  const place = problem.line === undefined ? undefined : [file, problem.line, problem.column].filter(Boolean).join(':');
  return [place, problem.path, problem.message].filter(Boolean).join(': ');
}
