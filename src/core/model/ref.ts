/** Object id in lower-case hexadecimal: 40 characters (SHA-1) or 64 (SHA-256). */
export type Oid = string;

/** Full ref name, for example `refs/heads/main`. */
export type RefName = string;

/** One line of a remote's ref advertisement. */
export interface RemoteRef {
  readonly name: RefName;
  readonly oid: Oid;
}

export type ObjectFormat = 'sha1' | 'sha256';

export function objectFormatOf(oid: Oid): ObjectFormat {
  return oid.length === 64 ? 'sha256' : 'sha1';
}

export function zeroOid(format: ObjectFormat): Oid {
  return '0'.repeat(format === 'sha256' ? 64 : 40);
}

/** Short form for people: `refs/heads/x` → `x`, `refs/tags/v1` → `v1`; other refs stay whole. */
export function shortName(ref: RefName): string {
  return ref.replace(/^refs\/(heads|tags)\//, '');
}

export function shortOid(oid: Oid): string {
  return oid.slice(0, 10);
}

// biome-ignore lint/suspicious/noControlCharactersInRegex: git forbids exactly these (git-check-ref-format(1), rules 4 and 5)
const forbidden = /[\x00-\x20\x7f~^:?*[\\]/;

/**
 * Why git would not accept this full ref name, or undefined when it would.
 * The rules are those of git-check-ref-format(1), plus the 255-byte limit of a path component on Linux file systems.
 */
export function refNameProblem(name: RefName): string | undefined {
  if (!name.startsWith('refs/') || name.split('/').length < 3) return 'is not a full ref name (refs/…/…)';
  if (name.includes('\uFFFD')) return 'is not valid UTF-8';
  if (forbidden.test(name)) return 'contains a space, a control character or one of ~ ^ : ? * [ \\';
  if (name.includes('..')) return 'contains ".."';
  if (name.includes('@{')) return 'contains "@{"';
  if (name.endsWith('.')) return 'ends with "."';
  for (const part of name.split('/')) {
    if (part === '') return 'has an empty path component';
    if (part.startsWith('.')) return `has a component that starts with "." (${part})`;
    if (part.endsWith('.lock')) return `has a component that ends with ".lock" (${part})`;
    // The remote appends ".lock" to the file it writes, so 255 bytes themselves do not fit.
    if (Buffer.byteLength(part) > 250) return 'has a component longer than 250 bytes, which git cannot lock on disk';
  }
  return undefined;
}

/**
 * Directory/file conflicts: git cannot store `a` and `a/b` in one files-backed repository.
 * Returns, for each name that is blocked, the name that stands in its way.
 */
export function directoryFileConflict(names: Iterable<RefName>): Map<RefName, RefName> {
  const all = new Set(names);
  const conflicts = new Map<RefName, RefName>();
  for (const name of all) {
    for (let cut = name.lastIndexOf('/'); cut > 0; cut = name.lastIndexOf('/', cut - 1)) {
      const parent = name.slice(0, cut);
      if (all.has(parent)) conflicts.set(name, parent);
    }
  }
  return conflicts;
}
