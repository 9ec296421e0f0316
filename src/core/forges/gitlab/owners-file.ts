/** What GitLab's approval rules leave out of a CODEOWNERS file. */
export interface OwnersFile {
  /** Whether owners of the section may be asked, and need not be (`^[Section]`). */
  isOptional(section: string): boolean;
  /** Approvals that a section asks for of each part (`[Section][2]`), at least one. */
  wantedIn(section: string): number;
  /** Whether nothing in the file names an owner of the pattern. */
  isUnowned(pattern: string): boolean;
}

interface Section {
  /** Lower case. */
  readonly name: string;
  readonly optional: boolean;
  readonly wanted: number;
  readonly hasDefault: boolean;
}

// What stands above the first header is in it.
const first: Section = { name: 'codeowners', optional: false, wanted: 1, hasDefault: false };

/** https://docs.gitlab.com/user/project/codeowners/reference/ */
export function parseOwnersFile(text: string): OwnersFile {
  let section = first;
  const sections = [first];
  const owned = new Map<string, boolean>();
  for (const line of text.split('\n').map((one) => one.trim())) {
    if (line === '' || line.startsWith('#')) continue;
    const header = parseHeader(line);
    if (header !== undefined) {
      section = header;
      sections.push(header);
      continue;
    }
    const [pattern = ''] = /^(?:\\.|\S)+/.exec(line) ?? [];
    const hasOwner = section.hasDefault || line.length > pattern.length;
    owned.set(pattern, hasOwner || owned.get(pattern) === true);
  }
  const headersOf = (name: string) => sections.filter((one) => one.name === name.toLowerCase());
  return {
    isOptional(name) {
      const headers = headersOf(name);
      // One header without the sign makes the section required.
      return headers.length > 0 && headers.every(({ optional }) => optional);
    },
    wantedIn: (name) => Math.max(1, ...headersOf(name).map(({ wanted }) => wanted)),
    isUnowned: (pattern) => owned.get(pattern) === false,
  };
}

/** `[Name]`, `^[Name]`, `[Name][2] @default`. */
function parseHeader(line: string): Section | undefined {
  const [, sign, name, wanted, owners = ''] = /^(\^)?\[(.*?)\](?:\[(\d*)\])?(.*)$/.exec(line) ?? [];
  if (name === undefined) return undefined;
  const isOptional = sign !== undefined;
  return {
    name: name.toLowerCase(),
    optional: isOptional,
    wanted: Number(wanted ?? 1),
    hasDefault: owners.trim() !== '',
  };
}
