import picomatch from 'picomatch';
import { SluiceError } from '../errors.ts';
import type { Change } from '../model/change.ts';
import { type Oid, type RefName, type RemoteRef, shortName } from '../model/ref.ts';

/** What the user asked for, normalised. */
export interface Selection {
  /** `--pr N`. */
  readonly numbers: readonly number[];
  /** `--prs`. */
  readonly allChanges: boolean;
  readonly branches: readonly string[];
  readonly tags: readonly string[];
  readonly exclude: readonly string[];
  readonly refspecs: readonly Refspec[];
}

/** `--ref [+]SRC:DST`; a `*` stands on both sides or on none. */
export interface Refspec {
  readonly from: string;
  readonly to: string;
  readonly force: boolean;
}

/** One ref of the source that is to be mirrored. */
export interface SelectedRef {
  readonly kind: 'branch' | 'tag' | 'change' | 'ref';
  readonly name: RefName;
  /** Undefined with a `problem`. */
  readonly oid: Oid | undefined;
  /** Why it cannot be read (the fork is gone); it is reported as refused, and its mirror is left alone. */
  readonly problem?: string;
  /** For `change`. */
  readonly number?: number;
  readonly change?: Change;
  /** For `ref`: the destination that its refspec names. */
  readonly to?: RefName;
  readonly force?: boolean;
  /** The path of another repository of the same forge that holds it (Bitbucket Cloud keeps heads in the fork). */
  readonly repo?: string;
}

export function selectsNothing(selection: Selection): boolean {
  const { numbers, allChanges, branches, tags, refspecs } = selection;
  return numbers.length + branches.length + tags.length + refspecs.length === 0 && !allChanges;
}

/** The refs of change request N on every forge that has them; whichever the remote advertises is taken. */
export function changeRefNames(number: number): readonly RefName[] {
  return [`refs/pull/${number}/head`, `refs/merge-requests/${number}/head`, `refs/pull-requests/${number}/from`];
}

/** Branches and tags by glob over short names; with nothing selected, all of both (never refs/pull/*). */
export function selectNamed(refs: readonly RemoteRef[], selection: Selection): readonly SelectedRef[] {
  const everything = selectsNothing(selection);
  const branches = matcher(everything ? ['**'] : selection.branches, selection.exclude);
  const tags = matcher(everything ? ['**'] : selection.tags, selection.exclude);
  const selected: SelectedRef[] = [];
  for (const { name, oid } of refs) {
    if (name.startsWith('refs/heads/') && branches(shortName(name))) selected.push({ kind: 'branch', name, oid });
    if (name.startsWith('refs/tags/') && tags(shortName(name))) selected.push({ kind: 'tag', name, oid });
  }
  return selected;
}

/** The heads of `--pr N`; one that no ref stands for is an error that says what was looked for. */
export function selectNumbers(
  refs: ReadonlyMap<RefName, Oid>,
  numbers: readonly number[],
  source: string,
): readonly SelectedRef[] {
  return numbers.map((number) => {
    const candidates = changeRefNames(number);
    const name = candidates.find((candidate) => refs.has(candidate));
    const oid = name === undefined ? undefined : refs.get(name);
    if (name !== undefined && oid !== undefined) return { kind: 'change', name, oid, number };
    throw new SluiceError(
      'not-found',
      `${source} has no change request ${number}: none of ${candidates.join(', ')} exists`,
      {
        hint: 'Is the number right, and is <from> the repository that the change request was opened in?',
      },
    );
  });
}

/** Refs that explicit refspecs select, each with its destination; a name without `*` that does not exist is `missing`. */
export function selectRefspecs(
  refs: readonly RemoteRef[],
  refspecs: readonly Refspec[],
): { readonly selected: readonly SelectedRef[]; readonly missing: readonly RefName[] } {
  const missing: RefName[] = [];
  const selected = refspecs.flatMap((refspec) => {
    const pattern = starPattern(refspec.from);
    const found = refs.flatMap(({ name, oid }): SelectedRef[] => {
      const star = pattern.exec(name);
      if (star === null) return [];
      const to = refspec.to.replace('*', () => star[1] ?? '');
      return [{ kind: 'ref', name, oid, to, force: refspec.force }];
    });
    if (found.length === 0 && !refspec.from.includes('*')) missing.push(refspec.from);
    return found;
  });
  return { selected, missing };
}

/** A refspec's `*` matches anything, slashes included (git-fetch(1), "<refspec>"); it stands for the first group. */
export function starPattern(side: string): RegExp {
  const [before = '', after] = side.split('*');
  if (after === undefined) return new RegExp(`^${escaped(side)}$`);
  return new RegExp(`^${escaped(before)}(.+)${escaped(after)}$`);
}

function escaped(text: string): string {
  return text.replace(/[.*+?^${}()|[\]\\]/g, '\\$&');
}

export type NameTest = (shortName: string) => boolean;

/** `--branch/--tag` globs less `--exclude` globs; picomatch over short names, dots are ordinary characters. */
export function matcher(globs: readonly string[], exclude: readonly string[]): NameTest {
  if (globs.length === 0) return () => false;
  const included = picomatch([...globs], { dot: true });
  const excluded = exclude.length === 0 ? () => false : picomatch([...exclude], { dot: true });
  return (name) => (globs.includes(name) || included(name)) && !exclude.includes(name) && !excluded(name);
}

/** Parses `--ref [+]SRC:DST`. */
export function parseRefspec(text: string): Refspec {
  const force = text.startsWith('+');
  const [from = '', to = '', more] = (force ? text.slice(1) : text).split(':');
  const stars = (side: string) => side.split('*').length - 1;
  if (from === '' || to === '' || more !== undefined || stars(from) > 1 || stars(from) !== stars(to)) {
    throw new SluiceError('usage', `--ref ${text} is not a refspec`, {
      hint: 'Write SRC:DST with full names, for example refs/notes/*:refs/notes/*; a * stands on both sides or on none.',
    });
  }
  return { from: fullName(from), to: fullName(to), force };
}

function fullName(name: string): RefName {
  return name.startsWith('refs/') ? name : `refs/heads/${name}`;
}
