import * as z from 'zod/mini';
import { SluiceError } from '../errors.ts';
import type { ForkFacts, GateFacts } from '../model/gate-facts.ts';

// Facts as they come back from a file, or from a forge that others wrote. JSON has no `undefined`; what may be missing gets its key back.

type ObjectOf = typeof z.object;

const oid = z.string().check(z.regex(/^(?:[0-9a-f]{40}|[0-9a-f]{64})$/, 'must be a full object id'));
const text = z.string();
const maybe = <T extends z.ZodMiniType>(type: T) => z._default(z.optional(type), undefined as never);

function schemas(object: ObjectOf) {
  const account = object({ login: text.check(z.minLength(1)), bot: maybe(z.boolean()), name: maybe(text) });
  const side = object({ repo: maybe(text), branch: text, sha: maybe(oid) });
  const change = object({
    number: z.int(),
    title: text,
    state: z.enum(['open', 'closed', 'merged']),
    draft: z.boolean(),
    author: text,
    url: text,
    head: side,
    base: side,
    internal: z.boolean(),
  });
  const review = object({
    by: maybe(account),
    state: z.enum(['approved', 'changes-requested', 'dismissed', 'commented']),
    commit: maybe(oid),
    at: maybe(z.number()),
    mayWrite: maybe(z.boolean()),
  });
  const check = object({
    name: text,
    app: maybe(text),
    repo: text,
    sha: oid,
    state: z.enum(['pending', 'success', 'failure', 'neutral', 'skipped']),
    url: maybe(text),
  });
  const person = object({ account: maybe(account), name: maybe(text), email: maybe(text) });
  const unknown = object({
    request: text,
    problem: text,
    hint: z.nullable(text),
    retryAfterMs: z.nullable(z.number()),
  });
  const owner = z.discriminatedUnion('kind', [
    object({ kind: z.literal('login'), login: text.check(z.minLength(1)) }),
    object({ kind: z.literal('team'), team: text.check(z.minLength(1)) }),
    object({ kind: z.literal('email'), email: text.check(z.minLength(1)) }),
  ]);
  const ownedPart = object({
    name: text,
    paths: z.array(text),
    // A part that nobody had to approve would be one that anybody may change.
    required: z.int().check(z.minimum(1)),
    owners: z.array(owner),
  });
  // Strict in any case: what is known and unknown at once is neither.
  const fact = <T extends z.ZodMiniType>(value: T) =>
    z.union([z.strictObject({ known: value }), z.strictObject({ unknown })]);
  const people = fact(z.array(person));
  const fork = object({
    fork: text,
    repo: text.check(z.minLength(1)),
    words: object({ change: text, sigil: text }),
    apps: maybe(z.boolean()),
    lookups: z.array(object({ by: text, found: fact(z.array(change)) })),
    changes: z.array(
      object({
        number: z.int(),
        reviews: fact(object({ reviews: z.array(review), resetOnPush: maybe(z.boolean()) })),
        people,
        contains: fact(z.boolean()),
        codeOwners: maybe(fact(z.array(ownedPart))),
        upToDate: maybe(fact(z.boolean())),
      }),
    ),
    checks: fact(z.array(check)),
    people,
    teams: z.array(object({ team: text, members: fact(z.array(text)) })),
  });
  return { fork };
}

// Strict for files: an unknown key may be a misspelt one, and nothing may be judged by half of it. Made when first used.
let strict: ReturnType<typeof fileSchemas> | undefined;
let loose: ReturnType<typeof schemas> | undefined;

function fileSchemas() {
  const { fork } = schemas(z.strictObject as unknown as ObjectOf);
  const push = z.strictObject({
    kind: z.enum(['branch', 'tag', 'other']),
    ref: text,
    branch: text,
    sha: z.nullable(oid),
  });
  return { fork, facts: z.strictObject({ version: z.literal(1), push, forks: z.array(fork) }) };
}

/** One fork's facts as they were kept; throws for what is none. */
export function decodeForkFacts(value: unknown): ForkFacts {
  strict ??= fileSchemas();
  return z.parse(strict.fork, value);
}

/** Facts as a forge gave them, without what does not belong to them; SluiceError `unavailable` where they are of another form. */
export function soundForkFacts(value: ForkFacts): ForkFacts {
  loose ??= schemas(z.object);
  const read = z.safeParse(loose.fork, value);
  if (read.success) return read.data;
  throw new SluiceError('unavailable', `the forge's answer is of another form: ${problemsOf(read.error)[0]}`, {
    hint: 'Its plugin has to be repaired.',
  });
}

/** Facts of a file, or every problem with its path. */
export function decodeGateFacts(
  value: unknown,
): { readonly facts: GateFacts } | { readonly problems: readonly string[] } {
  strict ??= fileSchemas();
  const read = z.safeParse(strict.facts, value);
  return read.success ? { facts: read.data } : { problems: problemsOf(read.error) };
}

function problemsOf({ issues }: { readonly issues: readonly z.core.$ZodIssue[] }): readonly string[] {
  return issues.map(({ path, message }) => `${path.map(String).join('.') || 'the file'}: ${message}`);
}
