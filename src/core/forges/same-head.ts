import { SluiceError } from '../errors.ts';
import type { ChangeSide } from '../model/change.ts';

/**
 * What a forge says of a change request now, it says of the head of now: where nothing else ties an approval to a commit, that must be the
 * head which was found before. `now`: its id, or the abbreviation of it; missing for one that is gone.
 */
export function assureSameHead({ sha }: ChangeSide, now: string | null | undefined, purpose: string): void {
  if (sha === undefined || !now || sha.startsWith(now.toLowerCase())) return;
  throw new SluiceError('unavailable', `could not ${purpose}: its head moved meanwhile`, { hint: 'Try again.' });
}
