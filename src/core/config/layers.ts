import type { KeyPath } from './problem.ts';

export type Origin = 'default' | 'file' | 'env' | 'flag';

type Tree = Readonly<Record<string, unknown>>;

export function isTree(value: unknown): value is Tree {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** `over` laid upon `under`: sections are merged key by key, everything else (lists too) is replaced. */
export function mergeTrees(under: Tree, over: Tree): Tree {
  const merged = new Map(Object.entries(under));
  for (const [key, value] of Object.entries(over)) {
    if (value === undefined) continue;
    const below = merged.get(key);
    merged.set(key, isTree(below) && isTree(value) && !isAlternative(value) ? mergeTrees(below, value) : value);
  }
  // fromEntries makes `__proto__` an ordinary key, which the schema then refuses.
  return Object.fromEntries(merged);
}

/** A tree that holds one value. */
export function treeOf(keys: KeyPath, value: unknown): Tree {
  const [first, ...rest] = keys;
  return { [String(first)]: rest.length === 0 ? value : treeOf(rest, value) };
}

// Limits far beyond any sane configuration; they turn YAML's self-referring and exploding anchors into an answer.
const deepest = 30;
const mostValues = 200_000;

/** Why this value cannot be a configuration at all, or undefined. */
export function treeProblem(value: unknown): string | undefined {
  if (!isTree(value)) return 'the configuration must be a section (keys and values)';
  let seen = 0;
  const waiting: { readonly value: unknown; readonly depth: number }[] = [{ value, depth: 0 }];
  for (let next = waiting.pop(); next !== undefined; next = waiting.pop()) {
    seen++;
    if (next.depth > deepest) return `the configuration is nested deeper than ${deepest} levels`;
    if (seen > mostValues) return `the configuration holds more than ${mostValues} values`;
    if (typeof next.value !== 'object' || next.value === null) continue;
    for (const inner of Object.values(next.value)) waiting.push({ value: inner, depth: next.depth + 1 });
  }
  return undefined;
}

// The source of a secret is one of { env }, { file }, { command }: a merge of two of them would be neither.
function isAlternative(value: Tree): boolean {
  const keys = Object.keys(value);
  return keys.length === 1 && ['env', 'file', 'command'].includes(keys[0] ?? '');
}
