import picomatch from 'picomatch';
import { type RefName, type RemoteRef, shortName } from '../model/ref.ts';

/** What of a repository is watched. Globs are picomatch globs over short names; a name with `*` in it also matches itself. */
export interface PollSelection {
  readonly branches: readonly string[];
  readonly exclude: readonly string[];
  readonly tags: readonly string[];
  /** Heads of change requests. */
  readonly changes: boolean;
}

export type RefTest = (name: RefName) => boolean;

/** Branches and tags come from the remote's ref advertisement; everything else is the head of a change request. */
export function isAdvertised(name: RefName): boolean {
  return name.startsWith('refs/heads/') || name.startsWith('refs/tags/');
}

/** Whether the selection watches this ref, should it exist. */
export function watchesRef(selection: PollSelection): RefTest {
  const branch = globTest(selection.branches, selection.exclude);
  const tag = globTest(selection.tags, selection.exclude);
  return (name) => {
    if (name.startsWith('refs/heads/')) return branch(shortName(name));
    if (name.startsWith('refs/tags/')) return tag(shortName(name));
    return selection.changes;
  };
}

/** The branches and tags of an advertisement that are watched; servers may send more than the prefixes ask for. */
export function selectRefs(refs: readonly RemoteRef[], selection: PollSelection): readonly RemoteRef[] {
  const watches = watchesRef(selection);
  return refs.filter(({ name }) => isAdvertised(name) && watches(name));
}

/**
 * The shortest list of ref prefixes that brings every watched ref: only a narrow prefix makes a repository with 50,000 branches cheap.
 * Empty when nothing is to be listed.
 */
export function listingPrefixes(selections: readonly PollSelection[]): readonly RefName[] {
  const wanted = selections.flatMap(({ branches, tags }) => [
    ...branches.map((glob) => `refs/heads/${literalStart(glob)}`),
    ...tags.map((glob) => `refs/tags/${literalStart(glob)}`),
  ]);
  const sorted = [...new Set(wanted)].sort();
  const kept: RefName[] = [];
  for (const prefix of sorted) {
    // In sorted order a prefix stands before all that begin with it, so only the last kept one can cover the next.
    const last = kept.at(-1);
    if (last === undefined || !prefix.startsWith(last)) kept.push(prefix);
  }
  return kept;
}

/** The text of a selection that is the same for equal ones: the state remembers what was watched by it. */
export function selectionText({ branches, exclude, tags, changes }: PollSelection): string {
  return JSON.stringify({ branches, exclude, tags, changes });
}

export function parseSelectionText(text: string): PollSelection {
  return JSON.parse(text) as PollSelection;
}

/** Up to the first character that means something in a glob; `./` and a leading dot are not part of any branch name. */
function literalStart(glob: string): string {
  return glob.startsWith('.') ? '' : (/^[^*?[\](){}!+@|\\]*/.exec(glob)?.[0] ?? '');
}

function globTest(globs: readonly string[], exclude: readonly string[]): (name: string) => boolean {
  if (globs.length === 0) return () => false;
  const included = picomatch([...globs], { dot: true });
  const excluded = exclude.length === 0 ? () => false : picomatch([...exclude], { dot: true });
  return (name) => (globs.includes(name) || included(name)) && !exclude.includes(name) && !excluded(name);
}
