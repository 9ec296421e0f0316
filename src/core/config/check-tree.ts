import { checkShape } from './check-shape.ts';
import type { Config } from './config.ts';
import type { ConvertScope } from './convert.ts';
import { crossChecks, plainTokens } from './cross-checks.ts';
import { normalise } from './normalise.ts';
import { type Finding, pathText } from './problem.ts';
import { configSchema, type WrittenConfig } from './schema/index.ts';

/** A tree of any origin as a checked, normalised configuration; or everything that is wrong with it. */
export async function checkTree(
  tree: unknown,
  scope: ConvertScope,
): Promise<{ readonly config: Config; readonly written: WrittenConfig } | { readonly findings: readonly Finding[] }> {
  const tokens = plainTokens(tree);
  const shape = checkShape(configSchema, tree);
  if ('findings' in shape) return { findings: distinct([...shape.findings, ...tokens]) };
  const { config, findings } = normalise(shape.value, scope);
  const all = distinct([...findings, ...(await crossChecks(config)), ...tokens]);
  return all.length === 0 ? { config, written: shape.value } : { findings: all };
}

/** The first finding of each path: one mistake is reported once. */
function distinct(findings: readonly Finding[]): readonly Finding[] {
  const byPath = new Map<string, Finding>();
  for (const finding of findings) {
    const path = pathText(finding.keys);
    if (!byPath.has(path)) byPath.set(path, finding);
  }
  return [...byPath.values()];
}
