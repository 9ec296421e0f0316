import { SluiceError } from '../errors.ts';
import type { ApiAnswer } from '../http/client.ts';

/** The decoded body of an answer that must have one: an empty listing is `[]`, never nothing. */
export function answered<T>(answer: ApiAnswer<T>, purpose: string): T {
  if (answer.value !== undefined) return answer.value;
  throw new SluiceError('unavailable', `could not ${purpose}: the answer (HTTP ${answer.status}) has no body`);
}

/** The same for one thing that need not exist: undefined for an accepted 404, and only for that. */
export function found<T>(answer: ApiAnswer<T>, purpose: string): T | undefined {
  return answer.status === 404 ? undefined : answered(answer, purpose);
}
