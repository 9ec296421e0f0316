import type { Oid } from '../../model/ref.ts';

/** Output of `git rev-list --parents`: each commit with its parents; a root or a shallow boundary has none. */
export function parseParents(output: string): Map<Oid, readonly Oid[]> {
  const graph = new Map<Oid, readonly Oid[]>();
  for (const line of output.split('\n')) {
    const [commit, ...parents] = line.split(' ');
    if (commit !== undefined && commit !== '') graph.set(commit, parents);
  }
  return graph;
}

/**
 * The tips whose missing history does not end at commits that the destination has. `missing` is what it lacks
 * (`rev-list --parents tips --not common`). A commit without parents in there is either the boundary of our shallow repository,
 * whose parents are neither here nor known to be there (a push would be refused with "shallow update not allowed" or, worse,
 * make the destination shallow), or the root of a foreign history, of which everything would have to be uploaded.
 */
export function uncoveredTips(tips: readonly Oid[], missing: ReadonlyMap<Oid, readonly Oid[]>): Set<Oid> {
  const children = new Map<Oid, Oid[]>();
  const reached = new Set<Oid>();
  for (const [commit, parents] of missing) {
    if (parents.length === 0) reached.add(commit);
    for (const parent of parents) {
      const known = children.get(parent);
      if (known === undefined) children.set(parent, [commit]);
      else known.push(commit);
    }
  }
  // A Set's iteration also visits what is added on the way: everything above an open end is uncovered too.
  for (const commit of reached) for (const child of children.get(commit) ?? []) reached.add(child);
  return new Set(tips.filter((tip) => reached.has(tip)));
}
