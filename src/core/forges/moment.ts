import * as z from 'zod/mini';

/** A time as forges write it (RFC 3339), decoded to milliseconds since the epoch; anything else makes the answer malformed. */
export const momentSchema = z.pipe(
  z.string().check(z.refine((text) => !Number.isNaN(Date.parse(text)), 'is not a time')),
  z.transform((text) => Date.parse(text)),
);
