import type { CodeOwner, OwnedPart } from '../../model/code-owners.ts';
import { compileOwnersPattern, type PathTest } from './owners-pattern.ts';

/** One line of CODEOWNERS. */
interface OwnersLine {
  readonly pattern: string;
  readonly matches: PathTest;
  /** Empty: what matches has none, whatever lines before say. */
  readonly owners: readonly CodeOwner[];
}

/** The lines of CODEOWNERS, or the first one that cannot be read, in words. */
export type OwnersFile = { readonly lines: readonly OwnersLine[] } | { readonly problem: string };

/**
 * GitHub leaves out a line that it cannot read, and what it cannot read is documented only in part. Here one such line is a problem of the
 * whole file: by what it leaves out, another line would decide.
 */
export function parseOwnersFile(text: string): OwnersFile {
  const lines: OwnersLine[] = [];
  for (const [at, line] of text.split('\n').entries()) {
    const read = parseLine(line.replace(/\r$/, ''));
    if (typeof read === 'string') return { problem: `its line ${at + 1} cannot be read: ${read}` };
    if (read !== undefined) lines.push(read);
  }
  return { lines };
}

/** The line; undefined for one that says nothing; what is wrong with it. */
function parseLine(line: string): OwnersLine | string | undefined {
  const words = line.match(/(?:\\.|[^ \t])+/g) ?? [];
  const comment = words.findIndex((word) => word.startsWith('#'));
  const [pattern, ...names] = comment === -1 ? words : words.slice(0, comment);
  if (pattern === undefined) return undefined;
  const odd = [pattern, ...names].some((word) => /(?! )[\p{Cc}\p{Cf}\p{Z}]/u.test(word));
  if (odd) return 'it has a character that cannot be seen';
  const matches = compileOwnersPattern(pattern);
  if ('problem' in matches) return `the pattern ${pattern} ${matches.problem}`;
  const owners: CodeOwner[] = [];
  for (const name of names) {
    const owner = parseOwner(name);
    if (owner === undefined) return `${name} is no @user, @organization/team or address`;
    owners.push(owner);
  }
  return { pattern, matches, owners };
}

function parseOwner(word: string): CodeOwner | undefined {
  const [, login, slug] = /^@([\w-]+)(?:\/([\w.-]+))?$/.exec(word) ?? [];
  if (login !== undefined)
    return slug === undefined ? { kind: 'login', login } : { kind: 'team', team: `${login}/${slug}` };
  return /^[^@/\s]+@[^@/\s]+$/.test(word) ? { kind: 'email', email: word } : undefined;
}

/** The parts of what the change brings that have owners: of each path the last line that matches decides. */
export function ownedParts(lines: readonly OwnersLine[], paths: readonly string[]): readonly OwnedPart[] {
  const parts = new Map<OwnersLine, string[]>();
  for (const path of paths) {
    const names = path.split('/');
    const line = lines.findLast(({ matches }) => matches(names));
    if (line === undefined || line.owners.length === 0) continue;
    parts.set(line, [...(parts.get(line) ?? []), path]);
  }
  return [...parts].map(([{ pattern, owners }, own]) => ({ name: pattern, paths: own, required: 1, owners }));
}
