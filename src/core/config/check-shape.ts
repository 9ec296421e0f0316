import * as z from 'zod/mini';
import { didYouMean } from '../model/nearest.ts';
import type { Finding, KeyPath } from './problem.ts';

/** The value with every rule of the schema checked, or all findings at once. */
export function checkShape<T extends z.ZodMiniType>(
  schema: T,
  value: unknown,
): { readonly value: z.infer<T> } | { readonly findings: readonly Finding[] } {
  const result = z.safeParse(schema, value, { error: wording });
  if (result.success) return { value: result.data };
  return { findings: result.error.issues.flatMap((issue) => findingsOf(issue, [])) };
}

const kinds: Readonly<Record<string, string>> = {
  string: 'text',
  number: 'a number',
  int: 'a whole number',
  boolean: 'true or false',
  array: 'a list',
  object: 'a section (keys and values)',
  record: 'a section (keys and values)',
};

type RawIssue = Parameters<NonNullable<z.core.$ZodErrorMap>>[0];

// One line per unknown key: only here is the schema at hand whose keys can be suggested.
function wording(issue: RawIssue): string | undefined {
  if (issue.code === 'unrecognized_keys') {
    const known = knownKeys(issue.schema);
    return issue.keys.map((key) => `unknown key${didYouMean(key, known) || listed(known)}`).join('\n');
  }
  if (issue.code === 'invalid_value') {
    const values = issue.values.map(String);
    const near = typeof issue.input === 'string' ? didYouMean(issue.input, values) : '';
    return `must be ${values.length === 1 ? '' : 'one of '}${values.join(', ')}${near}`;
  }
  if (issue.code !== 'invalid_type') return undefined;
  const expected = kinds[issue.expected] ?? issue.expected;
  if (issue.input === undefined) return `is missing: ${expected} is needed`;
  return issue.input === null ? `is empty, but must be ${expected}` : `must be ${expected}`;
}

function knownKeys(schema: unknown): readonly string[] {
  return schema instanceof z.ZodMiniObject ? Object.keys(schema.shape) : [];
}

function listed(known: readonly string[]): string {
  return known.length === 0 ? '' : ` (known: ${known.join(', ')})`;
}

function findingsOf(issue: z.core.$ZodIssue, before: KeyPath): readonly Finding[] {
  const keys = [...before, ...issue.path];
  if (issue.code === 'unrecognized_keys') {
    const lines = issue.message.split('\n');
    return issue.keys.map((key, at) => ({ keys: [...keys, key], message: lines[at] ?? 'unknown key' }));
  }
  if (issue.code === 'invalid_key') {
    return [{ keys, message: `the name ${issue.issues[0]?.message ?? 'is not allowed here'}` }];
  }
  if (issue.code === 'invalid_union') {
    const branch = intendedBranch(issue.errors);
    if (branch !== undefined) return branch.flatMap((inner) => findingsOf(inner, keys));
  }
  return [{ keys, message: issue.message }];
}

/**
 * The one alternative that fits what was written best: whose first mismatch of kind (text for a list, a missing key) lies
 * deepest. Its own problems say more than "none fits"; with a tie nothing was clearly meant.
 */
function intendedBranch(branches: readonly (readonly z.core.$ZodIssue[])[]): readonly z.core.$ZodIssue[] | undefined {
  const depths = branches.map((issues) => Math.min(...issues.filter(isOfKind).map(({ path }) => path.length)));
  const deepest = Math.max(...depths);
  return depths.filter((depth) => depth === deepest).length === 1 ? branches[depths.indexOf(deepest)] : undefined;
}

function isOfKind(issue: z.core.$ZodIssue): boolean {
  return issue.code === 'invalid_type' || issue.code === 'invalid_value';
}
