import type { CommitStatus } from '../../../src/core/model/status.ts';
import type { FakeStatus } from '../../support/fake-forge/statuses.ts';
import { resolve } from '../../support/git-repo.ts';
import { type ForgeTraits, type Opened, open } from './traits.ts';

export interface Reporting extends Opened {
  readonly sha: string;
  /** Sets a status of the commit at the tip of `main`: success, `ci`, unless said otherwise. */
  report(status: Partial<CommitStatus>): Promise<void>;
  /** What the forge has of that commit. */
  kept(repo: string): readonly FakeStatus[];
}

/** A fake with `acme/app`, about whose only commit statuses are set. */
export async function withCommit(traits: ForgeTraits): Promise<Reporting> {
  const opened = await open(traits);
  const { fake, statuses, app } = opened;
  const gitDir = fake.state.repositories.get(app)?.gitDir ?? '';
  const sha = await resolve(gitDir, 'main');
  return {
    ...opened,
    sha,
    report: (status) => statuses.set(app, { sha, state: 'success', context: 'ci', description: '', ...status }),
    kept: (repo) => fake.state.statuses.of(repo, sha),
  };
}
