import picomatch from 'picomatch';
import { parsePolicies } from '../trust/policy.ts';
import type { TrustRules } from './trust-facts.ts';

/** `trust:` and `guard:` of the configuration as the judge takes them; what is no policy is SluiceError `config`. */
export function trustRules({
  trust,
  guard,
}: {
  readonly trust: readonly string[];
  readonly guard: readonly string[];
}): TrustRules {
  const policies = parsePolicies(trust);
  if (guard.length === 0) return { policies };
  const matches = picomatch([...guard], { dot: true });
  // A name with a `*` in it also matches itself.
  return { policies, guarded: (path) => guard.includes(path) || matches(path) };
}
