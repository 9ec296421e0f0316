/** Whether a path of a repository (`src/a.ts`) is meant, by its names. They are split once: a file may have ten thousand lines. */
export type PathTest = (names: readonly string[]) => boolean;

/** What stands for one item of a list (a letter of a name, a name of a path), or for any number of them. */
type Part = 'wild' | ((item: string) => boolean);

const anything = (): boolean => true;

/**
 * A pattern of CODEOWNERS: as in .gitignore, but without `!`, `[…]` and `\#`, and `docs/*` means no nested files
 * (https://docs.github.com/en/repositories/managing-your-repositorys-settings-and-features/customizing-your-repository/about-code-owners).
 * What GitHub documents nowhere is a problem, as a clause about the pattern: nobody may be asked by a guess.
 */
export function compileOwnersPattern(pattern: string): PathTest | { readonly problem: string } {
  const problem = problemOf(pattern);
  if (problem !== undefined) return { problem };
  const parts = pathParts(pattern);
  return (names) => matchesAll(names, parts);
}

function problemOf(pattern: string): string | undefined {
  if (pattern.startsWith('!')) return 'begins with "!"';
  if (/[[\]]/.test(pattern)) return 'has "[" or "]"';
  if (pattern.includes('#')) return 'has "#"';
  if (pattern.includes('***')) return 'has three asterisks in a row';
  const names = namesOf(pattern);
  if (names.some((name) => ['', '.', '..'].includes(name))) return 'has an empty name, "." or ".."';
  // An odd number of them: the last one escapes what is no part of the name.
  return names.some((name) => /(?<!\\)(?:\\\\)*\\$/.test(name)) ? 'has "\\" before a "/" or at its end' : undefined;
}

function namesOf(pattern: string): readonly string[] {
  return pattern.replace(/^\//, '').replace(/\/$/, '').split('/');
}

/** The whole of the paths that are meant: what stands below a directory that is named, too. */
function pathParts(pattern: string): readonly Part[] {
  const names = namesOf(pattern);
  const isAnchored = names.length > 1 || pattern.startsWith('/');
  const isDirectory = pattern.endsWith('/');
  const last = names.at(-1) ?? '';
  const something: readonly Part[] = [anything, 'wild'];
  return [
    ...(isAnchored ? [] : ['wild' as const]),
    ...names.slice(0, -1).map((name) => (name === '**' ? 'wild' : nameTest(name))),
    ...(last === '**' ? something : [nameTest(last)]),
    ...(isDirectory ? something : []),
    // A file, or a directory with all that is in it. But `docs/*` means files only.
    ...(isDirectory || last === '*' || last === '**' ? [] : ['wild' as const]),
  ];
}

function nameTest(pattern: string): (name: string) => boolean {
  const letters = [...pattern.matchAll(/\\?./gsu)].map(([text]) => text);
  const first = letters.findIndex(isPlaceholder);
  if (first === -1) {
    const wanted = literal(letters);
    return (name) => name === wanted;
  }
  const beginning = literal(letters.slice(0, first));
  const end = literal(letters.slice(letters.findLastIndex(isPlaceholder) + 1));
  const parts = letters.map(letterPart);
  // Most names are told by these, without being taken to pieces.
  return (name) => name.startsWith(beginning) && name.endsWith(end) && matchesAll([...name], parts);
}

function isPlaceholder(letter: string): boolean {
  return letter === '*' || letter === '?';
}

function literal(letters: readonly string[]): string {
  return letters.map(unescaped).join('');
}

function unescaped(letter: string): string {
  return letter.replace(/^\\/, '');
}

function letterPart(letter: string): Part {
  if (letter === '*') return 'wild';
  if (letter === '?') return anything;
  const wanted = unescaped(letter);
  return (item) => item === wanted;
}

/**
 * Whether the items are what the parts want. Of several wild parts only the last one that was met is tried anew, so that no pattern takes
 * more steps than their lengths multiplied.
 */
function matchesAll(items: readonly string[], parts: readonly Part[]): boolean {
  let [at, next] = [0, 0];
  let retry: { readonly at: number; readonly next: number } | undefined;
  for (let item = items[at]; item !== undefined; item = items[at]) {
    const part = parts[next];
    if (part === 'wild') {
      next += 1;
      retry = { at: at + 1, next };
    } else if (part?.(item)) {
      [at, next] = [at + 1, next + 1];
    } else if (retry !== undefined) {
      ({ at, next } = retry);
      retry = { at: at + 1, next };
    } else {
      return false;
    }
  }
  return parts.slice(next).every((part) => part === 'wild');
}
