import type { ForgeDefinition } from '../../../src/core/forges/definition.ts';
import type { ForgeType } from '../../../src/core/forges/forge.ts';
import { builtInForges } from '../../../src/core/forges/registry.ts';

/** The definition under which sluice itself brings a forge. */
export function builtInForge(type: ForgeType): ForgeDefinition {
  const definition = builtInForges.find((one) => one.type === type);
  if (definition === undefined) throw new Error(`sluice brings no forge ${type}`);
  return definition;
}
