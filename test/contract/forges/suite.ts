import { describe } from 'vitest';
import { describeAddresses } from './addresses.ts';
import { describeChanges } from './changes.ts';
import { describeFailures } from './failures.ts';
import { describeHooks } from './hooks.ts';
import { describeRepositories } from './repositories.ts';
import { describeStatusTexts } from './status-texts.ts';
import { describeStatuses } from './statuses.ts';
import type { ForgeTraits } from './traits.ts';

export type { ForgeTraits } from './traits.ts';

/** The contract of `Forge`, run by every forge's own test file over its own fake. */
export function describeForge(name: string, traits: ForgeTraits): void {
  describe(`${name}: the contract of every forge`, () => {
    describeAddresses(traits);
    describeChanges(traits);
    describeRepositories(traits);
    describeStatuses(traits);
    describeStatusTexts(traits);
    describeFailures(traits);
    describeHooks(traits);
  });
}
