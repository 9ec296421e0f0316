import type { RefName } from '../model/ref.ts';
import { changeRefNames, type Selection, selectsNothing } from './select.ts';

/**
 * The ref prefixes that a selection needs from the source: few, so that servers with 100,000 refs send few. With `prune` the
 * branches are read too: they tell a source that has nothing to select from one that was emptied or replaced.
 */
export function sourcePrefixes(selection: Selection, prune: boolean): readonly RefName[] {
  if (selectsNothing(selection)) return ['refs/heads/', 'refs/tags/'];
  return [
    ...new Set([
      ...selection.numbers.flatMap(changeRefNames),
      ...(selection.allChanges ? ['refs/pull/', 'refs/merge-requests/', 'refs/pull-requests/'] : []),
      ...(prune || selection.branches.length > 0 ? ['refs/heads/'] : []),
      ...(selection.tags.length > 0 ? ['refs/tags/'] : []),
      ...selection.refspecs.map((refspec) => literalPrefix(refspec.from)),
    ]),
  ];
}

/** The destination's branches and tags always (a new name may conflict with any of them), and what refspecs write to. */
export function destinationPrefixes(selection: Selection): readonly RefName[] {
  return [...new Set(['refs/heads/', 'refs/tags/', ...selection.refspecs.map((refspec) => literalPrefix(refspec.to))])];
}

function literalPrefix(side: string): RefName {
  return side.split('*')[0] ?? side;
}
