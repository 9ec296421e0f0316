/** What a watcher of a remote believes, said as simply as possible: the last refs that it saw, except that "all gone" needs two looks. */
export interface Belief {
  readonly refs: Readonly<Record<string, string>>;
  readonly emptied: boolean;
}

export const nothing: Belief = { refs: {}, emptied: false };

/** The next belief, and every change on the way as `ref old new`, sorted. */
export function seeNext(before: Belief, seen: Readonly<Record<string, string>>) {
  const gone = Object.keys(before.refs).filter((ref) => !(ref in seen));
  const allGone = gone.length > 0 && gone.length === Object.keys(before.refs).length;
  const believed: boolean = !allGone || before.emptied;
  const refs = believed ? { ...seen } : { ...before.refs, ...seen };
  const touched = new Set([...Object.keys(before.refs), ...Object.keys(refs)]);
  const changes = [...touched]
    .filter((ref) => before.refs[ref] !== refs[ref])
    .map((ref) => `${ref} ${before.refs[ref]} ${refs[ref]}`);
  return { belief: { refs, emptied: !believed }, changes: changes.sort() };
}
