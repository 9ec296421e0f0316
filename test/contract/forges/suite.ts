import { describe } from 'vitest';
import { describeAddresses } from './addresses.ts';
import { describeBranchTip } from './branch-tip.ts';
import { describeChangeSearch } from './change-search.ts';
import { describeChanges } from './changes.ts';
import { describeChecks } from './checks.ts';
import { describeCommits } from './commits.ts';
import { describeDiscussion } from './discussion.ts';
import { describeFailures } from './failures.ts';
import { describeHooks } from './hooks.ts';
import { describeMembers } from './members.ts';
import { describeRepositories } from './repositories.ts';
import type { WithReviewing } from './reviewing.ts';
import { describeReviewingFailures } from './reviewing-failures.ts';
import { describeReviews } from './reviews.ts';
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
    const { reviewing } = traits;
    if (reviewing !== undefined) describeReviewing({ ...traits, reviewing });
  });
}

function describeReviewing(traits: WithReviewing): void {
  describeChangeSearch(traits);
  describeReviews(traits);
  describeChecks(traits);
  describeCommits(traits);
  describeBranchTip(traits);
  describeMembers(traits);
  describeDiscussion(traits);
  describeReviewingFailures(traits);
}
