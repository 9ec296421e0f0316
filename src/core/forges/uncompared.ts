import { SluiceError } from '../errors.ts';
import type { Oid } from '../model/ref.ts';

/** For a forge that does not compare two commits: undefined when it lacks one of them, else SluiceError `unavailable`. */
export async function uncompared(
  commits: readonly Oid[],
  find: (sha: Oid) => Promise<object | undefined>,
  purpose: string,
): Promise<undefined> {
  if ((await Promise.all(commits.map(find))).includes(undefined)) return undefined;
  throw new SluiceError('unavailable', `could not ${purpose}: the forge has both and does not compare them`, {
    hint: 'Try again later.',
  });
}
