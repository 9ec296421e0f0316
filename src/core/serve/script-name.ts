/** The events that hook scripts are named after. */
export type ScriptEvent = 'push' | 'pull_request' | 'tag' | 'delete';

export interface ScriptQuery {
  readonly event: ScriptEvent;
  /** Path of the repository at its forge; slashes between groups are written as "-" in names of scripts. */
  readonly repo: string;
  /** Paths of the other configured repositories. */
  readonly others: readonly string[];
}

/** What an editor or a package manager leaves beside a script, and hidden files. */
const leftOver = /^\.|~$|\.(?:bak|orig|rej|sw[a-z]|tmp|dpkg-\w+|rpm\w+|md|txt)$/;

/**
 * The scripts of a hooks directory for one event (pure), in name order: `<event>-<owner>-<repo>`, with `-suffix` or an extension behind it.
 * Owner and repository are meant exactly: `push-a-b` is not for `a/bc`, and `push-a-b-c` is not a script of `a/b` with the suffix `c` when
 * `a/b-c` is configured too.
 */
export function scriptsFor(names: readonly string[], { event, repo, others }: ScriptQuery): readonly string[] {
  if (names.length === 0) return [];
  const base = baseOf(event, repo);
  const longer = others.map((other) => baseOf(event, other)).filter((other) => other.startsWith(`${base}-`));
  return names
    .filter((name) => !leftOver.test(name) && isNamed(name, base) && !longer.some((other) => isNamed(name, other)))
    .sort();
}

function baseOf(event: ScriptEvent, repo: string): string {
  return `${event}-${repo.replaceAll('/', '-')}`.toLowerCase();
}

/** Forges ignore case in names of owners and repositories. */
function isNamed(name: string, base: string): boolean {
  const lower = name.toLowerCase();
  return lower === base || lower.startsWith(`${base}-`) || lower.startsWith(`${base}.`);
}
