import type { FakeChange, ForgeState } from '../support/fake-forge/state.ts';

export type Action = 'opened' | 'updated' | 'reopened' | 'closed';

/** What a forge tells of a change request, with the facts of that moment. */
export interface Told {
  readonly action: Action;
  readonly change: FakeChange;
}

export const deeds = ['push', 'back', 'close', 'reopen', 'fork-deleted'] as const;
export type Deed = (typeof deeds)[number];

/** Opens a change request of `stranger` from a fork of its own, does all of this to it as far as it can be done, and says what the forge told. */
export async function live(state: ForgeState, repo: string, from: string, plan: readonly Deed[]): Promise<Told[]> {
  state.addAccount(from.split('/')[0] ?? '');
  await state.addRepository(from, { parent: repo });
  const { number, head } = await state.addChange({ repo, from, branch: 'same', author: 'stranger' });
  const now = () => {
    const found = state.changesOf(repo).find((change) => change.number === number);
    if (found === undefined) throw new Error(`${repo} has no change request ${number}`);
    return found;
  };
  const told: Told[] = [{ action: 'opened', change: now() }];
  for (const deed of plan) {
    const action = await happen(deed, { state, repo, start: head.sha }, now());
    if (action !== undefined) told.push({ action, change: now() });
  }
  return told;
}

/** Undefined: it cannot be done to what is closed, or has lost its fork. */
async function happen(
  deed: Deed,
  { state, repo, start }: { readonly state: ForgeState; readonly repo: string; readonly start: string },
  change: FakeChange,
): Promise<Action | undefined> {
  const { number, head } = change;
  const isOpen = change.state === 'open';
  if (head.repo === undefined || isOpen === (deed === 'reopen')) return undefined;
  switch (deed) {
    case 'push':
      await state.pushChange(repo, number);
      return 'updated';
    case 'back':
      await state.pushChange(repo, number, { sha: start });
      return 'updated';
    case 'close':
      state.setChangeState(repo, number, 'closed');
      return 'closed';
    case 'reopen':
      state.setChangeState(repo, number, 'open');
      return 'reopened';
    case 'fork-deleted':
      state.setChangeState(repo, number, 'closed');
      await state.deleteRepository(head.repo);
      return 'closed';
  }
}
