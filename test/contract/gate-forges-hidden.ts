import { commit, resolve } from '../support/git-repo.ts';
import type { GateScene } from './gate-forges-scene.ts';

/** What a base branch has taken back, and a change request that brings it again without showing it. */
export interface Hidden {
  readonly gitDir: string;
  /** Its branch is `typo`. */
  readonly number: number;
  /** The change request's head, on top of `bad`. */
  readonly sha: string;
  /** What `main` had for a moment, between two commits that were merged together. */
  readonly bad: string;
  /** The file that `bad` brings. */
  readonly path: string;
  /** Brings the change request up to date, by a merge commit; its new head. */
  update(): Promise<string>;
}

/**
 * The scene's own change request adds a file and takes it back, so that it shows nothing, and is merged with both commits. Another one
 * starts in between, and shows the correction of a typo.
 */
export async function hideInHistory({ state, repo, change, push, add }: GateScene): Promise<Hidden> {
  const { gitDir } = state.repositories.get(repo) ?? { gitDir: '' };
  const path = `changes/${change.number}.txt`;
  const bad = change.head.sha;
  await state.moveBase(repo, await push({ files: { [path]: null } }));
  state.setChangeState(repo, change.number, 'merged');
  const { number } = await add({ branch: 'typo', author: 'ann' });
  const { head } = await state.pushChange(repo, number, { onto: bad, files: { 'typo.txt': 'corrected\n' } });
  return {
    ...{ gitDir, number, bad, path, sha: head.sha },
    async update() {
      const parents = [head.sha, await resolve(gitDir, 'refs/heads/main')];
      const sha = await commit(gitDir, { parents, message: 'Merge main', files: { [path]: null } });
      return (await state.pushChange(repo, number, { sha, by: 'ann' })).head.sha;
    },
  };
}
