/** A repository on a configured forge, or a pattern for several: `*` stands for a part of one segment, `**` for any. */
export interface RepoName {
  readonly alias: string;
  readonly path: string;
}

export function repoText({ alias, path }: RepoName): string {
  return `${alias}:${path}`;
}

/** What the stars of the pattern stand for in this path; undefined: it does not match. Forges ignore case in such names. */
export function matchRepo(pattern: string, path: string): readonly string[] | undefined {
  if (!pattern.includes('*')) return pattern.toLowerCase() === path.toLowerCase() ? [] : undefined;
  const expression = pattern.replace(/\*\*|\*|[.*+?^${}()|[\]\\]/g, (found) => {
    if (found === '**') return '(.+)';
    return found === '*' ? '([^/]+)' : `\\${found}`;
  });
  return new RegExp(`^${expression}$`, 'i').exec(path)?.slice(1);
}

/** The pattern with its stars filled in, in their order; a star too many stands for the last one. */
export function fillRepo(pattern: string, parts: readonly string[]): string {
  let at = 0;
  return pattern.replace(/\*\*|\*/g, () => {
    const part = parts[Math.min(at, parts.length - 1)] ?? '';
    at += 1;
    return part;
  });
}
