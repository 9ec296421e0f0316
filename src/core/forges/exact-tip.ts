import { SluiceError } from '../errors.ts';
import type { Oid } from '../model/ref.ts';
import { fullOid } from './full-oid.ts';

/** What a forge answered when it was asked for a branch. */
export interface ToldBranch {
  readonly name: string;
  readonly sha: string | null | undefined;
}

/** The commit of a branch, of an answer that is about exactly this one. */
export function exactTip({ name, sha }: ToldBranch, branch: string, purpose: string): Oid {
  const tip = fullOid(sha);
  if (name === branch && tip !== undefined) return tip;
  throw new SluiceError('unavailable', `could not ${purpose}: the forge answered for ${name}`, {
    hint: 'Try again later.',
  });
}

export function noSuchBranch(repo: string, branch: string): SluiceError {
  return new SluiceError(
    'not-found',
    `could not find the branch ${branch} of ${repo}: the forge has none of that name`,
  );
}
