import type { ChangeQuery } from '../forges/review-roles.ts';
import type { Push } from '../model/gate-facts.ts';
import { type Oid, shortOid } from '../model/ref.ts';
import type { GatePolicy, Lookup } from './policy.ts';

/** One lookup, ready to be asked. */
export interface PreparedLookup {
  readonly query: ChangeQuery;
  /** In words, for people. */
  readonly by: string;
}

/** The lookups of a policy for one pushed branch, in order. `now`: milliseconds since the epoch, for `{date}`. */
export function prepareLookups(
  { branch }: Pick<Push, 'branch'>,
  sha: Oid,
  policy: Pick<GatePolicy, 'lookup' | 'map'>,
  now: number,
): readonly PreparedLookup[] {
  const values = { branch, sha, date: new Date(now).toISOString().slice(0, 10) };
  const template = templateFor(branch, policy.map);
  const source = template === undefined ? branch : fill(template, values);
  return policy.lookup.map((lookup) => prepare(lookup, source, values));
}

function prepare(
  lookup: Lookup,
  source: string,
  values: Readonly<Record<'branch' | 'sha' | 'date', string>>,
): PreparedLookup {
  switch (lookup.kind) {
    case 'branch':
      return { query: { kind: 'branch', branch: source }, by: `by branch ${source}` };
    case 'commit':
      return { query: { kind: 'commit', sha: values.sha }, by: `by commit ${shortOid(values.sha)}` };
    case 'label': {
      const label = fill(lookup.template, values);
      return { query: { kind: 'label', label }, by: `by label ${label}` };
    }
  }
}

function templateFor(branch: string, map: GatePolicy['map']): string | undefined {
  return map.find(({ matches }) => matches(branch))?.template;
}

const placeholders = ['branch', 'sha', 'date'];

/** What stands in braces and is none of `{branch}`, `{sha}`, `{date}`; undefined: all are known. */
export function unknownPlaceholder(template: string): string | undefined {
  return [...template.matchAll(/\{([^{}]*)\}/g)]
    .map(([, name = '']) => name)
    .find((name) => !placeholders.includes(name));
}

function fill(template: string, values: Readonly<Record<string, string>>): string {
  return template.replace(/\{(branch|sha|date)\}/g, (_, name: string) => values[name] ?? '');
}
