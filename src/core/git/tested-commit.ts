import type { Oid } from '../model/ref.ts';
import type { BareRepository } from './bare.ts';

export const defaultResultPath = 'ci/result';

/** The last line of a result commit's message. It names the parent, so a rebased or cherry-picked copy does not count. */
export function resultTrailer(parent: Oid): string {
  return `Sluice-Result: ${parent}`;
}

// Watchers that answer each other's result commits make short chains; a longer one is somebody's doing.
const longestChain = 16;

/**
 * The commit that was really tested: the commit itself or, when it only records a result (`resultCommitParent`), the one below, and
 * so on.
 */
export async function testedCommit(
  repository: Pick<BareRepository, 'git'>,
  commit: Oid,
  path = defaultResultPath,
): Promise<Oid> {
  let tested = commit;
  for (let step = 0; step < longestChain; step += 1) {
    const parent = await resultCommitParent(repository, tested, path);
    if (parent === undefined) break;
    tested = parent;
  }
  return tested;
}

/**
 * The parent whose result the commit records; undefined for every other commit. Its message has to end with the trailer *and*
 * nothing but the result may differ from the only parent: the message alone would let anybody get code past the pipeline.
 * The repository, any clone, holds both commits with their trees.
 */
export async function resultCommitParent(
  repository: Pick<BareRepository, 'git'>,
  commit: Oid,
  path = defaultResultPath,
): Promise<Oid | undefined> {
  const parent = await claimedParent(repository, commit);
  if (parent === undefined) return undefined;
  // A .gitmodules in the commit may say that changes of a submodule are to be ignored.
  const exactly = ['-r', '-z', '--name-only', '--no-renames', '--ignore-submodules=none'];
  const changed = await repository.git('diff-tree', ...exactly, parent, commit);
  return changed === `${path}\0` ? parent : undefined;
}

/** The parent that the trailer names, if it is the only one; that nothing else was changed is yet to be seen. */
export async function claimedParent(repository: Pick<BareRepository, 'git'>, commit: Oid): Promise<Oid | undefined> {
  const object = await repository.git('cat-file', 'commit', commit);
  const end = object.indexOf('\n\n');
  const parents = object
    .slice(0, end)
    .split('\n')
    .flatMap((line) => (line.startsWith('parent ') ? [line.slice('parent '.length)] : []));
  const [parent] = parents;
  if (parent === undefined || parents.length > 1) return undefined;
  const lastLine = object.slice(end).trimEnd().split('\n').at(-1);
  return lastLine === resultTrailer(parent) ? parent : undefined;
}
