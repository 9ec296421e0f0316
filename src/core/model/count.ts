import { SluiceError } from '../errors.ts';

/** A whole number of 0 or more, as flags write it. */
export function parseCount(text: string): number {
  const count = Number(text);
  if (/^\d+$/.test(text) && Number.isSafeInteger(count)) return count;
  throw new SluiceError('usage', `${JSON.stringify(text)} is not a whole number`);
}
