import * as z from 'zod/mini';
import { durationForm, durationPattern } from '../../model/duration.ts';

// The leaves of the configuration's schema. Messages are for users: they say what was expected and never repeat what was
// written, which may be a secret in the wrong place.

/** An optional key with its description, which editors, `--help` and the JSON Schema show. */
export function key<T extends z.ZodMiniType>(schema: T, description: string): z.ZodMiniOptional<T> {
  const optional = z.optional(schema);
  z.globalRegistry.add(optional, { description });
  return optional;
}

/** A key whose schema is made when something is written there: making all of them costs every command 5 ms. */
export function section<T extends z.ZodMiniType>(
  make: () => T,
  description: string,
): z.ZodMiniOptional<z.ZodMiniLazy<T>> {
  return key(z.lazy(make), description);
}

/** A key that must be written. */
export function needed<T extends z.ZodMiniType>(schema: T, description: string): T {
  return schema.check(z.describe(description));
}

/** The wording for a value of another kind, or none at all. */
export function mustBe(what: string): { readonly error: (issue: { readonly input?: unknown }) => string } {
  return { error: ({ input }) => (input === undefined ? `is missing: ${what} is needed` : `must be ${what}`) };
}

export const flag = z.boolean();

export const text = z.string().check(z.minLength(1, 'must not be empty'));

export const texts = z.array(text);

export function count(least: number): z.ZodMiniNumberFormat {
  return z.int().check(z.minimum(least, `must be a whole number of at least ${least}`));
}

export const duration = z.union(
  [
    z.number().check(z.nonnegative(`must be ${durationForm}`)),
    z.string().check(z.regex(durationPattern, `must be ${durationForm}`)),
  ],
  mustBe(durationForm),
);

/** Program and arguments; never a shell line, so that nothing has to be quoted. */
export const argv = z.array(z.string(), mustBe('a list of the program and each argument')).check(
  z.minLength(1, 'must name a program'),
  z.refine((list) => list.length === 0 || list[0] !== '', 'must name a program'),
);

const secretForm = '{ env: NAME }, { file: PATH } or { command: [PROGRAM, ARGUMENT…] }';

export const secret = z.union(
  [
    z.strictObject({
      env: needed(
        z.string().check(z.regex(/^[A-Za-z_][A-Za-z0-9_]*$/, 'must be the name of a variable')),
        'Name of the environment variable that holds the secret',
      ),
    }),
    z.strictObject({ file: needed(text, 'File that holds the secret; relative to the configuration file') }),
    z.strictObject({ command: needed(argv, 'Program and arguments whose output is the secret') }),
  ],
  {
    error: ({ input }) =>
      typeof input === 'string' || typeof input === 'number'
        ? `is a secret and must not be written in plain text: use ${secretForm}`
        : mustBe(`the source of a secret: ${secretForm}`).error({ input }),
  },
);

export const secrets = z.array(secret).check(z.minLength(1, 'must name at least one secret'));

export const webUrl = z
  .string()
  .check(
    z.regex(/^https?:\/\/[^\s/?#@]+(?:\/[^\s?#]*)?$/, 'must be an http(s) address without user, query and fragment'),
  );

export const glob = text;

export const globs = z.array(glob, mustBe('a list of globs'));

/** How a ref may move. */
export const update = z.enum(['ff', 'force']);

export const isolations = ['none', 'bubblewrap', 'podman', 'docker'] as const;

export const variables = z.array(
  z.string().check(z.regex(/^[A-Za-z_][A-Za-z0-9_]*$/, 'must be the name of a variable')),
);
